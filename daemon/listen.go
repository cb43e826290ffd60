package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// maxSocketPath is the room in sockaddr_un for a name and its NUL, unix(7).
	maxSocketPath = 107
	// socketMode lets owner and group connect: connecting is writing, unix(7).
	socketMode = 0o660
	// probeTimeout bounds the question whether somebody answers at the path.
	probeTimeout = 2 * time.Second
)

// Listen makes the Unix stream socket path, mode 0660, owned by group, for a
// daemon to which no socket was passed. The file goes away when the listener is
// closed.
//
// A socket file that nobody answers on is what a killed daemon leaves behind:
// it is replaced. Anything else at path is refused and stays as it was: a
// socket that somebody serves (syscall.EADDRINUSE), a file of another kind
// (fs.ErrExist). If the host has no such group, or group is "", the socket
// keeps the group of the process. At no instant may anybody but the owner
// connect before mode and group are what they should be.
func Listen(ctx context.Context, path, group string) (*net.UnixListener, error) {
	if len(path) > maxSocketPath {
		return nil, fmt.Errorf("listen on %s: the path has %d bytes, a socket's at most %d", path, len(path), maxSocketPath)
	}
	unlock, err := lockFolder(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	defer unlock()
	if err := clearStale(ctx, path); err != nil {
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	l, err := bind(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	if err := openTo(path, group); err != nil {
		_ = l.Close() // takes the file with it
		return nil, fmt.Errorf("listen on %s: %w", path, err)
	}
	return l, nil
}

// lockFolder keeps two daemons from replacing each other's sockets: between
// "nobody answers" and the new socket, only one may be at work in the folder.
func lockFolder(dir string) (func(), error) {
	d, err := os.Open(dir) //nolint:gosec // the operator's own path
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = d.Close()
		return nil, fmt.Errorf("another process is making a socket in %s: %w", dir, err)
	}
	return func() { _ = d.Close() }, nil
}

// clearStale makes sure that nothing is at path, or says what is.
func clearStale(ctx context.Context, path string) error {
	fi, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if fi.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("the file there is no socket and stays; move it away: %w", fs.ErrExist)
	}
	if err := probe(ctx, path); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the socket file that nobody serves: %w", err)
	}
	return nil
}

// probe returns nil if it is sure that nobody serves the socket path. Only the
// kernel's "connection refused" says so; a full backlog or a socket of another
// type belongs to somebody.
func probe(ctx context.Context, path string) error {
	d := net.Dialer{Timeout: probeTimeout}
	c, err := d.DialContext(ctx, "unix", path)
	switch {
	case err == nil:
		_ = c.Close()
		return fmt.Errorf("another process serves it; stop that one, or choose another path: %w", syscall.EADDRINUSE)
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return nil
	default:
		return fmt.Errorf("the socket there may be in use (%v): %w", err, syscall.EADDRINUSE)
	}
}

// bind makes the socket with no permission for anybody but its owner. The mode
// of the descriptor is the mode that bind(2) gives to the file, less the umask
// (unix_bind in the kernel): so it is set before, and no umask is touched, which
// belongs to all threads.
func bind(ctx context.Context, path string) (*net.UnixListener, error) {
	lc := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		return errors.Join(c.Control(func(fd uintptr) {
			err = unix.Fchmod(int(fd), 0o600)
		}), err)
	}}
	l, err := lc.Listen(ctx, "unix", path)
	if err != nil {
		return nil, err
	}
	ul, ok := l.(*net.UnixListener)
	if !ok {
		_ = l.Close()
		return nil, fmt.Errorf("%s became %T", path, l)
	}
	return ul, nil
}

// openTo gives the socket to its group, then opens it to that group.
func openTo(path, group string) error {
	gid, err := lookupGroup(group)
	if err != nil {
		return err
	}
	if gid >= 0 {
		if err := os.Lchown(path, -1, gid); err != nil {
			return fmt.Errorf("give the socket to group %s (only root or a member can): %w", group, err)
		}
	}
	return os.Chmod(path, socketMode)
}

// lookupGroup returns the id of a group, -1 if there is none of that name.
func lookupGroup(name string) (int, error) {
	if name == "" {
		return -1, nil
	}
	g, err := user.LookupGroup(name)
	if errors.As(err, new(user.UnknownGroupError)) {
		return -1, nil
	}
	if err != nil {
		return -1, fmt.Errorf("look up group %s: %w", name, err)
	}
	return strconv.Atoi(g.Gid)
}
