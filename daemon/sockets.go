package daemon

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const (
	// firstFD is SD_LISTEN_FDS_START of sd_listen_fds(3).
	firstFD = 3
	// maxSockets bounds LISTEN_FDS before anything is looked at: a unit with more
	// sockets than this is a mistake, or the variable comes from somebody else.
	maxSockets = 16
)

// passed is what the service manager says about the descriptors of this
// process, in the words of sd_listen_fds(3), not yet believed.
type passed struct {
	pid, fds, names string
	named           bool
}

// Sockets returns the listening Unix stream sockets that systemd passed to this
// process, in the order of the unit, or nil if none were passed to it: the
// variables are absent, or LISTEN_PID names another process, which means that
// they were inherited.
//
// A descriptor that is anything else, one whose name in LISTEN_FDNAMES is none
// of names, or a count that doesn't agree is refused: the message names the
// descriptor and says what it is. Names are compared only where the manager
// sent any. The descriptors are then left open, because a count that lies may
// cover descriptors that belong to the runtime; the caller is expected to end.
//
// The variables are removed from the environment in every case, so that no
// child believes them. Call it once, before anything else opens descriptors.
func Sockets(names ...string) ([]*net.UnixListener, error) {
	n, err := takePassed().count(os.Getpid(), names)
	if err != nil || n == 0 {
		return nil, err
	}
	for fd := firstFD; fd < firstFD+n; fd++ {
		// Errors show in the inspection below, which sees the same descriptor.
		unix.CloseOnExec(fd)
	}
	for fd := firstFD; fd < firstFD+n; fd++ {
		if err := inspect(fd); err != nil {
			return nil, err
		}
	}
	return adopt(n)
}

// takePassed reads the variables and removes them. LISTEN_PIDFDID came with
// systemd 259; the process id says enough here, but it must not be inherited.
func takePassed() passed {
	names, named := os.LookupEnv("LISTEN_FDNAMES")
	p := passed{pid: os.Getenv("LISTEN_PID"), fds: os.Getenv("LISTEN_FDS"), names: names, named: named}
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"} {
		_ = os.Unsetenv(name) // can't go wrong on Unix
	}
	return p
}

// count returns how many descriptors were passed to process self, 0 for none.
func (p passed) count(self int, want []string) (int, error) {
	if p.pid == "" && p.fds == "" {
		return 0, nil
	}
	pid, err := strconv.Atoi(p.pid)
	if err != nil || pid <= 0 {
		return 0, fmt.Errorf("socket activation: LISTEN_PID=%q is not a process id", p.pid)
	}
	if pid != self {
		return 0, nil
	}
	n, err := strconv.Atoi(p.fds)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("socket activation: LISTEN_FDS=%q is not a number of descriptors", p.fds)
	}
	if n > maxSockets {
		return 0, fmt.Errorf("socket activation: %d descriptors passed, at most %d are taken; check ListenStream= of the socket unit", n, maxSockets)
	}
	return n, p.checkNames(n, want)
}

func (p passed) checkNames(n int, want []string) error {
	if !p.named || n == 0 {
		return nil
	}
	names := strings.Split(p.names, ":")
	if len(names) != n {
		return fmt.Errorf("socket activation: %d descriptors passed but LISTEN_FDNAMES=%q names %d", n, p.names, len(names))
	}
	for i, name := range names {
		if !slices.Contains(want, name) {
			return fmt.Errorf("socket activation: descriptor %d is named %q, only %q is served; check FileDescriptorName= and Sockets= of the units",
				firstFD+i, name, want)
		}
	}
	return nil
}

// adopt turns n inspected descriptors into listeners and closes the originals:
// net duplicates them.
func adopt(n int) ([]*net.UnixListener, error) {
	var all []*net.UnixListener
	var bad []error
	for fd := firstFD; fd < firstFD+n; fd++ {
		l, err := adoptOne(fd)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		all = append(all, l)
	}
	if len(bad) == 0 {
		return all, nil
	}
	for _, l := range all {
		_ = l.Close() // the refusal is what counts
	}
	return nil, errors.Join(bad...)
}

func adoptOne(fd int) (*net.UnixListener, error) {
	f := os.NewFile(uintptr(fd), "LISTEN_FD_"+strconv.Itoa(fd))
	defer func() { _ = f.Close() }()
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("socket activation: take over descriptor %d: %w", fd, err)
	}
	ul, ok := l.(*net.UnixListener)
	if !ok {
		_ = l.Close()
		return nil, fmt.Errorf("socket activation: descriptor %d became %T", fd, l)
	}
	return ul, nil
}
