package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"spliced/api"
	"spliced/catalog"
	"spliced/cloudinit"
	"spliced/daemon"
	"spliced/handlers"
	"spliced/ingest"
	"spliced/job"
	"spliced/rpc"
	"spliced/store"
	"spliced/worker"
)

const (
	// lockWait is how long workers of a killed daemon may take to notice.
	lockWait = 10 * time.Second
	// idleExit ends a daemon that systemd starts again when it is needed.
	idleExit = 10 * time.Minute
	// pendingWait is how long an upload waits to hear that it was whole.
	pendingWait = 5 * time.Minute
	// callGrace is how long calls may go on once the drain has begun: as long as
	// jobs do, and a moment to answer.
	callGrace = daemon.DefaultDrainTimeout + 5*time.Second
)

// serve builds everything, by hand, and runs it.
func serve(ctx context.Context, c config, listen string) (err error) {
	sockets, err := daemon.Sockets("spliced.sock")
	if err != nil {
		return err
	}
	activated := len(sockets) > 0
	log := daemon.Logger(os.Stderr, slog.LevelInfo)
	policy, err := c.Access.policy()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(c.StateDir), 0o755); err != nil { //nolint:gosec // G301: /var/lib, as everywhere
		return fmt.Errorf("cannot make the state folder: %w", err)
	}
	files, err := store.Open(ctx, c.StateDir, store.Options{LockWait: lockWait})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	if sockets, err = orListen(ctx, sockets, listen); err != nil {
		return err
	}
	jobs, kept, err := build(c, files, log)
	if err != nil {
		return err
	}
	server := newServer(c, jobs, kept, policy, log, sockets[0].Addr().String())
	return daemon.Run(ctx, daemon.Options{
		Listeners: sockets,
		Serve: func(ctx context.Context, ready func()) error {
			return serveAll(ctx, ready, server, sockets, jobs, kept)
		},
		Drain: jobs.Drain, Activated: activated, IdleExit: idleExit, Logger: log,
		Busy: func() bool {
			conns, _ := server.Stats()
			return conns > 0 || jobs.Busy() > 0 || kept.Left() > 0
		},
		Healthy: func(ctx context.Context) error { return healthy(ctx, sockets[0]) },
		Status:  func() string { return fmt.Sprintf("%d jobs running", jobs.Busy()) },
	})
}

func orListen(ctx context.Context, sockets []*net.UnixListener, path string) ([]*net.UnixListener, error) {
	switch {
	case len(sockets) > 0 && path != "":
		return nil, errors.New("a socket was passed in, so --listen has no place; leave it out")
	case len(sockets) > 0:
		return sockets, nil
	case path == "":
		return nil, errors.New("no socket was passed in by systemd; start spliced.socket, or say --listen PATH")
	}
	l, err := daemon.Listen(ctx, path, "spliced")
	return []*net.UnixListener{l}, err
}

func build(c config, files *store.Store, log *slog.Logger) (*job.Jobs, *catalog.Catalog, error) {
	records := store.NewCollection[api.Job](files, "jobs", 1)
	items, corrupt, err := records.All()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot read the jobs: %w", err)
	}
	for _, broken := range corrupt {
		log.Warn("cannot use a job's record", slog.Any("cause", broken))
	}
	var known []api.Job
	for _, item := range items {
		known = append(known, item.Value)
	}
	jobs := job.New(job.Options{Limit: c.Limits.Jobs, Pending: pendingWait, Records: records, Known: known, Logger: log})
	host, err := os.Hostname()
	if err != nil {
		return nil, nil, fmt.Errorf("cannot learn this host's name: %w", err)
	}
	kept, err := catalog.New(catalog.Options{
		Store: files, Jobs: jobs, Pools: c.specs(), Host: host, Fill: c.Limits.PoolFill, Logger: log,
		Here: c.here(), Version: version, CheckUserdata: cloudinit.Check,
		Limits: ingest.Limits{MaxVirtualSize: int64(c.Limits.MaxVirtualSize), Stall: time.Duration(c.Limits.Stall)},
		Start: worker.Process{
			Path: "/proc/self/exe", Args: []string{"spliced", "worker"}, Env: worker.Environment(os.Environ()),
			Lock: files.LockFile(), Stderr: os.Stderr,
		}.Start,
	})
	return jobs, kept, err
}

func newServer(c config, jobs *job.Jobs, kept *catalog.Catalog, policy func(rpc.Peer) rpc.Access, log *slog.Logger, socket string) *rpc.Server {
	return &rpc.Server{
		Methods: handlers.Table(&handlers.Daemon{
			Version: version, Socket: socket, Started: time.Now(), Catalog: kept, Jobs: jobs, Logger: log,
			Limits: api.Limits{
				Jobs: c.Limits.Jobs, MaxVirtualSize: c.Limits.MaxVirtualSize, FrameBytes: rpc.MaxFrame, FDs: rpc.MaxFDs,
			},
		}),
		Policy: policy, Log: log, Limits: rpc.Limits{Grace: callGrace},
	}
}

// serveAll runs the server, the jobs and the recovery until ctx is done.
func serveAll(ctx context.Context, ready func(), server *rpc.Server, sockets []*net.UnixListener, jobs *job.Jobs, kept *catalog.Catalog) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range sockets {
		group.Go(func() error {
			err := server.Serve(ctx, l)
			if errors.Is(err, net.ErrClosed) {
				return nil // closed on purpose: the drain has begun
			}
			return err
		})
	}
	group.Go(func() error { return jobs.Run(ctx) })
	group.Go(func() error { return kept.Run(ctx) })
	ready()
	err := group.Wait()
	kept.Wait()
	return err
}

// healthy asks the way that clients ask, and waits for any answer.
func healthy(ctx context.Context, socket *net.UnixListener) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", socket.Addr().String())
	if err != nil {
		return fmt.Errorf("cannot reach the own socket: %w", err)
	}
	unixConn, ok := conn.(*net.UnixConn)
	if !ok {
		return fmt.Errorf("the own socket is a %T", conn)
	}
	c := rpc.NewConn(ctx, unixConn, nil)
	return errors.Join(c.Call(ctx, "daemon.hello", nil, nil), c.Close())
}
