package ceph

import (
	"context"
	"crypto/rand"
	"fmt"
	"syscall"
	"time"

	"github.com/ceph/go-ceph/rados"
)

const (
	// namesObject is the object in the pool or namespace whose lock is held
	// while a name is given or taken away. librbd looks whether the new name of
	// an image is free and then writes it, without a lock: of two clients that
	// rename at once both would be told that they succeeded, and one image lost.
	namesObject = "spliced.names"
	namesLock   = "names"

	// namesLease ends the lock of a client that was killed. What is done under
	// the lock takes far less than a second.
	namesLease = 30 * time.Second
	// namesRetry is how often a lock that somebody else has is asked for.
	namesRetry = 20 * time.Millisecond

	// trashObject is the list of RBD's trash. librbd makes it with the first
	// image that is removed, which fails when the pool is full by then.
	trashObject = "rbd_trash"
)

// withNames does something to which name belongs to which image, while nobody
// else does, in this process or in another that uses this package.
func (p *Pool) withNames(ctx context.Context, do func() error) error {
	cookie, err := p.lockNames(ctx)
	if err != nil {
		return fmt.Errorf("cannot lock the names in pool %q: %w", p.name, err)
	}
	err = do()
	// When it can't be given back, or is gone for having taken too long, there
	// is nothing to be done about it.
	_, _ = p.ioctx.Unlock(namesObject, namesLock, cookie)
	<-p.names
	return err
}

// lockNames gets the lock, in this process first.
func (p *Pool) lockNames(ctx context.Context) (cookie string, err error) {
	select {
	case p.names <- struct{}{}:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	defer func() {
		if err != nil {
			<-p.names
		}
	}()
	cookie = rand.Text()
	tick := time.NewTicker(namesRetry)
	defer tick.Stop()
	for {
		held, err := p.ioctx.LockExclusive(namesObject, namesLock, cookie, "", namesLease, nil)
		switch {
		case err != nil:
			return "", cause(err)
		case held == 0:
			return cookie, nil
		case held != -int(syscall.EBUSY):
			return "", fmt.Errorf("the lock is of another kind: %w", syscall.Errno(-held))
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

// makeTrash makes what removing will need, while there is room for it.
func (p *Pool) makeTrash() error {
	if p.trash.Load() {
		return nil
	}
	if err := p.ioctx.Create(trashObject, rados.CreateIdempotent); err != nil {
		return cause(err)
	}
	p.trash.Store(true)
	return nil
}
