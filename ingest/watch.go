package ingest

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"spliced/block"
)

// roomEvery is how often the pool's room is looked at while data goes into it.
const roomEvery = 2 * time.Second

// watch fails when writes hang: with syscall.ENOSPC if the pool is full, since
// a full Ceph pool doesn't fail writes but holds them, and with
// block.ErrUnavailable when none has ended for as long as the stall limit.
// It ends without failure when ctx does.
func (c *copier) watch(ctx context.Context) error {
	tick := time.NewTicker(roomEvery)
	defer tick.Stop()
	ended, since := int64(-1), time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if now := c.ended.Load(); now != ended || now == c.begun.Load() {
			ended, since = now, time.Now()
			continue
		}
		if room, err := c.room(ctx); err == nil && room.Free <= 0 {
			return fmt.Errorf("the pool has no room left: %w", syscall.ENOSPC)
		}
		if c.limits.Stall > 0 && time.Since(since) > c.limits.Stall {
			return fmt.Errorf("no write has ended for %v: %w", c.limits.Stall, block.ErrUnavailable)
		}
	}
}
