package dir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// copyStep is how many bytes are copied between two looks at the context.
	copyStep = 16 << 20
	// zeroStep is how many zeros are written at once where holes can't be made,
	// and how large the buffer is where the kernel can't copy.
	zeroStep = 1 << 20
)

// Clone implements block.Pool. It takes no room on XFS and Btrfs, which share
// data between files, and as much as the parent elsewhere.
func (p *Pool) Clone(ctx context.Context, parent, snapshot, clone string) error {
	if err := p.clone(ctx, parent, snapshot, clone); err != nil {
		return fmt.Errorf("clone volume %q from %q: %w", clone, parent+"@"+snapshot, err)
	}
	return nil
}

func (p *Pool) clone(ctx context.Context, parent, snapshot, clone string) error {
	if err := checkNames(parent, snapshot, clone); err != nil {
		return err
	}
	from, s, err := p.stageClone(ctx, parent, snapshot, clone)
	if err != nil {
		return err
	}
	if err := duplicate(ctx, s.file, from); err != nil {
		return errors.Join(noSpace(err), s.discard(), from.Close())
	}
	// The parent is locked as open until the clone has its name, which is what
	// keeps the parent from being removed from then on.
	file, err := s.commit(ctx, clone)
	if err != nil {
		return errors.Join(err, from.Close())
	}
	return errors.Join(file.Close(), from.Close())
}

// stageClone opens the parent, locked, and stages an empty clone of it.
func (p *Pool) stageClone(ctx context.Context, parent, snapshot, clone string) (*os.File, *staged, error) {
	unlock, err := p.lock(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer unlock()
	from, m, err := p.openVolume(parent, unix.O_RDONLY)
	if err != nil {
		return nil, nil, err
	}
	s, err := p.stageFrom(from, m, snapshot, clone)
	if err != nil {
		return nil, nil, errors.Join(err, from.Close())
	}
	return from, s, nil
}

func (p *Pool) stageFrom(from *os.File, m marks, snapshot, clone string) (*staged, error) {
	if !m.hasSnapshot(snapshot) {
		return nil, fmt.Errorf("there is no such snapshot: %w", fs.ErrNotExist)
	}
	if err := p.free(clone); err != nil {
		return nil, err
	}
	st, err := from.Stat()
	if err != nil {
		return nil, err
	}
	if err := flock(from, unix.LOCK_SH); err != nil {
		return nil, err
	}
	return p.stage(st.Size(), m.id+"@"+snapshot)
}

// duplicate gives to, which is as large as from and all hole, the content of
// from: shared where the file system can, else copied without the holes.
func duplicate(ctx context.Context, to, from *os.File) error {
	err := control(from, func(source int) error {
		return control(to, func(target int) error { return unix.IoctlFileClone(target, source) })
	})
	if err == nil || errors.Is(err, syscall.ENOSPC) {
		return err
	}
	return copyData(ctx, to, from, kernelCopy)
}

// A transfer copies up to n bytes at off from one file to the same place in the
// other, and tells how many.
type transfer func(to, from *os.File, off, n int64) (int64, error)

// copyData copies all that isn't hole.
func copyData(ctx context.Context, to, from *os.File, step transfer) error {
	return eachRun(from, func(start, end int64) error { return copyRange(ctx, to, from, start, end, step) })
}

// eachRun calls visit for each run of data. The kernel tells what isn't hole
// (lseek(2)); on a file system that doesn't know, all is data.
func eachRun(f *os.File, visit func(start, end int64) error) error {
	for end := int64(0); ; {
		start, err := f.Seek(end, unix.SEEK_DATA)
		if errors.Is(err, syscall.ENXIO) {
			return nil
		}
		if err != nil {
			return err
		}
		if end, err = f.Seek(start, unix.SEEK_HOLE); err != nil {
			return err
		}
		if err := visit(start, end); err != nil {
			return err
		}
	}
}

// copyRange copies one run of data.
func copyRange(ctx context.Context, to, from *os.File, off, end int64, step transfer) error {
	for off < end {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := step(to, from, off, min(end-off, copyStep))
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("the parent's file ends at %d, before its data: %w", off, io.ErrUnexpectedEOF)
		}
		off += n
	}
	return nil
}

// kernelCopy is copy_file_range(2), or plainCopy where the file system has none.
func kernelCopy(to, from *os.File, off, n int64) (int64, error) {
	done, in, out := 0, off, off
	err := control(from, func(source int) error {
		return control(to, func(target int) (err error) {
			done, err = unix.CopyFileRange(source, &in, target, &out, int(n), 0)
			return err
		})
	})
	if errors.Is(err, syscall.EXDEV) || errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		return plainCopy(to, from, off, n)
	}
	return int64(done), os.NewSyscallError("copy_file_range", err)
}

// plainCopy reads and writes.
func plainCopy(to, from *os.File, off, n int64) (int64, error) {
	return io.CopyBuffer(
		struct{ io.Writer }{io.NewOffsetWriter(to, off)}, // hides ReadFrom, which would not use the buffer
		io.NewSectionReader(from, off, n),
		make([]byte, min(n, zeroStep)))
}
