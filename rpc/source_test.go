package rpc_test

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"spliced/rpc"
)

// descriptor makes an os.File of what a system call returned.
func descriptor(t *testing.T, fd int, err error) *os.File {
	t.Helper()
	if err != nil {
		t.Skipf("the kernel does not give one here: %v", err)
	}
	f := os.NewFile(uintptr(fd), "descriptor")
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func opened(t *testing.T, path string, flags int) *os.File {
	t.Helper()
	fd, err := unix.Open(path, flags|unix.O_CLOEXEC, 0)
	return descriptor(t, fd, err)
}

func socket(t *testing.T, family, kind int) *os.File {
	t.Helper()
	fd, err := unix.Socket(family, kind|unix.SOCK_CLOEXEC, 0)
	return descriptor(t, fd, err)
}

// ofConn duplicates a connection's descriptor.
func ofConn(t *testing.T, conn interface{ File() (*os.File, error) }) *os.File {
	t.Helper()
	f, err := conn.File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func plainFile(t *testing.T, size int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "p")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

//nolint:thelper // the functions in the table make things, they check nothing
func TestSourcesThatAreAccepted(t *testing.T) {
	for name, row := range map[string]struct {
		make func(t *testing.T) *os.File
		want rpc.Source
	}{
		"file":       {func(t *testing.T) *os.File { return opened(t, plainFile(t, 1234), unix.O_RDONLY) }, rpc.Source{Kind: rpc.SourceFile, Size: 1234}},
		"empty file": {func(t *testing.T) *os.File { return opened(t, plainFile(t, 0), unix.O_RDWR) }, rpc.Source{Kind: rpc.SourceFile}},
		"memfd": {func(t *testing.T) *os.File {
			return opened(t, "/proc/self/fd/"+strconv.Itoa(file(t, "abc")), unix.O_RDONLY)
		}, rpc.Source{Kind: rpc.SourceFile, Size: 3}},
		"pipe": {func(t *testing.T) *os.File {
			var p [2]int
			err := unix.Pipe2(p[:], unix.O_CLOEXEC)
			descriptor(t, p[1], err)
			return descriptor(t, p[0], err)
		}, rpc.Source{Kind: rpc.SourcePipe, Size: -1}},
		"FIFO": {func(t *testing.T) *os.File { return opened(t, fifo(t), unix.O_RDONLY|unix.O_NONBLOCK) }, rpc.Source{Kind: rpc.SourcePipe, Size: -1}},
		"socketpair": {func(t *testing.T) *os.File {
			p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			descriptor(t, p[1], err)
			return descriptor(t, p[0], err)
		}, rpc.Source{Kind: rpc.SourceSocket, Size: -1}},
		"TCP": {func(t *testing.T) *os.File { return ofConn(t, tcp(t)) }, rpc.Source{Kind: rpc.SourceSocket, Size: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := rpc.CheckSource(row.make(t), "/run/own")
			if err != nil || got != row.want {
				t.Errorf("%+v, %v, want %+v", got, err, row.want)
			}
		})
	}
}

func tcp(t *testing.T) *net.TCPConn {
	t.Helper()
	ln, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	addr, ok := ln.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal(ln.Addr())
	}
	conn, err := net.DialTCP("tcp", nil, addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

//nolint:thelper // as above
func TestSourcesThatAreRefused(t *testing.T) {
	for name, row := range map[string]struct {
		make func(t *testing.T) *os.File
		why  string
	}{
		"O_PATH of a file":      {func(t *testing.T) *os.File { return opened(t, plainFile(t, 1), unix.O_PATH) }, "O_PATH"},
		"O_PATH of a directory": {func(t *testing.T) *os.File { return opened(t, "/", unix.O_PATH) }, "O_PATH"},
		"write-only file":       {func(t *testing.T) *os.File { return opened(t, plainFile(t, 1), unix.O_WRONLY) }, "writing only"},
		"write-only device":     {func(t *testing.T) *os.File { return opened(t, "/dev/null", unix.O_WRONLY) }, "writing only"},
		"for ioctl alone":       {func(t *testing.T) *os.File { return opened(t, "/dev/null", 3) }, "neither"},
		"writing end of a pipe": {func(t *testing.T) *os.File {
			var p [2]int
			err := unix.Pipe2(p[:], unix.O_CLOEXEC)
			descriptor(t, p[0], err)
			return descriptor(t, p[1], err)
		}, "writing only"},
		"directory":        {func(t *testing.T) *os.File { return opened(t, "/", unix.O_RDONLY) }, "directory"},
		"proc directory":   {func(t *testing.T) *os.File { return opened(t, "/proc", unix.O_RDONLY) }, "directory"},
		"character device": {func(t *testing.T) *os.File { return opened(t, "/dev/zero", unix.O_RDONLY) }, "character device"},
		"block device":     {func(t *testing.T) *os.File { return opened(t, blockDevice(t), unix.O_RDONLY) }, "block device"},
		"datagram socket":  {func(t *testing.T) *os.File { return socket(t, unix.AF_INET, unix.SOCK_DGRAM) }, "not a stream"},
		"packet socket":    {func(t *testing.T) *os.File { return socket(t, unix.AF_UNIX, unix.SOCK_SEQPACKET) }, "not a stream"},
		"netlink":          {func(t *testing.T) *os.File { return socket(t, unix.AF_NETLINK, unix.SOCK_RAW) }, "not a stream"},
		"unconnected":      {func(t *testing.T) *os.File { return socket(t, unix.AF_UNIX, unix.SOCK_STREAM) }, "not connected"},
		"listening": {func(t *testing.T) *os.File {
			ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s")})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = ln.Close() })
			return ofConn(t, ln)
		}, "listens"},
		"proc file": {func(t *testing.T) *os.File { return opened(t, "/proc/self/maps", unix.O_RDONLY) }, "of proc"},
		"sysfs":     {func(t *testing.T) *os.File { return opened(t, "/sys/kernel/uevent_seqnum", unix.O_RDONLY) }, "of sysfs"},
		"cgroup":    {func(t *testing.T) *os.File { return opened(t, "/sys/fs/cgroup/cgroup.procs", unix.O_RDONLY) }, "of cgroup"},
		"namespace": {func(t *testing.T) *os.File { return opened(t, "/proc/self/ns/net", unix.O_RDONLY) }, "kernel objects"},
		"eventfd": {func(t *testing.T) *os.File {
			fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
			return descriptor(t, fd, err)
		}, ""},
		"epoll": {func(t *testing.T) *os.File {
			fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
			return descriptor(t, fd, err)
		}, ""},
		"inotify": {func(t *testing.T) *os.File {
			fd, err := unix.InotifyInit1(unix.IN_CLOEXEC)
			return descriptor(t, fd, err)
		}, ""},
		"timerfd": {func(t *testing.T) *os.File {
			fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC)
			return descriptor(t, fd, err)
		}, ""},
		"pidfd": {func(t *testing.T) *os.File { fd, err := unix.PidfdOpen(os.Getpid(), 0); return descriptor(t, fd, err) }, ""},
	} {
		t.Run(name, func(t *testing.T) { wantRefused(t, row.make(t), "", row.why) })
	}
}

func wantRefused(t *testing.T, f *os.File, own, why string) {
	t.Helper()
	got, err := rpc.CheckSource(f, own)
	var e *rpc.Error
	if !errors.As(err, &e) || e.Code != rpc.BadSource || !strings.Contains(e.Message, why) || got != (rpc.Source{}) {
		t.Errorf("%+v, %v, want a refusal with %q", got, err, why)
	}
}

func blockDevice(t *testing.T) string {
	t.Helper()
	names, err := filepath.Glob("/dev/[vsn][dv]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		var st unix.Stat_t
		if unix.Stat(name, &st) == nil && st.Mode&unix.S_IFMT == unix.S_IFBLK {
			return name
		}
	}
	t.Skip("there is no block device here")
	return ""
}

func TestOwnSocketIsRefusedFromBothEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	ours, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ours.Close() }()
	theirs, err := ln.AcceptUnix()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = theirs.Close() }()
	for _, conn := range []*net.UnixConn{ours, theirs} {
		f := ofConn(t, conn)
		wantRefused(t, f, path, "itself")
		if _, err := rpc.CheckSource(f, "/another"); err != nil {
			t.Errorf("of another daemon: %v", err)
		}
	}
	wantRefused(t, ofConn(t, ln), path, "listens")
}

func TestClosedSourceIsRefused(t *testing.T) {
	f := opened(t, "/", unix.O_RDONLY)
	_ = f.Close()
	wantRefused(t, f, "", "closed")
}

func TestCheckingChangesNothing(t *testing.T) {
	f := opened(t, plainFile(t, 100), unix.O_RDONLY|unix.O_NONBLOCK)
	if _, err := f.Seek(7, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := rpc.CheckSource(f, ""); err != nil {
		t.Fatal(err)
	}
	at, err := f.Seek(0, 1)
	if err != nil || at != 7 {
		t.Errorf("position %d, %v", at, err)
	}
	raw, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	_ = raw.Control(func(fd uintptr) {
		if flags, _ := unix.FcntlInt(fd, unix.F_GETFL, 0); flags&unix.O_NONBLOCK == 0 {
			t.Error("O_NONBLOCK was cleared")
		}
	})
}
