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

// bounds are what keeps a worker's memory small beside its buffers: glibc makes
// eight arenas a core, each of which keeps what it once had, and Go lets its
// heap double before it collects. Buffers of an object's size, which librbd
// makes anew for each write, stay with the process: mapped and unmapped each
// time, a seventh of the kernel's work was for them.
func bounds() map[string]string {
	return map[string]string{
		"MALLOC_ARENA_MAX":       "1",
		"MALLOC_MMAP_THRESHOLD_": "16777216",
		"MALLOC_TRIM_THRESHOLD_": "67108864",
		"GOMEMLIMIT":             "64MiB",
	}
}

// Environment is the environment of workers: the daemon's without what is the
// service manager's, and with bounds on the memory that runtimes keep back.
func Environment(of []string) []string {
	replaced := bounds()
	var env []string
	for name, value := range replaced {
		env = append(env, name+"="+value)
	}
	for _, v := range of {
		name, _, _ := strings.Cut(v, "=")
		_, ours := replaced[name]
		if !ours && name != "NOTIFY_SOCKET" && !strings.HasPrefix(name, "WATCHDOG_") && !strings.HasPrefix(name, "LISTEN_") {
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
