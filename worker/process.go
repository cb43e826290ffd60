package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"time"

	"spliced/rpc"
)

// closeGrace is how long a worker whose line is broken may take to close its
// volumes before it is killed. Closing spares the cluster the half minute in
// which it takes a dead client for a living one.
const closeGrace = 3 * time.Second

// A Process starts workers as processes.
type Process struct {
	Path   string   // of the program
	Args   []string // with its name first
	Env    []string
	Lock   *os.File // passed on, so that the lock outlives a killed daemon
	Stderr *os.File
}

// Start starts a worker process.
func (p Process) Start(ctx context.Context) (*Worker, error) {
	ours, theirs, err := rpc.Pair()
	if err != nil {
		return nil, fmt.Errorf("cannot make the line to a worker: %w", err)
	}
	cmd, err := p.launch(theirs)
	if err := errors.Join(err, theirs.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot start a worker: %w", err), ours.Close())
	}
	return newWorker(ctx, ours, func() error { return reap(cmd) }), nil
}

func (p Process) launch(theirs *net.UnixConn) (*exec.Cmd, error) {
	line, err := theirs.File()
	if err != nil {
		return nil, err
	}
	cmd := &exec.Cmd{
		Path: p.Path, Args: p.Args, Env: p.Env, Stderr: p.Stderr,
		ExtraFiles: []*os.File{line, p.Lock},
	}
	return cmd, errors.Join(cmd.Start(), line.Close())
}

// reap waits for a worker that was told to end. How it ended doesn't matter
// any more.
func reap(cmd *exec.Cmd) error {
	kill := time.AfterFunc(closeGrace, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return fmt.Errorf("cannot wait for the worker: %w", err)
	}
	return nil
}

// Inside returns a Start whose workers are goroutines of this process, for
// tests of what is above.
func Inside(open OpenPool, openHost OpenHost) Start {
	return func(ctx context.Context) (*Worker, error) {
		ours, theirs, err := rpc.Pair()
		if err != nil {
			return nil, err
		}
		ended := make(chan error, 1)
		go func() {
			ended <- Serve(context.WithoutCancel(ctx), theirs, open, openHost, slog.New(slog.DiscardHandler))
		}()
		return newWorker(ctx, ours, func() error { return <-ended }), nil
	}
}
