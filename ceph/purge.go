package ceph

import (
	"context"
	"errors"
	"fmt"

	"github.com/ceph/go-ceph/rbd"
)

// removedMark is the metadata of an image that is being removed; its value is
// the volume's name. It means something only in the trash, and only with the
// name that the image had when it went there: what an admin put into the trash
// stays there, also if a removal of it was once begun under another name.
const removedMark = "spliced.removed"

// setMark marks an image that is about to go to the trash.
func (p *Pool) setMark(name string) error {
	img, err := rbd.OpenImage(p.ioctx, name, rbd.NoSnapshot)
	if err != nil {
		return cause(err)
	}
	return errors.Join(cause(img.SetMetadata(removedMark, name)), cause(img.Close()))
}

// clearMark takes the mark off an image that is not removed after all.
func (p *Pool) clearMark(name string) error {
	img, err := rbd.OpenImage(p.ioctx, name, rbd.NoSnapshot)
	if err != nil {
		return cause(err)
	}
	return errors.Join(cause(img.RemoveMetadata(removedMark)), cause(img.Close()))
}

// marked says whether an image in the trash was put there by Remove.
func (p *Pool) marked(t rbd.TrashInfo) (bool, error) {
	img, err := rbd.OpenImageByIdReadOnly(p.ioctx, t.Id, rbd.NoSnapshot)
	if err != nil {
		return false, cause(err)
	}
	values, err := img.ListMetadata()
	mark, ok := values[removedMark]
	return ok && mark == t.Name, errors.Join(cause(err), cause(img.Close()))
}

// purge finishes what removals before left undone. What can't be finished now
// is left to the next: it keeps nobody from removing something else.
func (p *Pool) purge(ctx context.Context) {
	trash, err := rbd.GetTrashList(p.ioctx)
	if err != nil {
		return
	}
	for _, t := range trash {
		if ours, err := p.marked(t); err != nil || !ours {
			continue
		}
		var release func()
		err := p.withNames(ctx, func() (err error) {
			release, err = p.takeOver(t)
			return err
		})
		if err == nil {
			_ = p.destroy(t.Id) // the next removal tries again
			release()
		}
	}
}

// takeOver claims the removal that another client began, unless that one is at
// it still. Who put the image into the trash may not have looked for clones yet:
// that one has the names until it has decided, and so does our caller.
func (p *Pool) takeOver(t rbd.TrashInfo) (release func(), err error) {
	if release, err = p.claim(t.Id); err != nil {
		return nil, err
	}
	if err := p.stillCondemned(t); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// stillCondemned says why an image in the trash is not to be removed. The
// caller holds the names.
func (p *Pool) stillCondemned(t rbd.TrashInfo) error {
	trash, err := rbd.GetTrashList(p.ioctx)
	if err != nil {
		return cause(err)
	}
	for _, now := range trash {
		if now.Id == t.Id {
			return p.removable(t.Id)
		}
	}
	return fmt.Errorf("image %q is out of the trash", t.Id)
}
