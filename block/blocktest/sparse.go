package blocktest

import (
	"context"
	"errors"
	"io/fs"

	"spliced/block"
)

// sparseCases are about which parts of a volume hold data.
func sparseCases() []testCase {
	return []testCase{
		{"data of a new volume", dataNone},
		{"data is found", dataFound},
		{"data of a clone", dataOfClone},
		{"data, given up", dataGivenUp},
	}
}

// runsOf collects what Data says, and complains unless it is in order and
// within the volume.
func (s *suite) runsOf(v block.Volume) (runs [][2]int64) {
	s.Helper()
	end := int64(0)
	err := v.Data(s.ctx(), func(off, length int64) error {
		if off < end || length <= 0 || off+length > v.Size() {
			s.Errorf("Data gives %d bytes at %d after %d, of %d", length, off, end, v.Size())
		}
		end = off + length
		runs = append(runs, [2]int64{off, end})
		return nil
	})
	s.ok(err, "Data")
	return runs
}

// covers complains unless one of the runs, or some that touch, have the range.
func (s *suite) covers(runs [][2]int64, off, length int64) {
	s.Helper()
	at := off
	for _, r := range runs {
		if r[0] <= at && at < r[1] {
			at = r[1]
		}
	}
	if at < off+length {
		s.Errorf("%v has no byte %d", runs, at)
	}
}

// spares complains unless the runs leave most of a volume out.
func (s *suite) spares(runs [][2]int64, atMost int64) {
	s.Helper()
	sum := int64(0)
	for _, r := range runs {
		sum += r[1] - r[0]
	}
	if sum > atMost {
		s.Errorf("%d bytes are called data, want at most %d", sum, atMost)
	}
}

func dataNone(s *suite) {
	if runs := s.runsOf(s.create("disk", maxSize)); len(runs) > 0 {
		s.Errorf("a new volume has data: %v", runs)
	}
	if runs := s.runsOf(s.create("empty", 0)); len(runs) > 0 {
		s.Errorf("an empty volume has data: %v", runs)
	}
}

func dataFound(s *suite) {
	size := maxSize - 100 // no whole object at the end
	v := s.create("disk", size)
	s.write(v, 1, 12*mib+5, 100)
	s.write(v, 1, size-50, 50)
	s.ok(v.Flush(), "Flush")
	runs := s.runsOf(v)
	s.covers(runs, 12*mib+5, 100)
	s.covers(runs, size-50, 50)
	s.spares(runs, 2*max(v.ObjectSize(), 64<<10))
}

func dataOfClone(s *suite) {
	const size = 40 * mib
	s.golden("base", size)
	s.clone("base", "copy")
	v := s.openVolume("copy")
	s.write(v, 2, 20*mib, 1000)
	s.ok(v.Flush(), "Flush")
	runs := s.runsOf(v)
	s.covers(runs, 0, 4096)
	s.covers(runs, 20*mib, 1000)
	s.covers(runs, size-1000, 1000)
	s.spares(runs, 3*max(v.ObjectSize(), 64<<10))
}

func dataGivenUp(s *suite) {
	v := s.create("disk", 40*mib)
	s.write(v, 1, 0, 100)
	s.write(v, 1, 20*mib, 100)
	s.ok(v.Flush(), "Flush")
	calls := 0
	err := v.Data(s.ctx(), func(int64, int64) error { calls++; return fs.ErrClosed })
	if !errors.Is(err, fs.ErrClosed) || calls != 1 {
		s.Errorf("Data = %v after %d calls", err, calls)
	}
	ctx, cancel := context.WithCancel(s.ctx())
	cancel()
	s.is(v.Data(ctx, func(int64, int64) error { return nil }), context.Canceled, "Data with a context that ended")
}
