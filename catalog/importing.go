package catalog

import (
	"context"
	"errors"
	"log/slog"
	"slices"

	"spliced/api"
	"spliced/failpoint"
	"spliced/failure"
	"spliced/ingest"
	"spliced/job"
	"spliced/store"
	"spliced/worker"
)

// moves are where staged volumes go, by pool.
type moves map[string][]ingest.Move

// An upload is an import whose object differs: how it is staged, and what its
// record is.
type upload struct {
	intent Intent
	// expected is how many bytes it is going to write to each pool, as far as that
	// can be known; force lets it fill a pool beyond the limit.
	expected map[string]int64
	force    bool
	// stage lets the worker write the volumes, and says where they are to go.
	stage func(ctx context.Context, w *worker.Worker) (moves, error)
	// placed is called when all volumes are in place; it may be nil.
	placed func(ctx context.Context, w *worker.Worker) error
	// record writes the record; it is called after stage, once.
	record func() error
}

// run takes an upload through all its steps. What fails on the way is undone,
// now or later; the failure is an *rpc.Error that says what could not be done.
func (c *Catalog) run(ctx context.Context, r *job.Run, u *upload) error {
	for pool, bytes := range u.expected {
		c.room.expect(pool, u.intent.Job, bytes)
	}
	defer c.room.forget(u.intent.Job)
	err := c.attempt(ctx, r, u)
	if err == nil {
		c.release(u.intent)
		return nil
	}
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), reconcileAtOnce)
	defer cancel()
	if done, _ := c.settle(ctx, u.intent, noReport); done {
		return nil // the record was written although its writing failed
	}
	return failure.Cannot(u.intent.deed(), err)
}

func (c *Catalog) attempt(ctx context.Context, r *job.Run, u *upload) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err := c.intents.Create(u.intent.Job, u.intent); err != nil {
		return err
	}
	failpoint.Hit(failpoint.IntentWritten)
	err := c.withWorker(ctx, func(w *worker.Worker) error {
		failpoint.Hit(failpoint.WorkerStarted)
		w.Report(r.Progress)
		if err := c.fill(ctx, r, w, u); err != nil {
			return err
		}
		if err := u.record(); err != nil && !errors.Is(err, store.ErrNotDurable) {
			return err
		}
		failpoint.Hit(failpoint.RecordWritten)
		return c.seal(ctx, w, u.intent)
	})
	if err != nil {
		return err
	}
	if err := c.forgetIntent(u.intent); err != nil {
		c.log.Warn("cannot remove the intent of a job that is done", slog.String("job", u.intent.Job), slog.Any("cause", err))
		c.leave(u.intent)
	}
	failpoint.Hit(failpoint.ImportIntentGone)
	return nil
}

// fill lets a worker write the volumes and give them their final names.
func (c *Catalog) fill(ctx context.Context, r *job.Run, w *worker.Worker, u *upload) error {
	if err := c.fits(ctx, w, u); err != nil {
		return err
	}
	staged, err := u.stage(ctx, w)
	if err != nil {
		return err
	}
	failpoint.Hit(failpoint.StageAnswered)
	c.room.forget(u.intent.Job) // it is written: the pool knows of it
	if err := c.fits(ctx, w, u); err != nil {
		return err
	}
	u.intent = u.intent.committing(staged)
	if err := c.intents.Put(u.intent.Job, u.intent); err != nil {
		return err
	}
	failpoint.Hit(failpoint.CommitIntent)
	r.Committing()
	return c.place(ctx, w, u, staged)
}

// seal says in the pool that the intent's object is recorded, and so may be
// adopted by other hosts.
func (c *Catalog) seal(ctx context.Context, w *worker.Worker, i Intent) error {
	switch i.Object {
	case imageObject:
		return w.Seal(ctx, c.pools[i.Pool], i.Job, i.Name)
	case ovaObject:
		return w.Seal(ctx, c.pools[i.Pool], i.Job, ingest.RecordVolume(i.Name))
	case vmObject: // no other host takes it over
	}
	return nil
}

// movesAtOnce is how many volumes a worker is told of in one request: with all
// their metadata they stay far below rpc.MaxFrame.
const movesAtOnce = 128

// place gives the staged volumes their final names.
func (c *Catalog) place(ctx context.Context, w *worker.Worker, u *upload, staged moves) error {
	for pool, list := range staged {
		for some := range slices.Chunk(list, movesAtOnce) {
			if err := w.Commit(ctx, c.pools[pool], some); err != nil {
				return err
			}
		}
	}
	failpoint.Hit(failpoint.CommitAnswered)
	if u.placed == nil {
		return nil
	}
	return u.placed(ctx, w)
}

// fits returns nil when no pool of the upload is too full.
func (c *Catalog) fits(ctx context.Context, w *worker.Worker, u *upload) error {
	if u.force {
		return nil
	}
	for pool := range u.intent.places() {
		if err := c.room.check(ctx, w, c.pools[pool]); err != nil {
			return err
		}
	}
	return nil
}

// move says where a staged volume is to go, and what is to be known of it there.
func (c *Catalog) move(i Intent, staged ingest.StagedDisk, to, digest string) ingest.Move {
	origin := imageOrigin
	if i.Object == ovaObject {
		origin = api.OriginOVA(i.Name)
	}
	metadata := map[string]string{ingest.MetaJob: i.Job, ingest.MetaOrigin: origin, ingest.MetaHost: c.host}
	if staged.Content != "" {
		metadata[ingest.MetaContent] = staged.Content
	}
	if staged.Format != "" { // not so for a blank disk
		metadata[ingest.MetaDigest], metadata[ingest.MetaFormat] = digest, staged.Format
	}
	return ingest.Move{From: staged.Volume, To: to, Metadata: metadata}
}
