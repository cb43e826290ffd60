package disk

import "hash/maphash"

// A ledger proves, in constant memory, that the grains that came are those that
// a directory's tables name: each once, at its place, and no others.
//
// Each side adds up a keyed hash of every (table, slot, sector): equal sums mean
// equal multisets, but for a chance of about one in 2^110 that nobody can work
// on, since the keys are drawn anew for each image and never leave. A term is
// the product of a hash of the table's number and one of slot and sector, so
// that a table that comes before its number is known can be added up first and
// multiplied when the directory tells.
type ledger struct {
	tableKeys [2]maphash.Seed
	entryKeys [2]maphash.Seed
}

// A sum is one side's; the zero value is the empty one.
type sum struct {
	lanes [2]uint64
	count uint64
}

func newLedger() *ledger {
	return &ledger{
		tableKeys: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		entryKeys: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
}

// entry adds a table's entry to the table's own sum.
func (l *ledger) entry(s *sum, slot int, sector uint32) {
	key := uint64(slot)<<32 | uint64(sector) //nolint:gosec // slot is under tableEntries
	for i := range s.lanes {
		s.lanes[i] += maphash.Comparable(l.entryKeys[i], key)
	}
	s.count++
}

// table adds what is known of a table to the whole.
func (l *ledger) table(s *sum, number uint32, t sum) {
	for i := range s.lanes {
		s.lanes[i] += maphash.Comparable(l.tableKeys[i], number) * t.lanes[i]
	}
	s.count += t.count
}

// grain adds a grain that came.
func (l *ledger) grain(s *sum, number uint64, sector uint32) {
	var t sum
	l.entry(&t, int(number%tableEntries), sector)
	l.table(s, uint32(number/tableEntries), t) //nolint:gosec // bounded by the capacity
}
