package disk

import (
	"io"

	"spliced/disk/inflate"
)

// A vmdkStream reads a streamOptimized VMDK: a row of markers, each at the
// start of a sector, between or behind which the tables are.
//
// Grains are taken where their own markers place them, in any order. What the
// tables are for is the proof, at the end, that nothing is missing.
type vmdkStream struct {
	*vmdkHead
	in      *input
	tables  *vmdkTables
	lender  *lender
	decoder *grainDecoder
	footer  bool // has come
	err     error
}

// compressedFactor is how much larger than its grain a compressed grain may be.
// Deflate grows what it can't compress by less than a thousandth; writers that
// flush needlessly add a little more.
const compressedFactor = 2

// maxProgress is the longest metadata, in sectors, that a progress marker may
// announce. Writers announce none.
const maxProgress = 128

func newVMDKStream(in *input, head *vmdkHead) *vmdkStream {
	grain := int(head.header.grainSize) * sectorSize //nolint:gosec // at most maxGrain
	return &vmdkStream{
		vmdkHead: head, in: in,
		tables: newVMDKTables(&head.header),
		lender: newLender(compressedFactor*grain, bufferStep),
		decoder: &grainDecoder{
			inflater: inflate.New(), scratch: newLender(grain, grain), grain: grain,
		},
	}
}

// Info is Reader's.
func (v *vmdkStream) Info() Info { return v.info() }

// Size is Reader's.
func (v *vmdkStream) Size() int64 { return v.header.size() }

// Next is Reader's.
func (v *vmdkStream) Next() (Extent, error) {
	for v.err == nil {
		e, err := v.step()
		if err == nil && e.Data != nil {
			return e, nil
		}
		v.err = err
	}
	return Extent{}, v.err
}

// step takes what is at the present sector. Only a grain gives an extent.
func (v *vmdkStream) step() (Extent, error) {
	at := uint64(v.in.pos()) / sectorSize //nolint:gosec // positive
	next := v.tables.next()
	switch {
	case next < at:
		return Extent{}, damaged(VMDK, v.in.pos(), "a grain table at sector %d overlaps something else", next)
	case next == at:
		return Extent{}, v.tables.read(v.in, at)
	case at < v.header.overHead:
		return Extent{}, v.in.skip(int64(min(next, v.header.overHead)-at) * sectorSize) //nolint:gosec // under maxSector
	case at > maxSector:
		return Extent{}, tooLarge(VMDK, "it goes on after 2 TiB, beyond what its tables can name")
	}
	return v.marked(at)
}

// marked takes a marker and what it announces.
func (v *vmdkStream) marked(at uint64) (Extent, error) {
	b, err := v.in.peek(sectorSize)
	if err != nil {
		return Extent{}, err
	}
	if len(b) == 0 {
		return Extent{}, v.end(false)
	}
	if len(b) < sectorSize {
		return Extent{}, v.in.truncated()
	}
	m := parseMarker(b)
	if m.size > 0 {
		return v.grain(at, m)
	}
	if _, err := v.in.take(sectorSize); err != nil {
		return Extent{}, err
	}
	return Extent{}, v.metadata(at+1, m)
}

// metadata takes what a metadata marker announces, which starts at the sector.
func (v *vmdkStream) metadata(at uint64, m marker) error {
	switch {
	case v.footer && m.kind != markerEnd:
		return damaged(VMDK, v.in.pos(), "something follows its footer")
	case m.kind == markerTable && m.value == tableSectors:
		if v.tables.next() == at {
			return v.tables.read(v.in, at)
		}
		return v.tables.readEarly(v.in, at)
	case m.kind == markerDirectory && m.value-v.header.directorySectors() <= 1:
		return v.directory(at, m.value)
	case m.kind == markerFooter && m.value == 1:
		return v.readFooter()
	case m.kind == markerProgress && m.value <= maxProgress:
		return v.in.skip(int64(m.value) * sectorSize)
	case m.kind == markerEnd && m.value == 0:
		return v.end(true)
	}
	return damaged(VMDK, v.in.pos()-sectorSize, "a marker of the type %d announces %d sectors, which makes no sense", m.kind, m.value)
}

// directory takes a directory that a marker announced: one of those whose place
// is known, or the one whose place the footer is to tell.
func (v *vmdkStream) directory(at, sectors uint64) error {
	t := v.tables
	for c := range copies {
		if !t.seen[c] && t.at[c] == at {
			return t.readDirectory(v.in, c, sectors)
		}
	}
	if t.seen[primary] || t.at[primary] != directoryAtEnd {
		return damaged(VMDK, v.in.pos(), "its grain directory is not where its header says")
	}
	t.at[primary] = at
	return t.readDirectory(v.in, primary, sectors)
}

// readFooter takes the footer, which is the header again but for the place of
// the directory: two that differ would be two disks in one file.
func (v *vmdkStream) readFooter() error {
	at := v.in.pos()
	b, err := v.in.take(sectorSize)
	if err != nil {
		return err
	}
	footer := [sectorSize]byte(b)
	place := parseVMDKHeader(b).gdOffset
	if v.header.gdOffset == directoryAtEnd {
		copy(footer[56:64], v.sector[56:64])
	}
	if footer != v.sector {
		return damaged(VMDK, at, "its footer and its header differ")
	}
	if place != v.tables.at[primary] || !v.tables.seen[primary] {
		return damaged(VMDK, at, "its grain directory is not where its footer says")
	}
	v.footer = true
	return nil
}

// grain takes one compressed grain.
func (v *vmdkStream) grain(at uint64, m marker) (Extent, error) {
	h := &v.header
	pos := v.in.pos()
	switch {
	case v.footer:
		return Extent{}, damaged(VMDK, pos, "something follows its footer")
	case m.value >= h.capacity || m.value%h.grainSize != 0:
		return Extent{}, damaged(VMDK, pos, "a grain is said to be at sector %d, where none can be", m.value)
	case uint64(m.size) > compressedFactor*h.grainSize*sectorSize:
		return Extent{}, damaged(VMDK, pos, "a grain has %d bytes of compressed data, more than it can need", m.size)
	}
	buf, err := v.load(int(m.size))
	if err != nil {
		return Extent{}, err
	}
	v.tables.addGrain(m.value/h.grainSize, at)
	return Extent{
		Offset: int64(m.value) * sectorSize,                              //nolint:gosec // under capacity
		Length: int64(min(h.grainSize, h.capacity-m.value)) * sectorSize, //nolint:gosec // at most a grain
		Data:   &deflated{buf: buf, length: int(m.size), offset: pos, decoder: v.decoder},
	}, nil
}

// load takes the marker, the compressed data, and the padding to the end of the
// sector.
func (v *vmdkStream) load(size int) (*buffer, error) {
	if _, err := v.in.take(grainMarkerSize); err != nil {
		return nil, err
	}
	buf := v.lender.lend(size)
	n, err := v.in.fill(buf.data[:size])
	if err == nil && n < size {
		err = v.in.truncated()
	}
	if err == nil {
		err = v.pad()
	}
	if err != nil {
		buf.release()
		return nil, err
	}
	return buf, nil
}

// pad takes the rest of a sector.
func (v *vmdkStream) pad() error {
	rest := v.in.pos() % sectorSize
	if rest == 0 {
		return nil
	}
	return v.in.skip(sectorSize - rest)
}

// end judges the whole, at the end marker or at the end of the input. Only files
// with their tables at the front (qemu's) may lack an end marker.
func (v *vmdkStream) end(marked bool) error {
	pos := v.in.pos()
	if !marked && v.tables.at[primary] >= v.header.overHead {
		return damaged(VMDK, pos, "it is cut off: its end marker is missing")
	}
	if v.header.gdOffset == directoryAtEnd && !v.footer {
		return damaged(VMDK, pos, "it is cut off: its footer is missing")
	}
	if err := v.tables.complete(pos); err != nil {
		return err
	}
	clean, err := v.in.zeros()
	if err != nil {
		return err
	}
	if !clean {
		return damaged(VMDK, v.in.pos(), "something follows its end")
	}
	return io.EOF
}
