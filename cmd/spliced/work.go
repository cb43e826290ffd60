package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"spliced/block"
	"spliced/block/dir"
	"spliced/ceph"
	"spliced/daemon"
	"spliced/worker"
)

// work is the process that a daemon starts for one piece of work.
func work(ctx context.Context) error {
	line, err := worker.Line()
	if err != nil {
		return fmt.Errorf("cannot reach the daemon, which alone starts workers: %w", err)
	}
	gone, err := worker.Gone(line)
	if err != nil {
		return fmt.Errorf("cannot watch the line to the daemon: %w", err)
	}
	go func() { // calls into a storage library can't be ended otherwise
		<-gone
		<-time.After(worker.LastWords)
		os.Exit(1) //nolint:revive // deep-exit: main may be waiting for a call that hangs
	}()
	return worker.Serve(ctx, line, openPool, openHost, daemon.Logger(os.Stderr, slog.LevelInfo))
}

// openPool is the one place that knows the drivers.
func openPool(ctx context.Context, s worker.PoolSpec) (block.Pool, error) {
	switch s.Driver {
	case worker.DriverDir:
		// The default pool's parent is below the state folder, and may be missing.
		if err := os.MkdirAll(filepath.Dir(s.Path), 0o711); err != nil { //nolint:gosec // G301: QEMU has to get through
			return nil, fmt.Errorf("cannot make the folder of pool %q: %w", s.Name, err)
		}
		return dir.Open(ctx, s.Path)
	case worker.DriverRBD:
		return ceph.Open(ctx, ceph.Config{Conf: s.Conf, User: s.User, Pool: s.Pool, Namespace: s.Namespace})
	}
	return nil, fmt.Errorf("pool %q has the unknown driver %q", s.Name, s.Driver)
}
