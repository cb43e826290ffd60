package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"spliced/block"
	"spliced/disk"
)

const (
	// writersPerCore is how many chunks are under way at once, each decoded and
	// then written: while one is with the storage, another one uses the
	// processor. Measured on two cores, four took a fifth less processor time
	// than eight and were no slower.
	writersPerCore = 2
	// writers bounds that where there are many cores, for their buffers' sake.
	writers = 8
	// maxStored bounds the bytes of payload that wait for their chunks to become
	// complete.
	maxStored = 16 << 20
	// zeroRun is the unit in which written data is searched for zeros, which
	// are left out: a fresh volume reads as zeros.
	zeroRun = 64 << 10
	// firstSize is what a volume of unknown size starts with; it doubles as
	// needed and is cut to the exact size at the end.
	firstSize = 1 << 30
	// abandonAfter is how long a failed copy waits for writes that don't return.
	abandonAfter = 3 * time.Second
)

// A copier writes the extents of one image to one volume.
type copier struct {
	volume    block.Volume
	limits    Limits
	room      func(context.Context) (block.Room, error)
	interrupt func(error)   // makes the source's reads fail
	slots     chan struct{} // one token for each write under way
	cores     chan struct{} // one token for each of them that decodes
	chunks    *buffers
	size      int64 // of the volume, as far as it has grown
	content   contentSum

	written atomic.Int64 // bytes of data, zeros not counted
	ended   atomic.Int64 // chunks
	begun   atomic.Int64
}

func (f *flow) newCopier(v block.Volume) *copier {
	return newCopier(f.pool, v, f.limits, f.source.Stop)
}

func newCopier(pool block.Pool, v block.Volume, l Limits, interrupt func(error)) *copier {
	cores := runtime.GOMAXPROCS(0)
	return &copier{
		volume: v, limits: l, room: pool.Room, interrupt: interrupt,
		slots: make(chan struct{}, min(writers, writersPerCore*cores)), cores: make(chan struct{}, cores),
		chunks: newBuffers(chunkSize), size: v.Size(),
	}
}

// run copies until the image is complete. When it fails all extents are given
// back, but writes that hang in the storage may still be under way: see
// ErrAbandoned.
func (c *copier) run(ctx context.Context, r disk.Reader) error {
	return c.during(ctx, func(ctx context.Context) error { return c.feed(ctx, r) })
}

// during lets feed start writes, while they are watched.
func (c *copier) during(ctx context.Context, feed func(ctx context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	watching, stopWatching := context.WithCancel(ctx)
	defer stopWatching()
	group.Go(func() error { return c.stopping(c.watch(watching, group)) })
	group.Go(func() error {
		defer stopWatching()
		return feed(ctx)
	})
	return c.settle(ctx, group)
}

// stopping wakes the feed when it waits for the source, since nothing else
// does, and passes err on.
func (c *copier) stopping(err error) error {
	if err != nil {
		c.interrupt(err)
	}
	return err
}

// ErrAbandoned says that writes still hang in the storage after the copy
// failed: the volume can't be closed, and only the end of the process ends them.
var ErrAbandoned = errors.New("writes are still under way")

func (c *copier) settle(ctx context.Context, group *errgroup.Group) error {
	done := make(chan error, 1)
	go func() { done <- group.Wait() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-done:
		return err
	case <-time.After(abandonAfter):
		return errors.Join(context.Cause(ctx), ErrAbandoned)
	}
}

// feed gathers extents into chunks and starts their writes; it returns when
// all writes have.
func (c *copier) feed(ctx context.Context, r disk.Reader) error {
	group, ctx := errgroup.WithContext(ctx)
	g := newGatherer(chunkSize, maxStored)
	err := c.gather(ctx, group, g, r)
	for _, b := range g.rest() {
		if err != nil {
			b.release()
			continue
		}
		err = c.start(ctx, group, b)
	}
	if werr := group.Wait(); werr != nil {
		return werr
	}
	return err
}

func (c *copier) gather(ctx context.Context, group *errgroup.Group, g *gatherer, r disk.Reader) error {
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if e.Data == nil {
			continue
		}
		if err := c.fit(ctx, e.Offset+e.Length); err != nil {
			e.Data.Release()
			return err
		}
		out := g.add(e)
		for i, b := range out {
			if err := c.start(ctx, group, b); err != nil {
				for _, b := range out[i+1:] {
					b.release()
				}
				return err
			}
		}
	}
}

// fit grows the volume when end lies behind it: only volumes of unknown size
// do. Resizing needs the volume for itself, so the writes under way end first.
func (c *copier) fit(ctx context.Context, end int64) error {
	if end <= c.size {
		return nil
	}
	for range cap(c.slots) {
		if err := c.acquire(ctx); err != nil {
			return err
		}
	}
	defer func() {
		for range cap(c.slots) {
			<-c.slots
		}
	}()
	size := max(c.size, firstSize)
	for size < end {
		size *= 2
	}
	if err := c.volume.Resize(size); err != nil {
		return fmt.Errorf("cannot grow the volume to %d bytes: %w", size, err)
	}
	c.size = size
	return nil
}

func (c *copier) acquire(ctx context.Context) error {
	select {
	case c.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// start writes a batch in the background. The batch is released in any case.
func (c *copier) start(ctx context.Context, group *errgroup.Group, b *batch) error {
	if err := c.acquire(ctx); err != nil {
		b.release()
		return err
	}
	c.begun.Add(1)
	group.Go(func() error {
		defer func() { <-c.slots }()
		defer c.ended.Add(1)
		defer b.release()
		for _, run := range b.runs() {
			if err := c.write(run); err != nil {
				return c.stopping(err)
			}
		}
		return nil
	})
	return nil
}

// write decodes and writes extents that touch each other.
func (c *copier) write(run []disk.Extent) error {
	start := run[0].Offset
	if plain := run[0].Data.Plain(); plain != nil && len(run) == 1 {
		return c.writeData(plain, start)
	}
	last := run[len(run)-1]
	buf := c.chunks.get()
	defer c.chunks.put(buf)
	data := (*buf)[:last.Offset+last.Length-start]
	if err := c.decode(data, start, run); err != nil {
		return err
	}
	return c.writeData(data, start)
}

// decode fills data, which lies at start, with a run of extents. As many do so
// at once as there are processors: more would only take turns.
func (c *copier) decode(data []byte, start int64, run []disk.Extent) error {
	c.cores <- struct{}{}
	defer func() { <-c.cores }()
	for _, e := range run {
		dst := data[e.Offset-start:][:e.Length]
		if plain := e.Data.Plain(); plain != nil {
			copy(dst, plain)
		} else if err := e.Data.DecodeTo(dst); err != nil {
			return err
		}
	}
	return nil
}

// writeData writes what isn't zero of data.
func (c *copier) writeData(data []byte, offset int64) error {
	c.content.add(data, offset)
	for from, to := range dataRuns(data, zeroRun) {
		if _, err := c.volume.WriteAt(data[from:to], offset+int64(from)); err != nil {
			return fmt.Errorf("cannot write to the pool at byte %d of the volume: %w", offset+int64(from), err)
		}
		c.written.Add(int64(to - from))
	}
	return nil
}
