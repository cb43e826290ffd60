package ceph

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"

	"github.com/ceph/go-ceph/rbd"

	"spliced/block"
)

// discardMax bounds one discard, in bytes: librbd takes up to 2 GiB, and sends
// out all that belongs to one at once.
const discardMax = 256 << 20

// A volume is an open RBD image.
type volume struct {
	pool       *Pool
	name       string
	img        *rbd.Image
	objectSize int64
	size       atomic.Int64
	frozen     atomic.Bool
	closed     atomic.Bool
}

// load asks what the image is like.
func (v *volume) load() error {
	stat, err := v.img.Stat()
	if err != nil {
		return err
	}
	snapshots, err := userSnapshots(v.img)
	if err != nil {
		return err
	}
	v.size.Store(int64(stat.Size))      //nolint:gosec // librbd's limit is far below
	v.objectSize = int64(stat.Obj_size) //nolint:gosec // at most 32 MiB
	v.frozen.Store(len(snapshots) > 0)
	return nil
}

// ReadAt implements io.ReaderAt.
func (v *volume) ReadAt(p []byte, off int64) (int, error) {
	switch {
	case v.closed.Load():
		return 0, v.failure("read", off, int64(len(p)), fs.ErrClosed)
	case off < 0:
		return 0, v.failure("read", off, int64(len(p)), fs.ErrInvalid)
	}
	want := p[:min(int64(len(p)), max(v.size.Load()-off, 0))]
	n, err := v.img.ReadAt(want, off)
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return 0, v.failure("read", off, int64(len(p)), err)
	case n < len(p):
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements io.WriterAt.
func (v *volume) WriteAt(p []byte, off int64) (int, error) {
	if err := v.writable(off, int64(len(p))); err != nil {
		return 0, v.failure("write", off, int64(len(p)), err)
	}
	n, err := v.img.WriteAt(p, off)
	if errors.Is(err, io.EOF) { // go-ceph's word for a short write
		err = io.ErrShortWrite
	}
	if err != nil {
		return n, v.failure("write", off, int64(len(p)), err)
	}
	return n, nil
}

// Zero implements block.Volume: it discards, which deletes whole objects, and
// writes zeros to no more than the ends of the range.
func (v *volume) Zero(off, length int64) error {
	if err := v.writable(off, length); err != nil {
		return v.failure("zero", off, length, err)
	}
	for end := off + length; off < end; {
		n := min(discardMax-off%discardMax, end-off)
		if _, err := v.img.Discard(uint64(off), uint64(n)); err != nil { //nolint:gosec // writable refuses negative ones
			return v.failure("zero", off, n, err)
		}
		off += n
	}
	return nil
}

// writable says why length bytes from off can't be written.
func (v *volume) writable(off, length int64) error {
	switch {
	case v.closed.Load():
		return fs.ErrClosed
	case v.frozen.Load():
		return block.ErrFrozen
	case off < 0 || length < 0 || length > v.size.Load()-off:
		return fs.ErrInvalid
	}
	return nil
}

// Flush implements block.Volume.
func (v *volume) Flush() error {
	if v.closed.Load() {
		return failure("flush", v.name, fs.ErrClosed)
	}
	if err := v.img.Flush(); err != nil {
		return failure("flush", v.name, err)
	}
	return nil
}

// Resize implements block.Volume.
func (v *volume) Resize(size int64) error {
	err := v.writable(0, 0)
	if err == nil && size < 0 {
		err = fs.ErrInvalid
	}
	if err == nil && size != v.size.Load() {
		err = v.img.Resize(uint64(size)) //nolint:gosec // not negative
	}
	if err != nil {
		return failure("resize", v.name, fmt.Errorf("to %d bytes: %w", size, cause(err)))
	}
	v.size.Store(size)
	return nil
}

// Size implements block.Volume.
func (v *volume) Size() int64 { return v.size.Load() }

// ObjectSize implements block.Volume.
func (v *volume) ObjectSize() int64 { return v.objectSize }

// Close implements block.Volume. A second call does no harm: librbd would free
// its memory twice.
func (v *volume) Close() error {
	if v.closed.Swap(true) {
		return failure("close", v.name, fs.ErrClosed)
	}
	err := v.img.Close()
	v.pool.open.Add(-1)
	if err != nil {
		return failure("close", v.name, err)
	}
	return nil
}

// failure says which bytes could not be read or written.
func (v *volume) failure(action string, off, length int64, err error) error {
	return fmt.Errorf("cannot %s %d bytes at %d of volume %q: %w", action, length, off, v.name, cause(err))
}
