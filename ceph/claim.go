package ceph

import (
	"fmt"
	"slices"
	"syscall"
	"time"
)

const (
	// removalsLock is a shared lock on namesObject. Its holders' cookies are the
	// ids of the images in the trash that somebody is removing right now.
	removalsLock = "removals"

	// claimLease ends the claim of a client that was killed; a living one renews
	// its own in time.
	claimLease = 30 * time.Second
	claimRenew = claimLease / 3
	// lockMayRenew is LIBRADOS_LOCK_FLAG_MAY_RENEW of librados.h.
	lockMayRenew = byte(1)
)

// claim keeps all others from removing an image from the trash until release is
// called, or gives syscall.EBUSY when somebody else does so now. The caller
// holds the names, which makes looking and taking one step.
//
// Of two clients that remove one image at the same time, librbd (seen with 16.2)
// lets one wait in rbd_trash_remove for ever: it asks for the exclusive lock of
// an image that is gone meanwhile.
func (p *Pool) claim(id string) (release func(), err error) {
	claims, err := p.ioctx.ListLockers(namesObject, removalsLock)
	if err != nil { // also when there are too many to be listed
		return nil, fmt.Errorf("cannot see which images are being removed: %w", cause(err))
	}
	if slices.Contains(claims.Cookies, id) {
		return nil, fmt.Errorf("somebody removes it: %w", syscall.EBUSY)
	}
	if err := p.lease(id); err != nil {
		return nil, err
	}
	done, renewed := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(renewed)
		p.renew(id, done)
	}()
	return func() {
		close(done)
		<-renewed
		_, _ = p.ioctx.Unlock(namesObject, removalsLock, id) // else it lapses
	}, nil
}

// renew keeps a claim until done.
func (p *Pool) renew(id string, done <-chan struct{}) {
	tick := time.NewTicker(claimRenew)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			_ = p.lease(id) // there is another chance before it lapses
		case <-done:
			return
		}
	}
}

func (p *Pool) lease(id string) error {
	flags := lockMayRenew
	held, err := p.ioctx.LockShared(namesObject, removalsLock, id, "", "", claimLease, &flags)
	if err == nil && held != 0 {
		err = syscall.Errno(-held)
	}
	if err != nil {
		return fmt.Errorf("cannot claim the removal: %w", cause(err))
	}
	return nil
}
