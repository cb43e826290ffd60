package script

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// A handle holds on to a process by a descriptor, whatever becomes of its id:
// pidfd_open(2), Linux 5.3. The zero value holds on to none.
type handle struct{ file *os.File }

func hold(pid int) (handle, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return handle{}, fmt.Errorf("cannot hold on to process %d: %w", pid, err)
	}
	return handle{os.NewFile(uintptr(fd), "pidfd")}, nil
}

func (h handle) fd() int { return int(h.file.Fd()) }

// kill kills the process. That it is gone already is right as well.
func (h handle) kill() error {
	if err := unix.PidfdSendSignal(h.fd(), unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("cannot kill the script: %w", err)
	}
	return nil
}

// wait waits until the process has ended, and if it is the init of a PID
// namespace, all others in there: pid_namespaces(7).
func (h handle) wait() error {
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(h.fd()), Events: unix.POLLIN}}, -1) //nolint:gosec // G115: a descriptor is small
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

func (h handle) close() {
	if h.file != nil {
		_ = h.file.Close() // it has nothing to flush
	}
}
