package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"spliced/api"
	"spliced/failpoint"
	"spliced/failure"
	"spliced/job"
	"spliced/rpc"
	"spliced/store"
	"spliced/worker"
)

// remove starts a job that removes what the intent names.
func (c *Catalog) remove(kind string, in Intent, by Caller, requestID string) (api.Job, error) {
	work := func(ctx context.Context, r *job.Run) (string, error) {
		in.Job = r.ID()
		return c.removal(ctx, r, in)
	}
	return c.begin(kind, in, by, requestID, work, func() {})
}

// removal looks whether all of it can go, and once it is decided that it does,
// it does: at once, or as soon as the storage lets it.
func (c *Catalog) removal(ctx context.Context, r *job.Run, in Intent) (string, error) {
	err := c.withWorker(ctx, func(w *worker.Worker) error {
		w.Report(r.Progress)
		err := c.stopped(ctx, w, in)
		if err == nil && in.Flatten {
			err = c.flatten(ctx, w, in)
		}
		if err != nil {
			return err
		}
		return c.eachPlace(in, func(pool worker.PoolSpec, names []string) error {
			return w.Removable(ctx, pool, in.MadeBy, names)
		})
	})
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err == nil {
		err = c.intents.Create(in.Job, in)
	}
	if errors.Is(err, store.ErrNotDurable) {
		// It is in place all the same: left there, a later daemon would carry out
		// what this one refused.
		err = errors.Join(err, c.forgetIntent(in))
	}
	if err != nil {
		c.release(in)
		return "", failure.Cannot("remove "+in.title(), c.namingVMs(in, err))
	}
	failpoint.Hit(failpoint.RemoveIntent)
	r.Committing()
	_, settled := c.settle(ctx, in, func(w *worker.Worker) { w.Report(r.Progress) })
	failpoint.Hit(failpoint.RemoveIntentGone)
	if !settled {
		return fmt.Sprintf("Removed %s; its volumes are still in use and go as soon as they can.", in.removed()), nil
	}
	return fmt.Sprintf("Removed %s.", in.removed()), nil
}

// flatten makes the clones of all volumes independent, one after the other, until
// one fails.
func (c *Catalog) flatten(ctx context.Context, w *worker.Worker, in Intent) error {
	for pool, names := range in.places() {
		for _, name := range names {
			if err := w.Flatten(ctx, c.pools[pool], name); err != nil {
				return err
			}
		}
	}
	return nil
}

// stopped returns nil when no domain stands in the way of a removal: there is
// none, or it doesn't run, or its power may be cut.
func (c *Catalog) stopped(ctx context.Context, w *worker.Worker, in Intent) error {
	if !in.Domain {
		return nil
	}
	d, err := w.Domain(ctx, worker.DomainTask{Host: c.here.HostSpec, Name: in.Name, Job: in.MadeBy})
	if err != nil {
		return err
	}
	if in.Destroy || d.State == "" || !d.State.Active() {
		return nil
	}
	return rpc.Errorf(rpc.InvalidState, "it is %s.", d.State).
		WithHint("Shut it down first, or say destroy, which cuts its power.")
}

// namingVMs adds to the refusal of a removal which VMs of this host are in its
// way: of clones a pool knows no more than their names.
func (c *Catalog) namingVMs(in Intent, err error) error {
	busy, ok := errors.AsType[*rpc.Error](err)
	if !ok || busy.Code != rpc.Busy || in.Object == vmObject {
		return err
	}
	made, failed := c.madeFrom(in)
	if failed != nil || len(made) == 0 {
		return err
	}
	e := *busy
	e.Message = fmt.Sprintf("%s; %s %s made from it.", strings.TrimSuffix(e.Message, "."), names(made), was(len(made)))
	return e.WithHint("Remove what was made from it first, or make that independent of it (--flatten).")
}

// madeFrom lists the VMs of which a disk began as one of the intent's volumes.
func (c *Catalog) madeFrom(in Intent) ([]string, error) {
	vms, err := matching(c.vms, "")
	var made []string
	for _, v := range vms {
		from := func(d api.VMVolume) bool {
			pool, volume, _ := strings.Cut(d.Source, "/")
			return slices.Contains(in.places()[pool], volume)
		}
		if slices.ContainsFunc(v.Volumes, from) {
			made = append(made, fmt.Sprintf("VM %q", v.Name))
		}
	}
	return made, err
}
