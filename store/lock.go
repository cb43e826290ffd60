package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	lockName = "lock"
	// lockPause is between two tries for the lock; a worker whose daemon was
	// killed ends within a few of them.
	lockPause = 20 * time.Millisecond
)

// takeLock opens the lock file and takes its lock (flock(2)), which belongs to
// the open file description and so to every process that inherits it.
func (d disk) takeLock(ctx context.Context, path string, wait time.Duration) (*os.File, error) {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	tick := time.NewTicker(lockPause)
	defer tick.Stop()
	for {
		f, err := d.tryLock(path)
		if !errors.Is(err, unix.EWOULDBLOCK) {
			return f, err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("cannot lock %s: %w", path, ErrLocked)
		}
	}
}

// tryLock opens the file anew each time: somebody may have removed it, and then
// a lock on the old one would guard nothing.
func (d disk) tryLock(path string) (*os.File, error) {
	fd, err := d.open(path, unix.O_RDONLY|unix.O_CREAT|unix.O_NOFOLLOW)
	if err != nil {
		return nil, fmt.Errorf("cannot open the lock %s: %w", path, err)
	}
	if err = d.lockFD(fd, path); err != nil {
		_ = d.sys.close(fd)
		return nil, fmt.Errorf("cannot lock %s: %w", path, err)
	}
	return os.NewFile(uintptr(fd), path), nil
}

func (d disk) lockFD(fd int, path string) error {
	if err := again(func() error { return d.sys.flock(fd, unix.LOCK_EX|unix.LOCK_NB) }); err != nil {
		return err
	}
	var st unix.Stat_t
	if err := again(func() error { return d.sys.fstat(fd, &st) }); err != nil {
		return err
	}
	there, err := d.lstat(path)
	if errors.Is(err, unix.ENOENT) || err == nil && there.Ino != st.Ino {
		return unix.EWOULDBLOCK // replaced meanwhile: try the new one
	}
	return err
}
