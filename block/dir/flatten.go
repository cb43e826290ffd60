package dir

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"spliced/block"
)

// Flatten implements block.Pool. The file of a clone is whole as it is, also
// where it shares data with its parent's: only the mark that tells of the parent
// goes.
func (p *Pool) Flatten(ctx context.Context, name string) error {
	err := checkNames(name)
	if err == nil {
		err = p.locked(ctx, func() error { return p.flatten(name) })
	}
	if err != nil {
		return fmt.Errorf("flatten volume %q: %w", name, err)
	}
	return nil
}

// flatten is Flatten under the lock.
func (p *Pool) flatten(name string) error {
	file, m, err := p.openVolume(name, unix.O_RDONLY)
	if err != nil {
		return err
	}
	if m.parent != "" {
		err = errors.Join(disown(file, m.frozen()), file.Sync())
	}
	return errors.Join(err, file.Close())
}

// disown removes the mark of the parent. As in volume.mark, attributes can't be
// changed where the mode forbids writing.
func disown(file *os.File, frozen bool) (err error) {
	if frozen {
		if err := permit(file, readWrite); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, permit(file, readOnly)) }()
	}
	err = control(file, func(fd int) error { return unix.Fremovexattr(fd, markParent) })
	return os.NewSyscallError("fremovexattr", err)
}

// Locate implements block.Pool.
func (p *Pool) Locate(ctx context.Context) (block.Location, error) {
	if err := ctx.Err(); err != nil {
		return block.Location{}, fmt.Errorf("locate the pool: %w", err)
	}
	var st unix.Statfs_t
	if err := again(func() error { return unix.Fstatfs(p.fd(), &st) }); err != nil {
		return block.Location{}, fmt.Errorf("locate the pool: %w", err)
	}
	return block.Location{Folder: p.path, Buffered: st.Type == unix.TMPFS_MAGIC}, nil
}
