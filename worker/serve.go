package worker

import (
	"context"
	"errors"
	"log/slog"
	"net"

	"spliced/block"
	"spliced/failure"
	"spliced/ingest"
	"spliced/ovf"
	"spliced/rpc"
)

// OpenPool opens a pool: the storage drivers come from whoever builds the
// program.
type OpenPool func(ctx context.Context, spec PoolSpec) (block.Pool, error)

// Serve does what the daemon at the other end of conn asks for, until the daemon
// goes away.
func Serve(ctx context.Context, conn *net.UnixConn, open OpenPool, openHost OpenHost, log *slog.Logger) error {
	s := &server{open: open, openHost: openHost}
	return (&rpc.Server{Methods: s.methods(), Log: log}).ServeConn(ctx, conn)
}

// A server is the working end of the line.
type server struct {
	open     OpenPool
	openHost OpenHost
}

func (s *server) methods() []rpc.Method {
	one := func(name string) rpc.Method { return rpc.Method{Name: name, MinFDs: 1} }
	none := func(name string) rpc.Method { return rpc.Method{Name: name} }
	return append(append(s.vmMethods(), s.checkMethods()...),
		bind(one(methodStageImage), s.stageImage),
		bind(one(methodStageOVA), s.stageOVA),
		bind(one(methodInspectImage), s.inspectImage),
		bind(one(methodInspectOVA), s.inspectOVA),
		bind(none(methodRoom), s.room),
		bind(none(methodLook), s.look),
		bind(none(methodCommit), s.commit),
		bind(none(methodUndo), s.undo),
		bind(none(methodRemovable), s.removable),
		bind(none(methodRemove), s.remove),
	)
}

// bind is rpc.Bind with failures put as callers are told them.
func bind[P, R any](m rpc.Method, f func(ctx context.Context, c *rpc.Call, p P) (R, error)) rpc.Method {
	return rpc.Bind(m, func(ctx context.Context, c *rpc.Call, p P) (R, error) {
		result, err := f(ctx, c, p)
		if err != nil {
			return result, failure.Of(err)
		}
		return result, nil
	})
}

// withPool opens the pool for the time of use.
func (s *server) withPool(ctx context.Context, spec PoolSpec, use func(block.Pool) error) error {
	pool, err := s.open(ctx, spec)
	if err != nil {
		return err
	}
	if err := use(pool); err != nil {
		if errors.Is(err, ingest.ErrAbandoned) {
			return err // closing it would wait for the writes that hang
		}
		return errors.Join(err, pool.Close())
	}
	return pool.Close()
}

// source takes the descriptor that came with a call.
func source(c *rpc.Call, l ingest.Limits) (*ingest.Source, error) {
	file, err := c.TakeFD(0)
	if err != nil {
		return nil, err
	}
	return ingest.NewSource(file, l.Stall)
}

// progress passes progress on to the daemon.
func progress(ctx context.Context, c *rpc.Call) ingest.Progress {
	return func(stage string, done, total int64, unit string) {
		// A daemon that can't be told is gone, and ctx ends the work.
		_ = c.Notify(ctx, notifyProgress, progressNote{Stage: stage, Done: done, Total: total, Unit: unit})
	}
}

func (s *server) stageImage(ctx context.Context, c *rpc.Call, t ImageTask) (staged ingest.StagedImage, err error) {
	src, err := source(c, t.Limits)
	if err != nil {
		return staged, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	err = s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		if err := ingest.ImageFree(ctx, pool, t.Final); err != nil {
			return err
		}
		started := func(proves bool) { _ = c.Notify(ctx, notifyStarted, startedNote{Proves: proves}) }
		staged, err = ingest.Image(ctx, pool, src, t.Request, t.Limits, progress(ctx, c), started)
		return err
	})
	return staged, err
}

func (s *server) stageOVA(ctx context.Context, c *rpc.Call, t OVATask) (staged *ingest.StagedOVA, err error) {
	src, err := source(c, t.Limits)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, src.Close()) }()
	err = s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		if err := ingest.OVAFree(ctx, pool, t.Name); err != nil {
			return err
		}
		staged, err = ingest.OVA(ctx, pool, src, t.Request, t.Limits, progress(ctx, c))
		return err
	})
	return staged, err
}

func (s *server) inspectImage(ctx context.Context, c *rpc.Call, t inspectTask) (plan ImageHead, err error) {
	err = inspect(ctx, c, t, func(src *ingest.Source) error {
		info, err := ingest.InspectImage(src, t.Limits)
		plan = ImageHead{Format: string(info.Format), Subformat: info.Subformat, Size: info.Size}
		return err
	})
	return plan, err
}

func (s *server) inspectOVA(ctx context.Context, c *rpc.Call, t inspectTask) (plan *ovf.Plan, err error) {
	err = inspect(ctx, c, t, func(src *ingest.Source) error {
		plan, err = ingest.InspectOVA(src)
		return err
	})
	return plan, err
}

// inspect lends the call's source out until ctx is done.
func inspect(ctx context.Context, c *rpc.Call, t inspectTask, use func(*ingest.Source) error) error {
	src, err := source(c, t.Limits)
	if err != nil {
		return err
	}
	unbind := context.AfterFunc(ctx, func() { src.Stop(context.Cause(ctx)) })
	defer unbind()
	return errors.Join(use(src), src.Close())
}

func (s *server) room(ctx context.Context, _ *rpc.Call, t roomTask) (room Room, err error) {
	err = s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		found, err := pool.Room(ctx)
		room = Room{Size: found.Size, Free: found.Free}
		return err
	})
	return room, err
}

func (s *server) look(ctx context.Context, _ *rpc.Call, t lookTask) (look Look, err error) {
	err = s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		v, err := pool.Open(ctx, t.Name)
		if err != nil {
			return err
		}
		info, err := v.Info(ctx)
		look = Look{Size: info.Size, Allocated: info.Allocated, Parent: info.Parent, Children: info.Children}
		return errors.Join(err, v.Close())
	})
	return look, err
}

func (s *server) commit(ctx context.Context, c *rpc.Call, t commitTask) (done, error) {
	return done{}, s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		return ingest.Commit(ctx, pool, t.Moves, progress(ctx, c))
	})
}

func (s *server) undo(ctx context.Context, _ *rpc.Call, t volumesTask) (done, error) {
	return done{}, s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		return ingest.Undo(ctx, pool, t.Job, t.Names)
	})
}

func (s *server) removable(ctx context.Context, _ *rpc.Call, t volumesTask) (done, error) {
	return done{}, s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		return ingest.Removable(ctx, pool, t.Job, t.Names)
	})
}

func (s *server) remove(ctx context.Context, c *rpc.Call, t volumesTask) (done, error) {
	return done{}, s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		return ingest.Remove(ctx, pool, t.Job, t.Names, progress(ctx, c))
	})
}
