package catalog

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"spliced/api"
	"spliced/worker"
)

const (
	// reconcileAtOnce is how long a job that failed waits for its remains to be
	// removed before it leaves them to Run: somebody waits for its answer.
	reconcileAtOnce = 5 * time.Second
	// reconcileLater bounds one attempt of Run. Removing a large image takes
	// longer, but each attempt goes on where the one before ended.
	reconcileLater = 2 * time.Minute
	// reconcileTogether is how many attempts run at once.
	reconcileTogether = 4
	// The pause between attempts of Run grows from the first to the second. A
	// client that was killed holds its images for 30 s.
	firstPause, longestPause = time.Second, 30 * time.Second
)

func noReport(*worker.Worker) {}

// settle brings a job's intent to its end after the job came to a halt, unless
// ctx ends first. It reports whether the job's object is as it was meant to be.
func (c *Catalog) settle(ctx context.Context, i Intent, report func(*worker.Worker)) (done, settled bool) {
	done, err := c.reconcile(ctx, i, report)
	if err == nil {
		c.release(i)
		return done, true
	}
	c.log.Warn("the remains of a job are left for later", slog.String("job", i.Job), slog.Any("cause", err))
	c.leave(i)
	return done, false
}

// leave hands an intent to Run. Its name stays reserved if it has to.
func (c *Catalog) leave(i Intent) {
	if !i.holdsName() {
		c.release(i)
	}
	c.mu.Lock()
	c.left[i.Job] = i
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Left is the number of jobs whose remains are not removed yet.
func (c *Catalog) Left() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.left)
}

// Run puts right what earlier daemons and failed jobs left, until ctx is done.
func (c *Catalog) Run(ctx context.Context) error {
	var reading sync.WaitGroup
	defer reading.Wait()
	reading.Go(c.readAll)
	c.settleWithoutIntent()
	pause := firstPause
	for {
		if c.reconcileLeft(ctx) {
			pause = firstPause
		} else {
			pause = min(2*pause, longestPause)
		}
		var again <-chan time.Time
		if c.Left() > 0 {
			again = time.After(pause)
		}
		select {
		case <-again:
		case <-c.wake:
		case <-ctx.Done():
			return nil
		}
	}
}

// reconcileLeft tries each intent once, and reports whether none is left.
func (c *Catalog) reconcileLeft(ctx context.Context) bool {
	c.mu.Lock()
	left := slices.Collect(maps.Values(c.left))
	c.mu.Unlock()
	var group errgroup.Group
	group.SetLimit(reconcileTogether)
	for _, i := range left {
		group.Go(func() error {
			c.reconcileOne(ctx, i)
			return nil
		})
	}
	return group.Wait() == nil && c.Left() == 0
}

func (c *Catalog) reconcileOne(ctx context.Context, i Intent) {
	for pool := range i.places() {
		if _, known := c.pools[pool]; !known {
			c.log.Warn("the remains of a job are in a pool that is not configured",
				slog.String("job", i.Job), slog.String("pool", pool))
			return
		}
	}
	ctx, cancel := context.WithTimeout(ctx, reconcileLater)
	defer cancel()
	done, err := c.reconcile(ctx, i, noReport)
	if err != nil {
		c.log.Warn("cannot remove the remains of a job yet", slog.String("job", i.Job), slog.Any("cause", err))
		return
	}
	c.mu.Lock()
	delete(c.left, i.Job)
	c.mu.Unlock()
	c.release(i)
	c.settleJob(i, done)
	c.log.Info("reconciled a job", slog.String("job", i.Job), slog.Bool("completed", done))
}

// settleJob tells a job that an earlier daemon left how it ended.
func (c *Catalog) settleJob(i Intent, done bool) {
	message := "The daemon was restarted while it worked on " + i.title() + "; nothing of it was kept."
	if done {
		message = "The daemon was restarted while it worked on " + i.title() + "; the work was completed."
	}
	c.jobs.Settle(i.Job, done, message)
}

// settleWithoutIntent ends the jobs of an earlier daemon that have no intent:
// they had done nothing yet, or all but writing down that they were done.
func (c *Catalog) settleWithoutIntent() {
	for _, j := range c.jobs.Inherited() {
		c.mu.Lock()
		_, hasIntent := c.left[j.ID]
		c.mu.Unlock()
		if hasIntent {
			continue
		}
		if j.Kind == CatalogCheck {
			c.jobs.Settle(j.ID, false, "The daemon was restarted while it checked the catalogue; check it again.")
			continue
		}
		i := intentOf(j)
		by, err := c.recordedBy(i)
		if j.Kind == OVAAdopt || j.Kind == ImageAdopt {
			by = adoptedBy(j.ID, by) // the record names the job of the import
		}
		done := err == nil && (i.Action == importing && by == j.ID || i.Action == removing && by == "")
		c.settleJob(i, done)
	}
}

// intentOf is the intent that a job must have had.
func intentOf(j api.Job) Intent {
	i := Intent{Job: j.ID, Pool: j.Pool, Name: j.Name, Action: importing, Object: imageObject}
	switch j.Kind {
	case OVAUpload, OVARemove, OVAAdopt:
		i.Object = ovaObject
	case VMCreate, VMRemove:
		i.Object = vmObject
	}
	switch j.Kind {
	case ImageRemove, OVARemove, VMRemove:
		i.Action = removing
	}
	return i
}

// The kinds of jobs, each named after the method that starts it.
const (
	ImageUpload = "image.upload"
	ImageRemove = "image.remove"
	OVAUpload   = "ova.upload"
	OVARemove   = "ova.remove"
	OVAAdopt    = "ova.adopt"
	ImageAdopt  = "image.adopt"
	VMCreate    = "vm.create"
	VMRemove    = "vm.remove"
)
