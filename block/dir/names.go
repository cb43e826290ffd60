package dir

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"spliced/block"
)

// Rename implements block.Pool.
func (p *Pool) Rename(ctx context.Context, from, to string) error {
	if err := p.renameVolume(ctx, from, to); err != nil {
		return fmt.Errorf("rename volume %q to %q: %w", from, to, err)
	}
	return nil
}

func (p *Pool) renameVolume(ctx context.Context, from, to string) error {
	if err := checkNames(from, to); err != nil {
		return err
	}
	err := p.locked(ctx, func() error {
		if _, err := p.marksOf(from); err != nil {
			return err
		}
		return p.rename(from, to)
	})
	if err != nil {
		return err
	}
	return p.folder.Sync()
}

// Remove implements block.Pool. It answers syscall.EBUSY while the volume is
// open here or in another process, and while a hypervisor has locked its file.
func (p *Pool) Remove(ctx context.Context, name string) error {
	if err := p.remove(ctx, name); err != nil {
		return fmt.Errorf("remove volume %q: %w", name, err)
	}
	return nil
}

func (p *Pool) remove(ctx context.Context, name string) error {
	if err := checkNames(name); err != nil {
		return err
	}
	var file *os.File
	err := p.locked(ctx, func() (err error) {
		file, err = p.unlinkVolume(name)
		return err
	})
	if err != nil {
		return err
	}
	// The room comes back with this Close, which may take its time: not under
	// the lock.
	return errors.Join(p.folder.Sync(), file.Close())
}

// unlinkVolume takes a volume's name and metadata away and returns its file.
func (p *Pool) unlinkVolume(name string) (*os.File, error) {
	file, m, err := p.openVolume(name, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	err = p.removable(file, m)
	if err == nil {
		err = p.unlink(name)
	}
	if err == nil {
		err = p.unlink(metadataPrefix + m.id)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// removable tells why a volume can't be removed now.
func (p *Pool) removable(file *os.File, m marks) error {
	if m.frozen() {
		found, err := p.scan()
		if err != nil {
			return err
		}
		if names := found.children(m.id); len(names) > 0 {
			return fmt.Errorf("%w: %q", block.ErrHasClones, names)
		}
	}
	if err := flock(file, unix.LOCK_EX); errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("it is open: %w", syscall.EBUSY)
	} else if err != nil {
		return err
	}
	// QEMU locks what it has open by bytes (block/file-posix.c), not by flock.
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	err := control(file, func(fd int) error {
		return unix.FcntlFlock(uintptr(fd), unix.F_OFD_GETLK, &lock)
	})
	if err == nil && lock.Type != unix.F_UNLCK {
		err = fmt.Errorf("another program has locked it: %w", syscall.EBUSY)
	}
	return err
}
