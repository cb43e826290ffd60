package catalog

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"spliced/api"
	"spliced/failure"
	"spliced/worker"
)

// healthFor is how long what was seen of a pool is good enough.
const healthFor = 10 * time.Second

// A healthBoard shows each pool as it was last seen. Looking at a pool can take
// for ever, so it is done apart from the asking.
type healthBoard struct {
	probe func(context.Context, worker.PoolSpec) (worker.Room, error)

	mu    sync.Mutex
	pools map[string]*poolHealth
	looks sync.WaitGroup
}

type poolHealth struct {
	spec   worker.PoolSpec
	seen   api.Pool
	when   time.Time
	looked chan struct{} // closed when the look under way is done; nil when none is
}

func newHealthBoard(probe func(context.Context, worker.PoolSpec) (worker.Room, error), specs []worker.PoolSpec) *healthBoard {
	b := &healthBoard{probe: probe, pools: map[string]*poolHealth{}}
	for _, s := range specs {
		b.pools[s.Name] = &poolHealth{spec: s, seen: api.Pool{Name: s.Name, Driver: s.Driver, Health: api.HealthUnknown}}
	}
	return b
}

// look has all pools looked at whose last look is too old, and returns what to
// wait for.
func (b *healthBoard) look(ctx context.Context) []<-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	var under []<-chan struct{}
	for _, p := range b.pools {
		if p.looked == nil && time.Since(p.when) > healthFor {
			p.looked = make(chan struct{})
			b.looks.Go(func() { b.lookAt(context.WithoutCancel(ctx), p) })
		}
		if p.looked != nil {
			under = append(under, p.looked)
		}
	}
	return under
}

func (b *healthBoard) lookAt(ctx context.Context, p *poolHealth) {
	ctx, cancel := looking(ctx)
	defer cancel()
	room, err := b.probe(ctx, p.spec)
	b.mu.Lock()
	defer b.mu.Unlock()
	p.seen = api.Pool{Name: p.spec.Name, Driver: p.spec.Driver, Health: api.HealthOK}
	if err != nil {
		p.seen.Health, p.seen.Reason = api.HealthUnavailable, failure.Of(err).Message
	} else {
		size, free := api.Size(room.Size), api.Size(max(room.Free, 0))
		p.seen.Size, p.seen.Free = &size, &free
		if free == 0 {
			p.seen.Health, p.seen.Reason = api.HealthFull, "it has no room left."
		}
	}
	p.when = time.Now()
	close(p.looked)
	p.looked = nil
}

// show returns the pools as last seen, sorted.
func (b *healthBoard) show() []api.Pool {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]api.Pool, 0, len(b.pools))
	for _, p := range b.pools {
		list = append(list, p.seen)
	}
	slices.SortFunc(list, func(x, y api.Pool) int { return strings.Compare(x.Name, y.Name) })
	return list
}

// PoolsSeen returns the pools as last seen, at once, and has them looked at if
// that is long ago.
func (c *Catalog) PoolsSeen(ctx context.Context) []api.Pool {
	c.health.look(ctx)
	return c.health.show()
}

// Pools returns the pools as they are now; one that doesn't answer is
// unavailable.
func (c *Catalog) Pools(ctx context.Context) []api.Pool {
	for _, looked := range c.health.look(ctx) {
		select {
		case <-looked:
		case <-ctx.Done():
		}
	}
	return c.health.show()
}

// Wait returns when no pool is being looked at any more.
func (c *Catalog) Wait() { c.health.looks.Wait() }

func (c *Catalog) probe(ctx context.Context, spec worker.PoolSpec) (room worker.Room, err error) {
	err = c.withWorker(ctx, func(w *worker.Worker) error {
		room, err = w.Room(ctx, spec)
		return err
	})
	return room, err
}
