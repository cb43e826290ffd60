package blocktest

import (
	"fmt"
	"io/fs"
)

// sizeCases are about sizes.
func sizeCases() []testCase {
	return []testCase{
		{"exact sizes", exactSizes},
		{"negative size", negativeSize},
		{"resize up", resizeUp},
		{"resize down and up", resizeDownUp},
		{"resize survives reopening", resizeReopen},
	}
}

func exactSizes(s *suite) {
	for _, size := range []int64{0, 1, 511, 512, 513, 4*mib - 1, 4 * mib, 4*mib + 1, maxSize} {
		name := fmt.Sprintf("disk-%d", size)
		v := s.create(name, size)
		s.sizedAs(v, size)
		edge := int(min(size, 600))
		s.zeros(v, 0, edge)
		s.zeros(v, size-int64(edge), edge)
		s.write(v, 1, size-int64(edge), edge)
		s.ok(v.Flush(), "Flush")
		v = s.reopen(v, name)
		s.sizedAs(v, size)
		s.holds(v, 1, size-int64(edge), edge)
		if got := s.info(v).Allocated; got > 2*max(v.ObjectSize(), mib) {
			s.Errorf("a volume of %d bytes with %d written takes %d", size, edge, got)
		}
		s.closeVolume(v)
		s.ok(s.pool.Remove(s.ctx(), name), "Remove")
	}
}

func (s *suite) sizedAs(v interface{ Size() int64 }, size int64) {
	s.Helper()
	if got := v.Size(); got != size {
		s.Fatalf("Size() = %d, want %d", got, size)
	}
}

func negativeSize(s *suite) {
	if v, err := s.pool.Create(s.ctx(), "disk", -1); err == nil {
		s.keep(v)
		s.Error("Create took a negative size")
	} else {
		s.is(err, fs.ErrInvalid, "Create(-1)")
	}
	s.gone("disk")
	v := s.create("disk", 100)
	s.write(v, 1, 0, 100)
	s.is(v.Resize(-1), fs.ErrInvalid, "Resize(-1)")
	s.sizedAs(v, 100)
	s.holds(v, 1, 0, 100)
}

func resizeUp(s *suite) {
	v := s.create("disk", 1000)
	s.write(v, 1, 0, 1000)
	const size = 5*mib + 1
	s.ok(v.Resize(size), "Resize")
	s.sizedAs(v, size)
	s.holds(v, 1, 0, 1000)
	s.zeros(v, 1000, size-1000)
	s.write(v, 1, size-10, 10)
	s.holds(v, 1, size-10, 10)
	if _, err := v.WriteAt(make([]byte, 2), size-1); err == nil {
		s.Error("WriteAt went beyond the new end")
	}
}

// resizeDownUp shows that data that was cut off never comes back.
func resizeDownUp(s *suite) {
	const size = 9*mib + 5
	v := s.create("disk", size)
	s.write(v, 1, 0, size)
	end := int64(size)
	for _, cut := range []int64{9 * mib, 8*mib - 1, 4*mib + 513, 4 * mib, 100_001, 1, 0} {
		s.ok(v.Resize(cut), "Resize down")
		s.sizedAs(v, cut)
		if n, err := v.ReadAt(make([]byte, 1), cut); n != 0 || err == nil {
			s.Errorf("ReadAt beyond the new end = %d, %v", n, err)
		}
		s.ok(v.Resize(end), "Resize up")
		s.holds(v, 1, 0, int(cut))
		s.zeros(v, cut, int(end-cut))
	}
}

func resizeReopen(s *suite) {
	v := s.create("disk", 10_000)
	s.write(v, 1, 0, 10_000)
	s.ok(v.Resize(7777), "Resize")
	s.ok(v.Flush(), "Flush")
	v = s.reopen(v, "disk")
	s.sizedAs(v, 7777)
	s.holds(v, 1, 0, 7777)
	s.ok(v.Resize(7777), "Resize to the same")
	s.ok(v.Resize(123_456), "Resize")
	v = s.reopen(v, "disk")
	s.sizedAs(v, 123_456)
	s.zeros(v, 7777, 123_456-7777)
	if got := s.info(v).Size; got != 123_456 {
		s.Errorf("Info().Size = %d", got)
	}
}
