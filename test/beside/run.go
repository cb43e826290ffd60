package beside

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
)

// A Service is running, and ends with Stop.
type Service interface{ Stop() error }

// Run starts a service in a temporary folder, named after prefix, which the
// service removes when it stops. It runs argv with the variables that environ
// gives for the service added to its environment, stops the service, and gives
// argv's exit status.
//
// SIGINT, SIGTERM and SIGHUP are passed on to the command; when this process's
// parent ends, the command gets SIGTERM. Before the command runs, each of these
// gives up the start.
func Run[S Service](prefix string, start func(ctx context.Context, dir string) (S, error), environ func(S) []string, argv []string) (status int, err error) {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
	go watchParent(signals)

	dir, err := os.MkdirTemp("", prefix)
	if err != nil {
		return 1, err
	}
	s, err := begin(func(ctx context.Context) (S, error) { return start(ctx, dir) }, signals)
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	return command(environ(s), argv, signals)
}

// begin starts the service, and gives up at the first signal.
func begin[S Service](start func(context.Context) (S, error), signals <-chan os.Signal) (S, error) {
	ctx, cancel := context.WithCancelCause(context.Background()) //nolint:forbidigo // this is a command's main
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
	s, err := start(ctx)
	if cause := context.Cause(ctx); cause != nil && err == nil {
		return s, errors.Join(cause, s.Stop())
	}
	return s, err
}

// command runs argv to its end, passing signals on.
func command(environ, argv []string, signals <-chan os.Signal) (int, error) {
	// The child's death signal is tied to the thread that makes it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	cmd := exec.Command(argv[0], argv[1:]...) //nolint:noctx // the caller's command; it gets our signals
	cmd.Env = append(os.Environ(), environ...)
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
