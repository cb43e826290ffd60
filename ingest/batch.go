package ingest

import (
	"slices"

	"spliced/disk"
)

// A batch is what has come for one chunk of the disk so far.
type batch struct {
	index   int64 // of the chunk
	extents []disk.Extent
	covered int64 // bytes of the chunk that the extents cover
	stored  int   // bytes of memory that they hold
	touched int64 // sequence number of the last extent, for choosing what goes out first
}

func (b *batch) add(e disk.Extent, seq int64) {
	b.extents = append(b.extents, e)
	b.covered += e.Length
	b.stored += e.Data.Stored()
	b.touched = seq
}

func (b *batch) release() {
	for _, e := range b.extents {
		e.Data.Release()
	}
	b.extents = nil
}

// runs sorts the batch's extents by offset and groups those that touch.
func (b *batch) runs() [][]disk.Extent {
	slices.SortFunc(b.extents, func(x, y disk.Extent) int {
		switch {
		case x.Offset < y.Offset:
			return -1
		case x.Offset > y.Offset:
			return 1
		default:
			return 0
		}
	})
	var runs [][]disk.Extent
	start := 0
	for i := 1; i <= len(b.extents); i++ {
		if i == len(b.extents) || b.extents[i].Offset != b.extents[i-1].Offset+b.extents[i-1].Length {
			runs = append(runs, b.extents[start:i])
			start = i
		}
	}
	return runs
}

// A gatherer sorts extents into batches, one for each chunk, and hands a batch
// on when its chunk is complete. Extents of real images come nearly in order:
// a few batches are open at a time. When more memory is held than the bound
// allows, the batch that has waited longest goes out unfinished; its chunk is
// then written in more than one piece.
type gatherer struct {
	chunkSize int64
	maxStored int
	open      map[int64]*batch
	stored    int
	seq       int64
}

// maxOpen bounds the batches that are open at once, since an extent's own
// bookkeeping takes memory too.
const maxOpen = 8

func newGatherer(chunkSize int64, maxStored int) *gatherer {
	return &gatherer{chunkSize: chunkSize, maxStored: maxStored, open: map[int64]*batch{}}
}

// add takes an extent with data and returns the batches that are to go out.
func (g *gatherer) add(e disk.Extent) []*batch {
	g.seq++
	index := e.Offset / g.chunkSize
	b := g.open[index]
	if b == nil {
		b = &batch{index: index}
		g.open[index] = b
	}
	b.add(e, g.seq)
	g.stored += e.Data.Stored()
	var out []*batch
	if b.covered >= g.chunkSize {
		out = append(out, g.take(b))
	}
	for g.stored > g.maxStored || len(g.open) > maxOpen {
		out = append(out, g.take(g.oldest()))
	}
	return out
}

// rest returns what is still open, in order.
func (g *gatherer) rest() []*batch {
	var out []*batch
	for len(g.open) > 0 {
		out = append(out, g.take(g.oldest()))
	}
	return out
}

func (g *gatherer) take(b *batch) *batch {
	delete(g.open, b.index)
	g.stored -= b.stored
	return b
}

func (g *gatherer) oldest() *batch {
	var oldest *batch
	for _, b := range g.open {
		if oldest == nil || b.touched < oldest.touched {
			oldest = b
		}
	}
	return oldest
}
