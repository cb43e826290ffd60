package catalog

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"spliced/api"
	"spliced/failure"
	"spliced/job"
	"spliced/worker"
)

// CatalogCheck is the kind of jobs that Check starts.
const CatalogCheck = "catalog.check"

const (
	// checksKept is how many checks are remembered with what they found, so that
	// who didn't wait, or whose answer was lost, can ask again.
	checksKept = 16
	// maxFindings bounds what one check tells: an answer of some 4 MiB, and more
	// than somebody can read.
	maxFindings = 10_000
)

// Check starts a job that compares records with pools, and with each other. It
// changes nothing; Findings has what it found.
func (c *Catalog) Check(p api.Check, by Caller) (api.Job, error) {
	pools := slices.Sorted(maps.Keys(c.pools))
	if p.Pool != "" {
		if _, err := c.pool(p.Pool); err != nil {
			return api.Job{}, err
		}
		pools = []string{p.Pool}
	}
	work := func(ctx context.Context, r *job.Run) (string, error) {
		k := &check{catalog: c, digests: p.Digests, id: r.ID(), busy: c.busyJobs(), progress: r.Progress}
		err := k.all(ctx, pools)
		c.checks.keep(r.ID(), k.found)
		if err != nil {
			return "", failure.Cannot("check all of the catalogue", err)
		}
		return k.sentence(), nil
	}
	started, _, err := c.jobs.Start(job.NewID(time.Now()), job.Spec{
		Kind: CatalogCheck, Pool: p.Pool, RequestID: p.RequestID, UID: by.UID, Gone: by.Gone, Work: work,
	})
	return started, err
}

// Findings are what a check found, once it has ended; nil when it hasn't, or is
// too long ago.
func (c *Catalog) Findings(id string) []api.Finding { return c.checks.of(id) }

// A checkBoard keeps what the last checks found. They don't outlive the daemon:
// a check can be made again.
type checkBoard struct {
	mu    sync.Mutex
	found map[string][]api.Finding // by job
	jobs  []string                 // oldest first
}

func (b *checkBoard) keep(id string, found []api.Finding) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.found == nil {
		b.found = map[string][]api.Finding{}
	}
	b.found[id], b.jobs = found, append(b.jobs, id)
	for len(b.jobs) > checksKept {
		delete(b.found, b.jobs[0])
		b.jobs = b.jobs[1:]
	}
}

func (b *checkBoard) of(id string) []api.Finding {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.found[id]
}

// busyJobs are the jobs that are under way, or whose remains aren't removed yet.
func (c *Catalog) busyJobs() map[string]bool {
	busy := map[string]bool{}
	for _, j := range c.jobs.List() {
		if !j.State.Ended() {
			busy[j.ID] = true
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for id := range c.left {
		busy[id] = true
	}
	return busy
}

// A check is one comparison under way.
type check struct {
	catalog  *Catalog
	digests  bool
	id       string          // its job's
	busy     map[string]bool // jobs that were under way when it began
	progress func(stage string, done, total int64, unit string)

	looked, volumes int64 // volumes that were looked at, and that are known of
	read, toRead    int64 // the same of their content
	pools           int
	found           []api.Finding
	more            int // findings for which there was no room
}

// tell adds a finding.
func (k *check) tell(f api.Finding) {
	if len(k.found) >= maxFindings {
		k.more++
		return
	}
	k.found = append(k.found, f)
}

// all looks at the records and at each pool. A pool that doesn't answer keeps the
// others from nothing, and fails the check in the end: what it didn't see it
// can't vouch for.
func (k *check) all(ctx context.Context, pools []string) error {
	if err := k.records(); err != nil {
		return err
	}
	var failures []error
	for _, name := range pools {
		err := k.catalog.withWorker(ctx, func(w *worker.Worker) error { return k.pool(ctx, w, name) })
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			failures = append(failures, inPool(name, err))
			continue
		}
		k.pools++
	}
	if len(failures) == 0 {
		return nil
	}
	// One failure has one code; where pools fail in different ways it is the first's.
	e := *failure.Of(failures[0])
	for _, other := range failures[1:] {
		e.Message += " And " + other.Error()
	}
	return e.WithHint(fmt.Sprintf("In what else there is it found %s; see it by checking the other pools alone.",
		count(len(k.found)+k.more, "thing")))
}

// inPool says which pool a failure is about.
func inPool(name string, err error) error {
	e := *failure.Of(err)
	e.Message = fmt.Sprintf("pool %q: %s", name, e.Message)
	return e.WithCause(err)
}

// sentence is what the job ends with.
func (k *check) sentence() string {
	text := fmt.Sprintf("Checked %s in %s: ", count(int(k.volumes), "volume"), count(k.pools, "pool"))
	switch {
	case len(k.found) == 0:
		return text + "nothing is wrong."
	case k.more > 0:
		return text + fmt.Sprintf("found %d things, of which the first %d are listed.", len(k.found)+k.more, len(k.found))
	}
	return text + fmt.Sprintf("found %s.", count(len(k.found), "thing"))
}

// underway reports whether a job may be at work on what it made while the check
// looked: one that was when the check began, or has begun since. Ids sort by time.
func (k *check) underway(id string) bool {
	return k.busy[id] || id >= k.id
}
