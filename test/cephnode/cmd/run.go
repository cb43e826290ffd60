package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"

	"spliced/test/cephnode"
)

// run runs argv with a node beside it and gives argv's exit status.
func run(o cephnode.Options, argv []string) (status int, err error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go watchParent(signals)

	dir, err := os.MkdirTemp("", "cephnode")
	if err != nil {
		return 1, err
	}
	n, err := begin(dir, o, signals)
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, n.Stop()) }()
	return command(n.Conf(), argv, signals)
}

// begin starts the node, and gives up at the first signal.
func begin(dir string, o cephnode.Options, signals <-chan os.Signal) (*cephnode.Node, error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	started := make(chan struct{})
	defer close(started)
	go func() {
		select {
		case s := <-signals:
			cancel(fmt.Errorf("got signal %q", s))
		case <-started:
		}
	}()
	n, err := cephnode.Start(ctx, dir, o)
	if cause := context.Cause(ctx); cause != nil && err == nil {
		return nil, errors.Join(cause, n.Stop())
	}
	return n, err
}

// command runs argv to its end, passing signals on.
func command(conf string, argv []string, signals <-chan os.Signal) (int, error) {
	// The child's death signal is tied to the thread that makes it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	cmd := exec.Command(argv[0], argv[1:]...) //nolint:gosec,noctx // the caller's command; it gets our signals
	cmd.Env = append(os.Environ(), "CEPH_CONF="+conf, "SPLICED_TEST_CEPH="+conf)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return 127, err
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		for {
			select {
			case s := <-signals:
				_ = cmd.Process.Signal(s) // it may have just ended
			case <-ended:
				return
			}
		}
	}()
	err := cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, err
	}
	if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), nil // as a shell says it
	}
	return exit.ExitCode(), nil
}

// watchParent makes the end of our parent a SIGTERM: "go run" ends by a signal
// without a word to the program that it runs.
func watchParent(signals chan<- os.Signal) {
	parent := os.Getppid()
	fd, err := unix.PidfdOpen(parent, 0)
	if err != nil || os.Getppid() != parent {
		return
	}
	for {
		_, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, -1) //nolint:gosec // a descriptor is small
		if err == nil {
			signals <- syscall.SIGTERM
			return
		}
		if !errors.Is(err, syscall.EINTR) {
			return
		}
	}
}
