package ingest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A memFile is a sparse file in memory (memfd_create(2)), of which only what is
// written takes any. It is not on a disk of the host.
type memFile struct {
	*os.File
	size int64
}

// newMemFile makes a file of size bytes, all hole.
func newMemFile(size int64) (*memFile, error) {
	fd, err := unix.MemfdCreate("spliced", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	m := &memFile{File: os.NewFile(uintptr(fd), "memfd:spliced"), size: size}
	err = m.Chmod(0o600) // mkswap(8) complains of others' rights
	if err == nil {
		err = m.Truncate(size)
	}
	if err != nil {
		return nil, errors.Join(err, m.Close())
	}
	return m, nil
}

// Size is sparse's.
func (m *memFile) Size() int64 { return m.size }

// Data is sparse's: lseek(2).
func (m *memFile) Data(ctx context.Context, visit func(off, length int64) error) error {
	for end := int64(0); ; {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		start, err := m.Seek(end, unix.SEEK_DATA)
		if errors.Is(err, syscall.ENXIO) {
			return nil
		}
		if err != nil {
			return err
		}
		if end, err = m.Seek(start, unix.SEEK_HOLE); err != nil {
			return err
		}
		if err := visit(start, end-start); err != nil {
			return err
		}
	}
}

// taken is how much memory the file takes, in bytes.
func (m *memFile) taken() (int64, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(m.Fd()), &st); err != nil {
		return 0, os.NewSyscallError("fstat", err)
	}
	return st.Blocks * 512, nil // stat(2): always in units of 512
}

// lookEvery is how often the memory that a program takes is looked at; in that
// time it can write some ten MiB more.
const lookEvery = 10 * time.Millisecond

// within runs write, whose context ends when the file takes more than limit
// bytes of memory, which then is the failure.
func (m *memFile) within(ctx context.Context, limit int64, write func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	looked := make(chan struct{})
	go func() {
		defer close(looked)
		cancel(m.outgrows(ctx, limit))
	}()
	err := write(ctx)
	cause := context.Cause(ctx)
	cancel(nil)
	<-looked
	switch {
	case err == nil:
		return m.fits(limit)
	case cause != nil:
		return cause
	}
	return err
}

// outgrows waits until the file takes more than limit bytes, and says so, or
// until ctx ends.
func (m *memFile) outgrows(ctx context.Context, limit int64) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := m.fits(limit); err != nil {
			return err
		}
	}
}

// fits returns nil while the file takes no more than limit bytes of memory.
func (m *memFile) fits(limit int64) error {
	taken, err := m.taken()
	switch {
	case err != nil:
		return fmt.Errorf("cannot see how much memory the filesystem takes: %w", err)
	case taken > limit:
		return refuse(TooLarge, "a filesystem of %d bytes like this takes more than the %d MiB of memory that it may", m.size, limit>>20).
			withHint("Choose a smaller disk, other options, or make the filesystem in the guest.")
	}
	return nil
}
