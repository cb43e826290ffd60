package ceph

import (
	"context"
	"errors"
	"fmt"

	"github.com/ceph/go-ceph/rbd"
)

// Clone implements block.Pool. It holds the names, so that a removal of the
// parent either comes before and there is no parent, or after and meets a child.
func (p *Pool) Clone(ctx context.Context, parent, snapshot, clone string) error {
	err := ready(ctx, parent, snapshot, clone)
	if err == nil {
		err = p.withNames(ctx, func() error { return p.clone(parent, snapshot, clone) })
	}
	if err != nil {
		return failure("clone", parent, fmt.Errorf("to %q: %w", clone, cause(err)))
	}
	return nil
}

func (p *Pool) clone(parent, snapshot, clone string) error {
	o, err := p.imageOptions()
	if err != nil {
		return err
	}
	defer o.Destroy()
	if err := o.SetUint64(rbd.ImageOptionCloneFormat, cloneFormat); err != nil {
		return err
	}
	if err := p.makeTrash(); err != nil {
		return err
	}
	if err := rbd.CloneImage(p.ioctx, parent, snapshot, p.ioctx, clone, o); err != nil {
		return err
	}
	if err := p.clearMetadata(clone); err != nil {
		return errors.Join(cause(err), cause(rbd.RemoveImage(p.ioctx, clone)))
	}
	return nil
}

// clearMetadata removes what librbd copied from the parent into a new clone.
func (p *Pool) clearMetadata(name string) error {
	img, err := rbd.OpenImage(p.ioctx, name, rbd.NoSnapshot)
	if err != nil {
		return err
	}
	values, err := img.ListMetadata()
	for key := range values {
		err = errors.Join(err, cause(img.RemoveMetadata(key)))
	}
	return errors.Join(cause(err), cause(img.Close()))
}
