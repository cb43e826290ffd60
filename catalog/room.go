package catalog

import (
	"context"
	"fmt"
	"math"
	"sync"

	"spliced/rpc"
	"spliced/worker"
)

// A roomGuard keeps pools from being filled beyond a limit, at which storage gets
// slow and repairs itself no more. It counts what jobs under way will still
// write.
type roomGuard struct {
	percent int // 0: no limit

	mu       sync.Mutex
	expected map[string]map[string]int64 // by pool and job: bytes
}

func newRoomGuard(percent int) *roomGuard {
	return &roomGuard{percent: percent, expected: map[string]map[string]int64{}}
}

// expect says how many bytes a job is going to write to a pool, in place of what
// it said before.
func (g *roomGuard) expect(pool, job string, bytes int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.expected[pool] == nil {
		g.expected[pool] = map[string]int64{}
	}
	g.expected[pool][job] = bytes
}

// forget ends what a job expects, in all pools.
func (g *roomGuard) forget(job string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, jobs := range g.expected {
		delete(jobs, job)
	}
}

// total is what all jobs expect to write to a pool.
func (g *roomGuard) total(pool string) int64 {
	g.mu.Lock()
	defer g.mu.Unlock()
	var sum int64
	for _, bytes := range g.expected[pool] {
		sum += min(bytes, math.MaxInt64-sum)
	}
	return sum
}

// check refuses when the pool is fuller than the limit, or would be with what the
// jobs under way expect.
func (g *roomGuard) check(ctx context.Context, w *worker.Worker, pool worker.PoolSpec) error {
	if g.percent <= 0 {
		return nil
	}
	room, err := w.Room(ctx, pool)
	if err != nil {
		return err
	}
	if room.Size <= 0 {
		return nil
	}
	limit := int64(float64(room.Size) * float64(g.percent) / 100)
	used := max(room.Size-room.Free, 0)
	if used <= limit && g.total(pool.Name) <= limit-used {
		return nil
	}
	percent := 100 * float64(used) / float64(room.Size)
	text := fmt.Sprintf("pool %q is %.0f %% full", pool.Name, percent)
	if used <= limit {
		text = fmt.Sprintf("pool %q is %.0f %% full, and jobs under way are going to write %d bytes more to it", pool.Name, percent, g.total(pool.Name))
	}
	return rpc.Errorf(rpc.NoSpace, "%s; above %d %% nothing is taken in.", text, g.percent).
		WithHint("Make room, or say force.")
}
