package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"spliced/block"
)

// Create implements block.Pool.
func (p *Pool) Create(ctx context.Context, name string, size int64) (block.Volume, error) {
	v, err := p.create(ctx, name, size)
	if err != nil {
		return nil, fmt.Errorf("create volume %q: %w", name, err)
	}
	return v, nil
}

func (p *Pool) create(ctx context.Context, name string, size int64) (*volume, error) {
	if err := checkNames(name); err != nil {
		return nil, err
	}
	if size < 0 {
		return nil, fmt.Errorf("a size of %d bytes: %w", size, fs.ErrInvalid)
	}
	s, err := p.stageFor(ctx, name, size)
	if err != nil {
		return nil, err
	}
	file, err := s.commit(ctx, name)
	if err != nil {
		return nil, err
	}
	return newVolume(p, file, name, size, marks{id: s.id}), nil
}

// stageFor stages a file for a name that is free so far.
func (p *Pool) stageFor(ctx context.Context, name string, size int64) (*staged, error) {
	unlock, err := p.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := p.free(name); err != nil {
		return nil, err
	}
	return p.stage(size, "")
}

// free answers fs.ErrExist when something has the name, be it a volume or not.
// It only spares work: rename is what decides.
func (p *Pool) free(name string) error {
	var st unix.Stat_t
	err := again(func() error { return unix.Fstatat(p.fd(), name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	switch {
	case err == nil:
		return p.pathError("look for", name, fs.ErrExist)
	case errors.Is(err, fs.ErrNotExist):
		return nil
	}
	return p.pathError("stat", name, err)
}

// Open implements block.Pool.
func (p *Pool) Open(ctx context.Context, name string) (block.Volume, error) {
	v, err := p.open(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("open volume %q: %w", name, err)
	}
	return v, nil
}

func (p *Pool) open(ctx context.Context, name string) (*volume, error) {
	if err := checkNames(name); err != nil {
		return nil, err
	}
	unlock, err := p.lock(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	file, m, err := p.openVolume(name, unix.O_RDWR)
	if errors.Is(err, fs.ErrPermission) {
		file, m, err = p.openFrozen(name, err)
	}
	if err != nil {
		return nil, err
	}
	st, err := file.Stat()
	if err == nil {
		err = flock(file, unix.LOCK_SH)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return newVolume(p, file, name, st.Size(), m), nil
}

// openFrozen opens a volume whose mode keeps us from writing, as it does unless
// we are root. Only a frozen one may have such a mode; for others refused holds.
func (p *Pool) openFrozen(name string, refused error) (*os.File, marks, error) {
	file, m, err := p.openVolume(name, unix.O_RDONLY)
	if err == nil && !m.frozen() {
		err = errors.Join(refused, file.Close())
	}
	return file, m, err
}
