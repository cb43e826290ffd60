package ingest

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"

	"spliced/block"
)

// contentSector is the unit, in bytes, of which a volume's content is summed up.
// What decoders yield begins and ends at its multiples, but for the end of an
// image, behind which a volume that is enlarged reads as zeros.
const contentSector = 512

// A contentSum tells damage of a volume's content: it is the sum, modulo 2^64, of
// a hash of each sector that isn't all zeros, seeded with the sector's number. So
// it doesn't matter in which order and in how many pieces they come, and zeros
// may be left out. It is no proof against somebody who makes content on purpose.
// Its methods may be called from any goroutine; the zero value is the sum of
// nothing but zeros.
type contentSum struct {
	sum atomic.Uint64
}

// add takes data in that lies at offset, a multiple of contentSector. What the
// last sector lacks counts as zeros.
func (c *contentSum) add(data []byte, offset int64) {
	var zeros, last [contentSector]byte
	var hash xxhash.Digest
	var sum uint64
	for number := uint64(offset) / contentSector; len(data) > 0; number++ { //nolint:gosec // not negative
		sector := data[:min(contentSector, len(data))]
		data = data[len(sector):]
		if len(sector) < contentSector {
			copy(last[:], sector)
			sector = last[:]
		}
		if bytes.Equal(sector, zeros[:]) {
			continue
		}
		hash.ResetWithSeed(number)
		_, _ = hash.Write(sector) // it never fails
		sum += hash.Sum64()
	}
	c.sum.Add(sum)
}

// String is the sum as it stands in MetaContent.
func (c *contentSum) String() string { return fmt.Sprintf("%016x", c.sum.Load()) }

// Content reads a volume and sums up what is in it, to be compared with its
// MetaContent.
func Content(ctx context.Context, pool block.Pool, name string) (string, error) {
	var sum contentSum
	err := with(ctx, pool, name, func(v block.Volume) error {
		buf := make([]byte, chunkSize)
		for at := int64(0); at < v.Size(); at += chunkSize {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			part := buf[:min(chunkSize, v.Size()-at)]
			// io.ReaderAt: a read of all bytes may end with io.EOF.
			if n, err := v.ReadAt(part, at); n < len(part) {
				return fmt.Errorf("cannot read the volume %q at byte %d: %w", name, at, err)
			}
			sum.add(part, at)
		}
		return nil
	})
	return sum.String(), err
}
