package blocktest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"

	"spliced/block"
)

// pattern is n bytes of data whose content is its own offset: each aligned
// group of eight bytes says where it belongs, so that misplaced data shows.
// Seeds tell volumes apart; no seed from 1 on gives zeros.
func pattern(seed, off int64, n int) []byte {
	start := off &^ 7
	data := make([]byte, 0, n+16)
	for at := start; at < off+int64(n); at += 8 {
		data = binary.BigEndian.AppendUint64(data, uint64(seed<<48|at)) //nolint:gosec // bits, not a number
	}
	return data[off-start:][:n]
}

// ok ends the test if err is not nil.
func (s *suite) ok(err error, what string) {
	s.Helper()
	if err != nil {
		s.Fatalf("%s: %v", what, err)
	}
}

// is complains unless err is want.
func (s *suite) is(err, want error, what string) {
	s.Helper()
	if !errors.Is(err, want) {
		s.Errorf("%s: got %v, want %v", what, err, want)
	}
}

// write writes the pattern to a range.
func (s *suite) write(v block.Volume, seed, off int64, n int) {
	s.Helper()
	got, err := v.WriteAt(pattern(seed, off, n), off)
	if got != n || err != nil {
		s.Fatalf("WriteAt(%d bytes, %d) = %d, %v", n, off, got, err)
	}
}

// read reads a range that lies within the volume.
func (s *suite) read(v block.Volume, off int64, n int) []byte {
	s.Helper()
	data := bytes.Repeat([]byte{0xa5}, n)
	got, err := v.ReadAt(data, off)
	if got != n || (err != nil && !errors.Is(err, io.EOF)) {
		s.Fatalf("ReadAt(%d bytes, %d) = %d, %v", n, off, got, err)
	}
	return data
}

// holds complains unless a range reads as the pattern.
func (s *suite) holds(v block.Volume, seed, off int64, n int) {
	s.Helper()
	s.same(s.read(v, off, n), pattern(seed, off, n), off)
}

// zeros complains unless a range reads as zeros.
func (s *suite) zeros(v block.Volume, off int64, n int) {
	s.Helper()
	s.same(s.read(v, off, n), make([]byte, n), off)
}

// same compares data that was read at off, and shows the first difference.
func (s *suite) same(got, want []byte, off int64) {
	s.Helper()
	if bytes.Equal(got, want) {
		return
	}
	for i := range want {
		if got[i] != want[i] {
			at := i &^ 7
			end := min(at+16, len(want))
			s.Fatalf("content differs from byte %d on: got % x, want % x", off+int64(i), got[at:end], want[at:end])
		}
	}
}

// info asks a volume or ends the test.
func (s *suite) info(v block.Volume) block.Info {
	s.Helper()
	info, err := v.Info(s.ctx())
	s.ok(err, "Info")
	if info.Metadata == nil {
		s.Error("Info: Metadata is nil")
	}
	return info
}

// infoOf asks a closed volume.
func (s *suite) infoOf(name string) block.Info {
	s.Helper()
	v := s.openVolume(name)
	defer s.closeVolume(v)
	return s.info(v)
}

// list names the pool's volumes or ends the test.
func (s *suite) list() []string {
	s.Helper()
	names, err := s.pool.List(s.ctx())
	s.ok(err, "List")
	return names
}

// golden makes the closed volume name of size bytes, at least 4096, with the
// pattern at its start and its end and the snapshot "base".
func (s *suite) golden(name string, size int64) {
	s.Helper()
	v := s.create(name, size)
	s.write(v, 1, 0, 4096)
	s.write(v, 1, size-1000, 1000)
	s.ok(v.Flush(), "Flush")
	s.ok(v.Snapshot(s.ctx(), "base"), "Snapshot")
	s.closeVolume(v)
}

// isGolden complains unless v has the content that golden wrote.
func (s *suite) isGolden(v block.Volume, size int64) {
	s.Helper()
	if v.Size() != size {
		s.Fatalf("Size() = %d, want %d", v.Size(), size)
	}
	s.holds(v, 1, 0, 4096)
	s.zeros(v, 4096, int(min(size-1000-4096, 8192)))
	s.holds(v, 1, size-1000, 1000)
}

// clone clones from the snapshot "base" or ends the test.
func (s *suite) clone(parent, clone string) {
	s.Helper()
	s.ok(s.pool.Clone(s.ctx(), parent, "base", clone), "Clone")
}

// gone complains unless the volume is not there.
func (s *suite) gone(name string) {
	s.Helper()
	v, err := s.pool.Open(s.ctx(), name)
	if err == nil {
		s.keep(v)
	}
	s.is(err, fs.ErrNotExist, "Open of a volume that is gone")
}
