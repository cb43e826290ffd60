package disk

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// The two copies of directory and tables that a file may have.
const (
	primary = iota
	redundant
	copies
)

// A place is where the stream is going to hold a directory or a table.
type place struct {
	sector uint32
	number uint32 // of the table
	copy   uint8
}

// An early table came before the directory that gives it its number.
type earlyTable struct {
	sector uint32
	named  bool
	sum    sum
}

// vmdkTables follows directories and tables through the stream, in whichever
// order they come, and keeps the books on what they name.
type vmdkTables struct {
	header  *vmdkHeader
	ledger  *ledger
	came    sum         // grains
	named   [copies]sum // by the tables of each copy
	seen    [copies]bool
	at      [copies]uint64 // sectors of the directories; directoryAtEnd: not known yet
	awaited []place        // tables that directories have named, by sector, nearest last
	early   []earlyTable   // by sector
	// entry is told each entry of the primary tables that names a grain.
	entry func(number uint64, sector uint32) error
}

func newVMDKTables(h *vmdkHeader) *vmdkTables {
	t := &vmdkTables{header: h, ledger: newLedger(), at: [copies]uint64{h.gdOffset, directoryAtEnd}}
	if h.has(flagRedundant) {
		t.at[redundant] = h.rgdOffset
	} else {
		t.seen[redundant] = true
	}
	return t
}

// next is the sector at which the next table or directory is known to be,
// directoryAtEnd when none is.
func (t *vmdkTables) next() uint64 {
	next := uint64(directoryAtEnd)
	for c := range copies {
		if !t.seen[c] {
			next = min(next, t.at[c])
		}
	}
	if n := len(t.awaited); n > 0 {
		next = min(next, uint64(t.awaited[n-1].sector))
	}
	return next
}

// read takes the table or directory that is due at the sector.
func (t *vmdkTables) read(in *input, sector uint64) error {
	for c := range copies {
		if !t.seen[c] && t.at[c] == sector {
			return t.readDirectory(in, c, t.header.directorySectors())
		}
	}
	last := len(t.awaited) - 1
	p := t.awaited[last]
	t.awaited = t.awaited[:last]
	own, err := t.readTable(in, &p)
	if err != nil {
		return err
	}
	t.ledger.table(&t.named[p.copy], p.number, own)
	return nil
}

// readEarly takes a table that a marker announced and no directory has named
// yet.
func (t *vmdkTables) readEarly(in *input, sector uint64) error {
	own, err := t.readTable(in, nil)
	if err != nil {
		return err
	}
	t.early = append(t.early, earlyTable{sector: uint32(sector), sum: own}) //nolint:gosec // under maxSector
	return nil
}

// readTable adds up one table. p is nil for one without a number.
func (t *vmdkTables) readTable(in *input, p *place) (sum, error) {
	var own sum
	at := in.pos()
	b, err := in.take(tableSectors * sectorSize)
	if err != nil {
		return own, err
	}
	for slot := range tableEntries {
		sector := binary.LittleEndian.Uint32(b[slot*4:])
		if sector == 0 || sector == 1 && t.header.has(flagZeroGrain) {
			continue
		}
		t.ledger.entry(&own, slot, sector)
		if p == nil || t.entry == nil || p.copy != primary {
			continue
		}
		number := uint64(p.number)*tableEntries + uint64(slot)
		if number >= t.header.grains() {
			return own, damaged(VMDK, at, "a grain table names a grain beyond the end of the disk")
		}
		if err := t.entry(number, sector); err != nil {
			return own, err
		}
	}
	return own, nil
}

// directorySlice is how much of a directory is looked at at once.
const directorySlice = 64 << 10

// readDirectory takes a directory of so many sectors. Some writers add an entry
// beyond the disk's last, with a table of zeros.
func (t *vmdkTables) readDirectory(in *input, c int, sectors uint64) error {
	t.seen[c] = true
	start := in.pos()
	end := (uint64(start) + sectors*sectorSize) / sectorSize //nolint:gosec // bounded by the caller
	left := int64(sectors) * sectorSize                      //nolint:gosec // at most one more than directorySectors
	for number := uint64(0); left > 0; {
		b, err := in.take(int(min(left, directorySlice)))
		if err != nil {
			return err
		}
		left -= int64(len(b))
		for ; len(b) > 0; b, number = b[4:], number+1 {
			sector := binary.LittleEndian.Uint32(b)
			if sector == 0 {
				continue
			}
			if err := t.nameTable(place{sector: sector, number: uint32(number), copy: uint8(c)}, start, end); err != nil { //nolint:gosec // one sector more than tables()
				return err
			}
		}
	}
	slices.SortFunc(t.awaited, func(a, b place) int { return cmp.Compare(b.sector, a.sector) })
	return nil
}

// nameTable settles a directory's entry: the table has come, or is to come.
func (t *vmdkTables) nameTable(p place, start int64, end uint64) error {
	if uint64(p.sector) >= end {
		t.awaited = append(t.awaited, p)
		return nil
	}
	i, found := slices.BinarySearchFunc(t.early, p.sector, func(e earlyTable, s uint32) int { return cmp.Compare(e.sector, s) })
	if !found || t.early[i].named {
		return damaged(VMDK, start, "its grain directory names a table at sector %d, where there is none of its own", p.sector)
	}
	t.early[i].named = true
	t.ledger.table(&t.named[p.copy], p.number, t.early[i].sum)
	return nil
}

// addGrain books a grain that came.
func (t *vmdkTables) addGrain(number, sector uint64) {
	t.ledger.grain(&t.came, number, uint32(sector)) //nolint:gosec // under maxSector
}

// complete closes the books: all that was named has come, and nothing else.
func (t *vmdkTables) complete(pos int64) error {
	switch {
	case !t.seen[primary] || !t.seen[redundant] || len(t.awaited) > 0:
		return damaged(VMDK, pos, "it is cut off: it ends before its grain directory and tables have come")
	case slices.ContainsFunc(t.early, func(e earlyTable) bool { return !e.named }):
		return damaged(VMDK, pos, "it has a grain table that its directory doesn't name")
	case t.came.count < t.named[primary].count:
		return damaged(VMDK, pos, "it is incomplete: its tables name %d grains, but %d came", t.named[primary].count, t.came.count)
	case t.came != t.named[primary]:
		return damaged(VMDK, pos, "the grains that came are not those that its tables name")
	case t.header.has(flagRedundant) && t.named[redundant] != t.named[primary]:
		return damaged(VMDK, pos, "its grain tables and their redundant copies disagree")
	}
	return nil
}
