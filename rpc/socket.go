package rpc

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Pair returns two connected Unix stream sockets, one for each side of a
// conversation inside a process or, with File on one of them, between a process
// and its child. Both are close-on-exec.
func Pair() (a, b *net.UnixConn, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a pair of sockets: %w", err)
	}
	a, errA := FileConn(os.NewFile(uintptr(fds[0]), "socketpair"))
	b, errB := FileConn(os.NewFile(uintptr(fds[1]), "socketpair"))
	if err := errors.Join(errA, errB); err != nil {
		for _, c := range []*net.UnixConn{a, b} {
			if c != nil {
				_ = c.Close()
			}
		}
		return nil, nil, err
	}
	return a, b, nil
}

// FileConn makes a connection of a file that is a Unix stream socket, such as
// one that a process inherits, and closes the file.
func FileConn(file *os.File) (*net.UnixConn, error) {
	conn, err := net.FileConn(file)
	_ = file.Close() // FileConn works on a duplicate
	if err != nil {
		return nil, fmt.Errorf("use %s as a socket: %w", file.Name(), err)
	}
	unixConn, ok := conn.(*net.UnixConn)
	if !ok {
		_ = conn.Close()
		return nil, fmt.Errorf("use %s as a socket: it is not a Unix socket", file.Name())
	}
	return unixConn, nil
}

// waitGone returns when the peer has closed its socket altogether, or when the
// connection is closed on this side.
//
// A peer that only shut down its sending half looks the same to read(2), which
// gives EOF for both. poll(2) tells them apart: POLLHUP stands for both
// directions. No thread waits here: the runtime calls the function again
// each time that the socket's state changes.
func waitGone(conn *net.UnixConn) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.SetReadDeadline(noDeadline())
	_ = raw.Read(hungUp) // fails only when the connection is closed on this side
}

func hungUp(fd uintptr) bool {
	fds := []unix.PollFd{{Fd: int32(fd)}} //nolint:gosec // a descriptor fits
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0 && fds[0].Revents&(unix.POLLHUP|unix.POLLERR|unix.POLLNVAL) != 0
}
