package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"spliced/block"
	"spliced/disk"
)

// A sparse is something with holes that can be copied: a volume, a file in
// memory. Its methods are those of block.Volume.
type sparse interface {
	io.ReaderAt
	Data(ctx context.Context, visit func(off, length int64) error) error
	Size() int64
}

// transfer copies the data of from to the start of the fresh volume v; holes
// and zeros are left out. It holds as many chunks in memory as are written at
// once.
func (m *maker) transfer(ctx context.Context, v block.Volume, from sparse) error {
	c := newCopier(m.pool, v, m.limits, func(error) {}) // what is read waits for nobody
	var reached atomic.Int64
	tell := func() { m.progress("copying", reached.Load(), from.Size(), "bytes") }
	return reporting(ctx, tell, func(ctx context.Context) error {
		err := c.during(ctx, func(ctx context.Context) error { return c.feedSparse(ctx, from, &reached) })
		if err == nil {
			reached.Store(from.Size())
		}
		return err
	})
}

// feedSparse starts a write for each piece of data, and returns when all have
// ended. Pieces are read where they are written, so that many reads are under
// way, too.
func (c *copier) feedSparse(ctx context.Context, from sparse, reached *atomic.Int64) error {
	group, ctx := errgroup.WithContext(ctx)
	err := from.Data(ctx, func(off, length int64) error {
		for end := off + length; off < end; {
			next := min(end, off-off%chunkSize+chunkSize)
			if err := c.start(ctx, group, pieceOf(from, off, next-off)); err != nil {
				return err
			}
			reached.Store(off)
			off = next
		}
		return nil
	})
	if werr := group.Wait(); werr != nil {
		return werr
	}
	return err
}

// pieceOf is a part of one chunk, still to be read.
func pieceOf(from sparse, off, length int64) *batch {
	b := &batch{index: off / chunkSize}
	b.add(disk.Extent{Offset: off, Length: length, Data: unread{from, off}}, 0)
	return b
}

// An unread payload is read when it is asked for.
type unread struct {
	from io.ReaderAt
	off  int64
}

// Plain is disk.Payload's.
func (unread) Plain() []byte { return nil }

// Stored is disk.Payload's.
func (unread) Stored() int { return 0 }

// Release is disk.Payload's.
func (unread) Release() {}

// DecodeTo is disk.Payload's.
func (u unread) DecodeTo(dst []byte) error {
	n, err := u.from.ReadAt(dst, u.off)
	if n == len(dst) {
		return nil // ReadAt may add io.EOF at the very end
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("cannot read %d bytes at %d of the source: %w", len(dst), u.off, err)
}
