package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"spliced/block"
)

// objectSize is large enough that the cost of a system call doesn't show and
// small enough to be cheap to hold.
const objectSize = 1 << 20

// A volume is an open file, which holds a shared lock while it is open.
type volume struct {
	pool   *Pool
	file   *os.File
	name   string // when it was opened, for messages
	id     string
	size   atomic.Int64
	frozen atomic.Bool
}

func newVolume(p *Pool, file *os.File, name string, size int64, m marks) *volume {
	v := &volume{pool: p, file: file, name: name, id: m.id}
	v.size.Store(size)
	v.frozen.Store(m.frozen())
	return v
}

// ReadAt implements io.ReaderAt.
func (v *volume) ReadAt(p []byte, off int64) (int, error) { return v.file.ReadAt(p, off) }

// WriteAt implements io.WriterAt.
func (v *volume) WriteAt(p []byte, off int64) (int, error) {
	if err := v.writable(off, int64(len(p))); err != nil {
		return 0, fmt.Errorf("write %d bytes at %d of volume %q: %w", len(p), off, v.name, err)
	}
	n, err := v.file.WriteAt(p, off)
	return n, noSpace(err)
}

// Zero implements block.Volume.
func (v *volume) Zero(off, length int64) error {
	err := v.writable(off, length)
	if err == nil && length > 0 {
		err = v.punch(off, length)
	}
	if err != nil {
		return fmt.Errorf("zero %d bytes at %d of volume %q: %w", length, off, v.name, err)
	}
	return nil
}

// punch makes a hole (fallocate(2)), or writes zeros where the file system has
// no holes.
func (v *volume) punch(off, length int64) error {
	const mode = unix.FALLOC_FL_PUNCH_HOLE | unix.FALLOC_FL_KEEP_SIZE
	err := control(v.file, func(fd int) error { return unix.Fallocate(fd, mode, off, length) })
	if errors.Is(err, errors.ErrUnsupported) {
		return writeZeros(v.file, off, length)
	}
	return os.NewSyscallError("fallocate", err)
}

func writeZeros(f *os.File, off, length int64) error {
	zeros := make([]byte, min(length, zeroStep))
	for end := off + length; off < end; off += int64(len(zeros)) {
		if _, err := f.WriteAt(zeros[:min(end-off, zeroStep)], off); err != nil {
			return noSpace(err)
		}
	}
	return nil
}

// Data implements block.Volume.
func (v *volume) Data(ctx context.Context, visit func(off, length int64) error) error {
	var refused error
	err := eachRun(v.file, func(start, end int64) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		refused = visit(start, end-start)
		return refused
	})
	if err != nil && refused == nil {
		return fmt.Errorf("look for data of volume %q: %w", v.name, err)
	}
	return err
}

// Flush implements block.Volume.
func (v *volume) Flush() error {
	if err := control(v.file, unix.Fdatasync); err != nil {
		return fmt.Errorf("flush volume %q: %w", v.name, noSpace(err))
	}
	return nil
}

// Resize implements block.Volume.
func (v *volume) Resize(size int64) error {
	err := v.writable(0, 0)
	if err == nil && size < 0 {
		err = fs.ErrInvalid
	}
	if err == nil {
		err = v.file.Truncate(size)
	}
	if err != nil {
		return fmt.Errorf("resize volume %q to %d bytes: %w", v.name, size, noSpace(err))
	}
	v.size.Store(size)
	return nil
}

// Size implements block.Volume.
func (v *volume) Size() int64 { return v.size.Load() }

// ObjectSize implements block.Volume.
func (*volume) ObjectSize() int64 { return objectSize }

// Close implements block.Volume.
func (v *volume) Close() error { return v.file.Close() }

// writable tells whether the range may be written now.
func (v *volume) writable(off, length int64) error {
	size := v.size.Load()
	switch {
	case v.frozen.Load():
		return block.ErrFrozen
	case off < 0 || length < 0 || off > size || length > size-off:
		return fmt.Errorf("the volume has %d bytes: %w", size, fs.ErrInvalid)
	}
	return nil
}
