package cephnode

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// killAfter is how long a daemon may take to end by itself.
const killAfter = 5 * time.Second

// A daemon is one of the node's three processes.
type daemon struct {
	name   string   // as Ceph calls it: mon.a
	argv   []string // program and arguments
	dir    string   // the node's folder
	pid    int
	exited chan struct{} // closed when the process is gone
}

// start starts the daemon in the foreground; its output goes to a file beside
// its log, and its process id too. Unless detached, the kernel kills it
// together with the thread that calls start.
func (d *daemon) start(detached bool) error {
	out, err := os.OpenFile(filepath.Join(d.dir, d.name+".out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }() // the daemon has its own copy

	cmd := exec.Command(d.argv[0], d.argv[1:]...) //nolint:noctx // our own programs; they outlive any context, Stop ends them
	cmd.Env = environ()
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if !detached {
		cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("cannot start %s: %w", d.name, err)
	}
	d.pid, d.exited = cmd.Process.Pid, make(chan struct{})
	go func(exited chan struct{}) {
		_ = cmd.Wait() // how it ended is in its log
		close(exited)
	}(d.exited)
	return os.WriteFile(d.pidFile(), []byte(strconv.Itoa(d.pid)), 0o600)
}

// stop ends the daemon with sig, by force when it takes too long, and waits.
func (d *daemon) stop(sig syscall.Signal) {
	if d.pid == 0 {
		return
	}
	_ = syscall.Kill(d.pid, sig)
	_ = syscall.Kill(d.pid, syscall.SIGCONT) // a paused one can't end
	select {
	case <-d.exited:
	case <-time.After(killAfter):
		_ = syscall.Kill(d.pid, syscall.SIGKILL)
		<-d.exited
	}
	d.pid = 0
	_ = os.Remove(d.pidFile())
}

// pidFile is where the process id is kept for another process to stop the node.
func (d *daemon) pidFile() string {
	return filepath.Join(d.dir, d.name+".pid")
}

// tail gives the last lines of what the daemon said and logged.
func (d *daemon) tail() string {
	var b strings.Builder
	for _, suffix := range []string{".out", ".log"} {
		name := filepath.Join(d.dir, d.name+suffix)
		if text, err := os.ReadFile(name); err == nil && len(text) > 0 {
			fmt.Fprintf(&b, "--- %s\n%s", filepath.Base(name), text[max(0, len(text)-1500):])
		}
	}
	return b.String()
}

// A thread is an operating system thread that runs one function after the
// other. The kernel ties a child's death signal to the thread that made the
// child, not to the process, and Go ends threads as it likes: so the thread
// that makes the daemons has to be kept.
type thread chan func()

func newThread() thread {
	t := make(thread)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		for f := range t {
			f()
		}
	}()
	return t
}

// run runs f on the thread and returns when it is done.
func (t thread) run(f func() error) error {
	done := make(chan error)
	t <- func() { done <- f() }
	return <-done
}

// environ is our environment without what would lead Ceph's programs elsewhere.
func environ() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "CEPH_") {
			env = append(env, kv)
		}
	}
	return env
}

// stopPid ends a process that another process started, if it is the daemon
// that the pid file says: it has the folder's configuration as an argument.
func stopPid(pidFile, conf string) error {
	text, err := os.ReadFile(pidFile)
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", pidFile, err)
	}
	cmdline, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !strings.Contains(string(cmdline), conf) {
		return nil
	}
	if err != nil {
		return err
	}
	return killPid(pid)
}

// killPid kills a process that isn't our child and waits until it has ended. A
// pidfd tells that even when nobody collects the dead process.
func killPid(pid int) error {
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot watch process %d: %w", pid, err)
	}
	defer func() { _ = unix.Close(fd) }()
	if err := unix.PidfdSendSignal(fd, syscall.SIGKILL, nil, 0); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("cannot kill process %d: %w", pid, err)
	}
	end := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}} //nolint:gosec // a descriptor is small
	for {
		n, err := unix.Poll(end, int(killAfter.Milliseconds()))
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return fmt.Errorf("cannot wait for process %d: %w", pid, err)
		case n == 0:
			return fmt.Errorf("cannot kill process %d: it does not end", pid)
		default:
			return nil
		}
	}
}
