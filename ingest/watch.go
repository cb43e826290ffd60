package ingest

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"spliced/block"
)

// roomEvery is how often the pool's room is looked at while data goes into it.
const roomEvery = 2 * time.Second

// watch fails when writes hang: with syscall.ENOSPC if the pool is full, since
// a full Ceph pool doesn't fail writes but holds them, and with
// block.ErrUnavailable when none has ended for as long as the stall limit.
// It ends without failure when ctx does.
//
// It asks for the room on goroutines of the group, since storage that holds
// writes may hold that as well, and the stall limit is to be kept.
func (c *copier) watch(ctx context.Context, group *errgroup.Group) error {
	tick := time.NewTicker(roomEvery)
	defer tick.Stop()
	rooms := make(chan block.Room, 1)
	asking := false
	ended, since := int64(-1), time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case room := <-rooms:
			if asking = false; room.Free <= 0 {
				return fmt.Errorf("the pool has no room left: %w", syscall.ENOSPC)
			}
			continue
		case <-tick.C:
		}
		if now := c.ended.Load(); now != ended || now == c.begun.Load() {
			ended, since = now, time.Now()
			continue
		}
		if !asking {
			asking = true
			group.Go(func() error {
				rooms <- c.roomOrSome(ctx)
				return nil
			})
		}
		if c.limits.Stall > 0 && time.Since(since) > c.limits.Stall {
			return fmt.Errorf("no write has ended for %v: %w", c.limits.Stall, block.ErrUnavailable)
		}
	}
}

// roomOrSome asks the pool for its room. What it can't tell is taken for room.
func (c *copier) roomOrSome(ctx context.Context) block.Room {
	room, err := c.room(ctx)
	if err != nil {
		return block.Room{Free: 1}
	}
	return room
}
