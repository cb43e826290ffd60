package store

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// system is every call by which the store touches the disk, so that tests can
// let any of them fail and replay what a power cut would have left. Failures are
// bare errnos.
type system interface {
	mkdir(path string, mode uint32) error
	open(path string, flags int, mode uint32) (fd int, err error)
	read(fd int, p []byte) (int, error)
	write(fd int, p []byte) (int, error)
	fsync(fd int) error
	close(fd int) error
	fstat(fd int, st *unix.Stat_t) error
	lstat(path string, st *unix.Stat_t) error
	statAt(folder int, name string, st *unix.Stat_t) error // as lstat
	readDir(path string) ([]fs.DirEntry, error)
	rename(from, to string, flags uint) error
	unlink(path string) error
	flock(fd, how int) error
	// watch returns a descriptor from which events of a folder are read, EAGAIN
	// where there are none.
	watch(path string, events uint32) (fd int, err error)
}

// kernel is the real system.
type kernel struct{}

func (kernel) mkdir(path string, mode uint32) error { return unix.Mkdir(path, mode) }

func (kernel) open(path string, flags int, mode uint32) (int, error) {
	return unix.Open(path, flags|unix.O_CLOEXEC, mode)
}

func (kernel) read(fd int, p []byte) (int, error)       { return unix.Read(fd, p) }
func (kernel) write(fd int, p []byte) (int, error)      { return unix.Write(fd, p) }
func (kernel) fsync(fd int) error                       { return unix.Fsync(fd) }
func (kernel) close(fd int) error                       { return unix.Close(fd) }
func (kernel) fstat(fd int, st *unix.Stat_t) error      { return unix.Fstat(fd, st) }
func (kernel) lstat(path string, st *unix.Stat_t) error { return unix.Lstat(path, st) }
func (kernel) statAt(folder int, name string, st *unix.Stat_t) error {
	return unix.Fstatat(folder, name, st, unix.AT_SYMLINK_NOFOLLOW)
}

func (kernel) unlink(path string) error { return unix.Unlink(path) }
func (kernel) flock(fd, how int) error  { return unix.Flock(fd, how) }

func (kernel) rename(from, to string, flags uint) error {
	return unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, flags)
}

func (kernel) watch(path string, events uint32) (int, error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return -1, err
	}
	if _, err := unix.InotifyAddWatch(fd, path, events); err != nil {
		_ = unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

func (kernel) readDir(path string) ([]fs.DirEntry, error) {
	f, err := os.Open(path) //nolint:gosec // the state folder is the admin's choice
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close() //nolint:errcheck // nothing was written
	entries, err := f.ReadDir(-1)
	return entries, bare(err)
}

// bare takes the errno out of what package os wraps around it.
func bare(err error) error {
	if errno, ok := errors.AsType[unix.Errno](err); ok {
		return errno
	}
	return err
}

// again repeats a call that a signal interrupted (signal(7)). It is not for
// close, which has closed the descriptor even then (close(2)).
func again(call func() error) error {
	for {
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
