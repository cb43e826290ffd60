package daemon

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// seen is what a child tells about its Sockets call.
type seen struct {
	Sockets int
	Refusal string
	Env     []string // LISTEN_ variables left over
	Kept    int      // descriptors more than before, apart from the listeners'
	Leaky   []int    // descriptors that a grandchild would inherit
}

// socketsChild calls Sockets and prints what came of it.
func socketsChild() int {
	if os.Getenv("CHILD_IS_ME") != "" {
		_ = os.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	}
	// The runtime opens descriptors for its poller once; they must not count.
	if warm, err := (&net.ListenConfig{}).Listen(context.Background(), "unix", ""); err == nil {
		_ = warm.Close()
	}
	announced, _ := strconv.Atoi(os.Getenv("LISTEN_FDS"))
	before, _ := countFDs()
	all, err := Sockets("spliced.sock")
	after, _ := countFDs()
	// The originals are replaced by as many listeners.
	s := seen{Sockets: len(all), Kept: after - before}
	if err != nil {
		s.Refusal = err.Error()
	}
	for _, v := range os.Environ() {
		if strings.HasPrefix(v, "LISTEN_") {
			s.Env = append(s.Env, v)
		}
	}
	for fd := firstFD; fd < firstFD+announced; fd++ {
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			s.Leaky = append(s.Leaky, fd)
		}
	}
	if json.NewEncoder(os.Stdout).Encode(s) != nil {
		return 1
	}
	return 0
}

// startSockets runs a child that finds files from descriptor 3 on.
func startSockets(t *testing.T, env []string, files ...*os.File) seen {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), self(t))
	cmd.Env = childEnv(t, "sockets", env...)
	cmd.ExtraFiles = files
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var s seen
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	return s
}

// filer is any connection or listener that gives a copy of its descriptor.
type filer interface {
	File() (*os.File, error)
	Close() error
}

func fileOf(t *testing.T, x any, err error) *os.File {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	fl, ok := x.(filer)
	if !ok {
		t.Fatalf("%T has no descriptor", x)
	}
	f, err := fl.File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close(); _ = fl.Close() })
	return f
}

func unixSocket(t *testing.T) *os.File {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "unix", filepath.Join(t.TempDir(), "s"))
	return fileOf(t, l, err)
}

func rawSocket(domain, kind int) func(*testing.T) *os.File {
	return func(t *testing.T) *os.File {
		t.Helper()
		fd, err := unix.Socket(domain, kind|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		f := os.NewFile(uintptr(fd), "socket")
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
}

func opened(path string) func(*testing.T) *os.File {
	return func(t *testing.T) *os.File {
		t.Helper()
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
}

func TestSocketsVariables(t *testing.T) {
	t.Parallel()
	mine := "CHILD_IS_ME=1"
	tests := map[string]struct {
		env     []string
		files   int
		want    int
		refusal string // what the message has to name
	}{
		"none passed":         {},
		"for another process": {env: []string{"LISTEN_PID=1", "LISTEN_FDS=1", "LISTEN_FDNAMES=spliced.sock"}, files: 1},
		"zero":                {env: []string{mine, "LISTEN_FDS=0"}},
		"one":                 {env: []string{mine, "LISTEN_FDS=1", "LISTEN_FDNAMES=spliced.sock"}, files: 1, want: 1},
		"two":                 {env: []string{mine, "LISTEN_FDS=2", "LISTEN_FDNAMES=spliced.sock:spliced.sock"}, files: 2, want: 2},
		"without names":       {env: []string{mine, "LISTEN_FDS=1"}, files: 1, want: 1},
		"process id no number": {
			env: []string{"LISTEN_PID=me", "LISTEN_FDS=1"}, files: 1, refusal: `LISTEN_PID="me"`,
		},
		"process id absent": {env: []string{"LISTEN_FDS=1"}, files: 1, refusal: `LISTEN_PID=""`},
		"count no number":   {env: []string{mine, "LISTEN_FDS=one"}, files: 1, refusal: `LISTEN_FDS="one"`},
		"count absent":      {env: []string{mine}, files: 1, refusal: `LISTEN_FDS=""`},
		"count negative":    {env: []string{mine, "LISTEN_FDS=-1"}, files: 1, refusal: `LISTEN_FDS="-1"`},
		"count beyond int":  {env: []string{mine, "LISTEN_FDS=99999999999999999999"}, files: 1, refusal: `LISTEN_FDS=`},
		"too many":          {env: []string{mine, "LISTEN_FDS=17"}, files: 17, refusal: "17 descriptors passed, at most 16"},
		"more than are open": {
			env: []string{mine, "LISTEN_FDS=2", "LISTEN_FDNAMES=spliced.sock:spliced.sock"}, files: 1, refusal: "descriptor 4 ",
		},
		"wrong name": {
			env: []string{mine, "LISTEN_FDS=2", "LISTEN_FDNAMES=spliced.sock:ssh"}, files: 2, refusal: `descriptor 4 is named "ssh"`,
		},
		"empty name": {env: []string{mine, "LISTEN_FDS=1", "LISTEN_FDNAMES="}, files: 1, refusal: `descriptor 3 is named ""`},
		"names too few": {
			env: []string{mine, "LISTEN_FDS=2", "LISTEN_FDNAMES=spliced.sock"}, files: 2, refusal: "names 1",
		},
		"names too many": {
			env: []string{mine, "LISTEN_FDS=1", "LISTEN_FDNAMES=spliced.sock:spliced.sock"}, files: 1, refusal: "names 2",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var files []*os.File
			for range tt.files {
				files = append(files, unixSocket(t))
			}
			check(t, startSockets(t, tt.env, files...), tt.want, tt.refusal)
		})
	}
}

func check(t *testing.T, s seen, want int, refusal string) {
	t.Helper()
	if s.Sockets != want {
		t.Errorf("%d sockets, want %d", s.Sockets, want)
	}
	if (refusal == "") != (s.Refusal == "") || !strings.Contains(s.Refusal, refusal) {
		t.Errorf("refusal is %q, want it to name %q", s.Refusal, refusal)
	}
	if len(s.Env) != 0 {
		t.Errorf("left for children to believe: %q", s.Env)
	}
	if s.Kept != 0 {
		t.Errorf("%d descriptors more than before", s.Kept)
	}
}

func TestSocketsRefusesOtherDescriptors(t *testing.T) {
	t.Parallel()
	kinds := map[string]func(*testing.T) *os.File{
		"a Unix datagram socket": func(t *testing.T) *os.File {
			t.Helper()
			c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unixgram"})
			return fileOf(t, c, err)
		},
		"a Unix sequential-packet socket": func(t *testing.T) *os.File {
			t.Helper()
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "unixpacket", filepath.Join(t.TempDir(), "s"))
			return fileOf(t, l, err)
		},
		"an IPv4 stream socket": func(t *testing.T) *os.File {
			t.Helper()
			l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp4", "127.0.0.1:0")
			return fileOf(t, l, err)
		},
		"an IPv4 datagram socket":                  rawSocket(unix.AF_INET, unix.SOCK_DGRAM),
		"a netlink datagram socket":                rawSocket(unix.AF_NETLINK, unix.SOCK_DGRAM),
		"a Unix stream socket that doesn't listen": rawSocket(unix.AF_UNIX, unix.SOCK_STREAM),
		"a regular file":                           opened("/etc/passwd"),
		"a directory":                              opened("/"),
		"a character device":                       opened("/dev/null"),
		"a pipe": func(t *testing.T) *os.File {
			t.Helper()
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = r.Close(); _ = w.Close() })
			return r
		},
		"an anonymous kernel object": func(t *testing.T) *os.File {
			t.Helper()
			fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
			if err != nil {
				t.Fatal(err)
			}
			return os.NewFile(uintptr(fd), "epoll")
		},
	}
	for kind, mk := range kinds {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			s := startSockets(t, []string{"CHILD_IS_ME=1", "LISTEN_FDS=2", "LISTEN_FDNAMES=spliced.sock:spliced.sock"},
				unixSocket(t), mk(t))
			check(t, s, 0, fmt.Sprintf("descriptor 4 is %s, not", kind))
			if len(s.Leaky) > 0 {
				t.Errorf("children would inherit %v", s.Leaky)
			}
		})
	}
}

func FuzzPassed(f *testing.F) {
	f.Add("7", "1", "spliced.sock", true)
	f.Add("7", "2", "spliced.sock:", true)
	f.Add("", "", "", false)
	f.Fuzz(func(t *testing.T, pid, fds, names string, named bool) {
		n, err := passed{pid: pid, fds: fds, names: names, named: named}.count(7, []string{"spliced.sock"})
		if err == nil && (n < 0 || n > maxSockets) {
			t.Fatalf("%d descriptors were believed", n)
		}
		if err == nil && n > 0 && named && strings.Count(names, "spliced.sock") != n {
			t.Fatalf("%d descriptors named %q were believed", n, names)
		}
	})
}
