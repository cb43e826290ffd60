package ceph

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"syscall"

	"github.com/ceph/go-ceph/rbd"

	"spliced/block"
)

// Remove implements block.Pool.
//
// librbd removes an image in steps, snapshots first, and a snapshot with clones
// is not refused: it goes to a trash of its own from which it can't come back.
// So that a volume goes whole or not at all, its image is first marked as ours
// to remove and moved to RBD's trash, which takes its name away in one step and
// works in a full pool too (a renaming doesn't). A clone can only be begun by
// name: once more is asked whether there is one, and if so, the image gets its
// name back. Only then the snapshots are removed, and the image.
//
// A removal that is cut off in between is finished by the next one in the pool,
// from whichever host. Before that it gives no room back.
func (p *Pool) Remove(ctx context.Context, name string) error {
	err := ready(ctx, name)
	if err == nil {
		p.purge(ctx)
		err = p.remove(ctx, name)
	}
	if err != nil {
		return failure("remove", name, err)
	}
	return nil
}

func (p *Pool) remove(ctx context.Context, name string) error {
	var id string
	var release func()
	err := p.withNames(ctx, func() (err error) {
		id, release, err = p.condemn(name)
		return err
	})
	if err != nil || id == "" {
		return err
	}
	defer release()
	if err := p.destroy(id); err != nil {
		return fmt.Errorf("it is gone, but the next removal has to give its room back: %w", err)
	}
	return nil
}

// condemn moves an image to the trash for good, and gives its id with the claim
// on it, or "" when nothing is left of it. The caller holds the names.
func (p *Pool) condemn(name string) (id string, release func(), err error) {
	img, err := rbd.OpenImageReadOnly(p.ioctx, name, rbd.NoSnapshot) // which doesn't count as use
	if errno(err) == syscall.ENOENT {
		return "", nil, p.removeBroken(name)
	}
	if err != nil {
		return "", nil, cause(err)
	}
	id, err = img.GetId()
	if err == nil {
		err = inUse(img)
	}
	if err = errors.Join(cause(err), cause(img.Close())); err != nil {
		return "", nil, err
	}
	if release, err = p.claim(id); err != nil {
		return "", nil, err
	}
	if err := p.discard(name, id); err != nil {
		release()
		return "", nil, err
	}
	return id, release, nil
}

// discard moves an image to the trash, with our mark, if it is removable from
// there.
func (p *Pool) discard(name, id string) error {
	if err := p.setMark(name); err != nil {
		return err
	}
	if err := rbd.GetImage(p.ioctx, name).Trash(0); err != nil {
		return errors.Join(cause(err), p.clearMark(name))
	}
	if err := p.removable(id); err != nil {
		return errors.Join(err, cause(rbd.TrashRestore(p.ioctx, id, name)), p.clearMark(name))
	}
	return nil
}

// removable says why an image in the trash can't be removed, and readies it.
func (p *Pool) removable(id string) error {
	return p.inTrash(id, func(img *rbd.Image) error {
		// The image is open for writing now, and we are one of its watchers.
		if err := needed(img); err != nil {
			return err
		}
		return unprotect(img)
	})
}

// inUse says why an image can't be removed.
func inUse(img *rbd.Image) error {
	watchers, err := img.ListWatchers()
	if err != nil {
		return cause(err)
	}
	if len(watchers) > 0 {
		return fmt.Errorf("%s has it open: %w", watchers[0].Addr, syscall.EBUSY)
	}
	return needed(img)
}

// needed says what else in Ceph needs an image.
func needed(img *rbd.Image) error {
	children, err := img.ListChildrenAttributes()
	if err != nil {
		return cause(err)
	}
	if len(children) > 0 {
		return fmt.Errorf("%w: %s/%s", block.ErrHasClones, children[0].PoolName, children[0].ImageName)
	}
	all, err := img.GetSnapshotNames()
	if err != nil {
		return cause(err)
	}
	users, err := userSnapshots(img)
	if err != nil {
		return cause(err)
	}
	group, err := img.GetGroup()
	if err != nil {
		return cause(err)
	}
	if len(users) < len(all) || group.Name != "" {
		return fmt.Errorf("a group, a mirror or Ceph's trash needs it: %w", syscall.EBUSY)
	}
	return nil
}

// unprotect takes the protection off all snapshots, or off none. Clones of
// format 1, which this package doesn't make, need protected ones.
func unprotect(img *rbd.Image) error {
	snapshots, err := userSnapshots(img)
	if err != nil {
		return cause(err)
	}
	var done []*rbd.Snapshot
	for _, info := range snapshots {
		s := img.GetSnapshot(info.Name)
		protected, err := s.IsProtected()
		if err == nil && protected {
			err = s.Unprotect()
		}
		if err != nil {
			for _, s := range done {
				err = errors.Join(cause(err), cause(s.Protect()))
			}
			return cause(err)
		}
		if protected {
			done = append(done, s)
		}
	}
	return nil
}

// destroy removes an image that removable has found good to remove. The caller
// has the claim on it.
func (p *Pool) destroy(id string) error {
	err := p.inTrash(id, func(img *rbd.Image) error {
		snapshots, err := userSnapshots(img)
		for _, info := range snapshots {
			if err := img.GetSnapshot(info.Name).Remove(); err != nil && errno(err) != syscall.ENOENT {
				return cause(err)
			}
		}
		return cause(err)
	})
	if err == nil {
		err = cause(rbd.TrashRemove(p.ioctx, id, true))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// inTrash opens an image in the trash to do something with it.
func (p *Pool) inTrash(id string, do func(*rbd.Image) error) error {
	img, err := rbd.OpenImageById(p.ioctx, id, rbd.NoSnapshot)
	if err != nil {
		return cause(err)
	}
	return errors.Join(do(img), cause(img.Close()))
}

// removeBroken removes what a client leaves that dies while it creates an image:
// a name in the pool's list with no image to it.
func (p *Pool) removeBroken(name string) error {
	names, err := rbd.GetImageNames(p.ioctx)
	if err != nil {
		return cause(err)
	}
	if !slices.Contains(names, name) {
		return fs.ErrNotExist
	}
	return cause(rbd.RemoveImage(p.ioctx, name))
}
