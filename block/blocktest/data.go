package blocktest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math"
	"sync"
	"testing/iotest"
)

// dataCases are about bytes.
func dataCases() []testCase {
	return []testCase{
		{"read keeps to io.ReaderAt", readContract},
		{"write at odd offsets", writeOdd},
		{"write beyond the end", writeBeyond},
		{"write from many goroutines", writeConcurrent},
		{"flush and reopen", flushReopen},
		{"zero", zeroRanges},
		{"zero gives room back", zeroRoom},
		{"room", room},
	}
}

func readContract(s *suite) {
	const size = 1003
	v := s.create("disk", size)
	s.write(v, 1, 0, size)
	content := pattern(1, 0, size)
	if err := iotest.TestReader(io.NewSectionReader(v, 0, size), content); err != nil {
		s.Error(err)
	}
	for _, off := range []int64{0, 1, 512, size - 1, size, size + 1, 1 << 50} {
		buf := make([]byte, size+7)
		n, err := v.ReadAt(buf, off)
		want := content[min(off, size):]
		if n != len(want) || !errors.Is(err, io.EOF) {
			s.Fatalf("ReadAt over the end at %d = %d, %v; want %d, EOF", off, n, err, len(want))
		}
		s.same(buf[:n], want, off)
	}
	if n, err := v.ReadAt(make([]byte, 1), -1); n != 0 || err == nil || errors.Is(err, io.EOF) {
		s.Errorf("ReadAt(-1) = %d, %v; want 0 and a refusal", n, err)
	}
	if n, err := v.ReadAt(nil, 5); n != 0 || err != nil {
		s.Errorf("ReadAt of nothing = %d, %v", n, err)
	}
}

func writeOdd(s *suite) {
	const size = 9*mib + 77
	v := s.create("disk", size)
	want := make([]byte, size)
	object := v.ObjectSize()
	if object <= 0 || object&(object-1) != 0 {
		s.Fatalf("ObjectSize() = %d, not a power of two", object)
	}
	edges := []int64{1, 512, 513, 4095, 65536, object, 4 * mib, 8*mib - 1, size - 4001}
	for seed, edge := range edges {
		for _, n := range []int{1, 511, 4000} {
			off := max(min(edge, size-4001)-int64(n)/2, 0)
			s.write(v, int64(seed+1), off, n)
			copy(want[off:], pattern(int64(seed+1), off, n))
		}
	}
	if n, err := v.WriteAt(nil, size); n != 0 || err != nil {
		s.Errorf("WriteAt of nothing at the end = %d, %v", n, err)
	}
	for _, step := range []int{size, mib - 1, 65536} {
		for off := 0; off < size; off += step {
			n := min(step, size-off)
			s.same(s.read(v, int64(off), n), want[off:off+n], int64(off))
		}
	}
}

func writeBeyond(s *suite) {
	const size = 5000
	v := s.create("disk", size)
	s.write(v, 1, 0, size)
	for _, off := range []int64{-1, size - 9, size, size + 1, 1 << 40, math.MaxInt64 - 3} {
		n, err := v.WriteAt(bytes.Repeat([]byte{0xee}, 10), off)
		if n != 0 || !errors.Is(err, fs.ErrInvalid) {
			s.Errorf("WriteAt(10 bytes, %d) = %d, %v; want 0 and fs.ErrInvalid", off, n, err)
		}
	}
	for _, r := range [][2]int64{{size, 1}, {size - 1, 2}, {-1, 1}, {0, -1}, {1, math.MaxInt64}, {math.MaxInt64, 1}} {
		s.is(v.Zero(r[0], r[1]), fs.ErrInvalid, "Zero beyond the size")
	}
	if v.Size() != size {
		s.Errorf("Size() = %d after refused writes, want %d", v.Size(), size)
	}
	s.holds(v, 1, 0, size)
}

func writeConcurrent(s *suite) {
	const (
		size    = 12*mib + 777
		piece   = 123_457 // odd, so that neighbours share sectors, pages and objects
		writers = 16
	)
	v := s.create("disk", size)
	var wg sync.WaitGroup
	failures := make(chan error, writers)
	for w := range writers {
		wg.Go(func() {
			for off := w * piece; off < size; off += writers * piece {
				if _, err := v.WriteAt(pattern(1, int64(off), min(piece, size-off)), int64(off)); err != nil {
					failures <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failures)
	for err := range failures {
		s.Errorf("WriteAt: %v", err)
	}
	s.holds(v, 1, 0, size)
}

func flushReopen(s *suite) {
	const size = 5*mib + 3
	v := s.create("disk", size)
	s.write(v, 1, mib-5, 4*mib)
	s.ok(v.Flush(), "Flush")
	v = s.reopen(v, "disk")
	s.zeros(v, 0, mib-5)
	s.holds(v, 1, mib-5, 4*mib)
	s.zeros(v, 5*mib-5, 8)
	s.write(v, 2, 10, 100)
	s.ok(v.Flush(), "Flush")
	second := s.openVolume("disk")
	s.holds(second, 2, 10, 100)
	s.holds(second, 1, mib-5, 4*mib)
}

func zeroRanges(s *suite) {
	const size = 10*mib + 99
	v := s.create("disk", size)
	s.write(v, 1, 0, size)
	want := pattern(1, 0, size)
	for _, r := range [][2]int64{{1, 1}, {511, 2}, {4096, 4096}, {100_001, 300_003}, {3*mib + 7, 5*mib + 1}, {size - 1, 1}, {700, 0}} {
		s.ok(v.Zero(r[0], r[1]), "Zero")
		clear(want[r[0] : r[0]+r[1]])
	}
	s.same(s.read(v, 0, size), want, 0)
	s.write(v, 2, 4*mib, 1000)
	s.holds(v, 2, 4*mib, 1000)
	s.ok(v.Zero(0, size), "Zero of all")
	s.zeros(v, 0, size)
	s.ok(v.Zero(0, size), "Zero of zeros")
	if v.Size() != size {
		s.Errorf("Size() = %d after Zero, want %d", v.Size(), size)
	}
}

func zeroRoom(s *suite) {
	const size = 16 * mib
	v := s.create("disk", size)
	object := v.ObjectSize()
	if got := s.info(v).Allocated; got < 0 || got > object {
		s.Errorf("Allocated = %d for a new volume", got)
	}
	s.write(v, 1, 0, size)
	s.ok(v.Flush(), "Flush")
	full := s.info(v).Allocated
	if full < size {
		s.Errorf("Allocated = %d with %d bytes written", full, size)
	}
	s.ok(v.Zero(8*mib, 8*mib), "Zero")
	s.ok(v.Flush(), "Flush")
	half := s.info(v).Allocated
	if half > full-8*mib+object {
		s.Errorf("Allocated = %d after half of %d was given back", half, full)
	}
	s.ok(v.Zero(0, size), "Zero")
	s.ok(v.Flush(), "Flush")
	if got := s.info(v).Allocated; got > object {
		s.Errorf("Allocated = %d after all was given back", got)
	}
}

func room(s *suite) {
	v := s.create("disk", 8*mib)
	s.write(v, 1, 0, 8*mib)
	s.ok(v.Flush(), "Flush")
	got, err := s.pool.Room(s.ctx())
	s.ok(err, "Room")
	if got.Size <= 0 || got.Free < 0 || got.Free > got.Size-8*mib {
		s.Errorf("Room() = %+v with 8 MiB in use", got)
	}
}
