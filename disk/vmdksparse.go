package disk

import (
	"cmp"
	"io"
	"slices"
)

// maxSparseGrains is the number of grains with data that the table of a
// monolithicSparse image may name: 8 bytes of memory each, 32 MiB in all, for
// 256 GiB of data at the usual grain size. Larger ones have to come as
// streamOptimized.
const maxSparseGrains = 4 << 20

// A storedGrain is where the stream holds a grain.
type storedGrain struct {
	sector uint32
	number uint32
}

// A vmdkSparse reads a monolithicSparse VMDK: all tables at the front, then
// grains as they are, in the order in which the guest once wrote them. Grains
// that no table names (their data were discarded) are passed over.
type vmdkSparse struct {
	*vmdkHead
	in     *input
	tables *vmdkTables
	lender *lender
	grains []storedGrain // by sector, once the tables are read
	ready  bool
	err    error
}

func newVMDKSparse(in *input, head *vmdkHead) *vmdkSparse {
	grain := int(head.header.grainSize) * sectorSize //nolint:gosec // at most maxGrain
	v := &vmdkSparse{
		vmdkHead: head, in: in,
		tables: newVMDKTables(&head.header),
		lender: newLender(grain, grain),
	}
	v.tables.entry = v.note
	return v
}

// Info is Reader's.
func (v *vmdkSparse) Info() Info { return v.info() }

// Size is Reader's.
func (v *vmdkSparse) Size() int64 { return v.header.size() }

// Next is Reader's.
func (v *vmdkSparse) Next() (Extent, error) {
	if v.err == nil && !v.ready {
		v.err = v.readTables()
	}
	if v.err != nil {
		return Extent{}, v.err
	}
	var e Extent
	if len(v.grains) > 0 {
		e, v.err = v.grain()
	} else {
		v.err = v.end()
	}
	return e, v.err
}

// note remembers an entry of the tables.
func (v *vmdkSparse) note(number uint64, sector uint32) error {
	if uint64(sector) < v.header.overHead {
		return damaged(VMDK, v.in.pos(), "its tables place a grain at sector %d, amid the metadata", sector)
	}
	if len(v.grains) == maxSparseGrains {
		return tooLarge(VMDK, "it holds more than %d grains of data, too many for one that is monolithicSparse: "+
			"convert it to streamOptimized", maxSparseGrains)
	}
	v.grains = append(v.grains, storedGrain{sector: sector, number: uint32(number)}) //nolint:gosec // bounded by readTable
	return nil
}

// readTables takes all that is in front of the grains.
func (v *vmdkSparse) readTables() error {
	for {
		at := uint64(v.in.pos()) / sectorSize //nolint:gosec // positive
		next := v.tables.next()
		if next == directoryAtEnd {
			break
		}
		if next < at {
			return damaged(VMDK, v.in.pos(), "a grain table at sector %d overlaps something else", next)
		}
		if next >= v.header.overHead {
			return unsupported(VMDK, "its tables are not all at the front, so that it can't be read in one pass: "+
				"convert it to streamOptimized")
		}
		if err := v.in.skip(int64(next-at) * sectorSize); err != nil { //nolint:gosec // under maxSector
			return err
		}
		if err := v.tables.read(v.in, next); err != nil {
			return err
		}
	}
	slices.SortFunc(v.grains, func(a, b storedGrain) int { return cmp.Compare(a.sector, b.sector) })
	v.ready = true
	return nil
}

// grain takes the next grain in the file.
func (v *vmdkSparse) grain() (Extent, error) {
	g := v.grains[0]
	h := &v.header
	gap := int64(g.sector)*sectorSize - v.in.pos()
	if gap < 0 {
		return Extent{}, damaged(VMDK, v.in.pos(), "its tables name two grains that overlap, at sector %d", g.sector)
	}
	if err := v.in.skip(gap); err != nil {
		return Extent{}, err
	}
	first := uint64(g.number) * h.grainSize
	length := int(min(h.grainSize, h.capacity-first)) * sectorSize        //nolint:gosec // at most a grain
	e := Extent{Offset: int64(first) * sectorSize, Length: int64(length)} //nolint:gosec // under capacity
	buf := v.lender.lend(length)
	n, err := v.in.fill(buf.data[:length])
	if err == nil && n < length {
		err = v.in.truncated()
	}
	if err != nil {
		buf.release()
		return Extent{}, err
	}
	v.grains = v.grains[1:]
	v.tables.addGrain(uint64(g.number), uint64(g.sector))
	if allZero(buf.data[:length]) {
		buf.release()
		return e, nil
	}
	e.Data = &plain{bytes: buf.data[:length], stored: len(buf.data), buf: buf}
	return e, nil
}

// end judges the whole. What is left after the last grain may be its own
// filling up, and zeros.
func (v *vmdkSparse) end() error {
	if err := v.tables.complete(v.in.pos()); err != nil {
		return err
	}
	clean, err := v.in.zeros()
	if err != nil {
		return err
	}
	if !clean {
		return damaged(VMDK, v.in.pos(), "something follows its last grain")
	}
	return io.EOF
}
