package ceph

import (
	"context"
	"errors"
	"syscall"
)

// Flatten implements block.Pool. librbd copies what the clone has of its parent
// object by object, and forgets the parent at last; while a hypervisor has the
// image open and locked, it is its librbd that does so when asked.
func (p *Pool) Flatten(ctx context.Context, name string) error {
	err := ready(ctx, name)
	if err == nil {
		err = p.flatten(name)
	}
	if err != nil {
		return failure("flatten", name, err)
	}
	return nil
}

func (p *Pool) flatten(name string) error {
	v, err := p.openVolume(name)
	if err != nil {
		return err
	}
	parent, err := v.parent()
	if err == nil && parent != "" {
		err = v.img.Flatten()
		if errno(err) == syscall.EINVAL { // somebody else was quicker: there is no parent
			err = nil
		}
	}
	return errors.Join(cause(err), v.Close())
}
