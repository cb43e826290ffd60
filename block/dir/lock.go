package dir

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// How often a lock that another process holds is tried. Nobody holds one for
// longer than a few system calls, unless its storage hangs.
const (
	firstTry = time.Millisecond
	lastTry  = 50 * time.Millisecond
)

// lock takes the folder's lock, which every change of its names holds, against
// other goroutines and other processes (a kill ends the hold). It tries until
// ctx ends, because waiting in flock(2) would not end with it.
func (p *Pool) lock(ctx context.Context) (unlock func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case p.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for wait := firstTry; ; wait = min(2*wait, lastTry) {
		err := flock(p.folder, unix.LOCK_EX)
		if err == nil {
			return p.unlock, nil
		}
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = pause(ctx, wait)
		}
		if err != nil {
			<-p.turn
			return nil, err
		}
	}
}

// locked calls f with the lock held.
func (p *Pool) locked(ctx context.Context, f func() error) error {
	unlock, err := p.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return f()
}

// unlock can't fail on a descriptor that lock has locked.
func (p *Pool) unlock() {
	_ = flock(p.folder, unix.LOCK_UN)
	<-p.turn
}

// flock is flock(2) without waiting: syscall.EWOULDBLOCK when another
// descriptor holds a lock in the way.
func flock(f *os.File, how int) error {
	return control(f, func(fd int) error { return unix.Flock(fd, how|unix.LOCK_NB) })
}

// control calls f with the file's descriptor, which stays open meanwhile, and
// again whenever a signal interrupted it. The Go runtime sends signals to
// itself, and not every file system restarts its calls.
func control(file *os.File, f func(fd int) error) error {
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = conn.Control(func(fd uintptr) {
		inner = again(func() error { return f(int(fd)) })
	})
	if err != nil {
		return err
	}
	return inner
}

// again repeats a system call that a signal interrupted.
func again(f func() error) error {
	for {
		if err := f(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}

// pause waits, or returns early with the reason when ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
