package worker

import (
	"errors"
	"net"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"spliced/rpc"
)

// LineFD is the descriptor on which a worker process finds its line to the
// daemon. The one after it keeps the state folder locked for as long as the
// worker lives.
const LineFD = 3

// Line takes the line to the daemon in a worker process.
func Line() (*net.UnixConn, error) {
	return rpc.FileConn(os.NewFile(LineFD, "line"))
}

// Environment is what of the daemon's environment is for workers: not the
// service manager's, and with bounds on the memory that runtimes keep back.
func Environment(of []string) []string {
	env := []string{
		// glibc makes eight arenas a core, each of which keeps what it once had.
		"MALLOC_ARENA_MAX=2",
		"GOMEMLIMIT=96MiB",
	}
	for _, v := range of {
		name, _, _ := strings.Cut(v, "=")
		switch name {
		case "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "MALLOC_ARENA_MAX", "GOMEMLIMIT":
		default:
			env = append(env, v)
		}
	}
	return env
}

// LastWords is how long a worker whose daemon is gone may take to close its
// volumes.
const LastWords = closeGrace - 500*time.Millisecond

// Gone returns a channel that is closed when the daemon's end of the line is, so
// that a worker whose calls hang can be ended.
func Gone(line *net.UnixConn) (<-chan struct{}, error) {
	raw, err := line.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd, dupErr := -1, error(nil)
	err = raw.Control(func(from uintptr) { fd, dupErr = unix.FcntlInt(from, unix.F_DUPFD_CLOEXEC, 0) })
	if err := errors.Join(err, dupErr); err != nil {
		return nil, err
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		hangUp := []unix.PollFd{{Fd: int32(fd)}} //nolint:gosec // G115: a descriptor is small
		for {
			// No events are asked for: poll(2) tells POLLHUP and POLLERR unasked.
			if n, err := unix.Poll(hangUp, -1); n > 0 || err != nil && !errors.Is(err, unix.EINTR) {
				return
			}
		}
	}()
	return gone, nil
}
