package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"spliced/block"
)

const (
	// stagedPrefix and an identity name a file that is being made.
	stagedPrefix = ".spliced.new."
	// newMode is the mode of a new file.
	newMode = 0o600
)

func isStaged(name string) bool {
	id, found := strings.CutPrefix(name, stagedPrefix)
	return found && validID(id)
}

// A staged file is a volume in the making: under a hidden name, locked, so that
// no sweep takes it while its maker lives. It ends with commit or discard.
type staged struct {
	pool *Pool
	file *os.File
	name string
	id   string
}

// stage makes a staged file of size bytes that says it is a clone of parent, if
// that isn't "". The caller holds the lock, or a sweep might come between
// making and locking.
func (p *Pool) stage(size int64, parent string) (*staged, error) {
	id := newID()
	s := &staged{pool: p, name: stagedPrefix + id, id: id}
	file, err := p.openAt(s.name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL)
	if err != nil {
		return nil, noSpace(err)
	}
	s.file = file
	err = flock(file, unix.LOCK_EX)
	if err == nil {
		err = permit(file, readWrite)
	}
	if err == nil {
		err = setMark(file, markID, id)
	}
	if err == nil && parent != "" {
		err = setMark(file, markParent, parent)
	}
	if err == nil {
		err = file.Truncate(size)
	}
	if err != nil {
		return nil, errors.Join(noSpace(err), s.discard())
	}
	return s, nil
}

// commit gives the staged file its name, whole, durable and open, or discards
// it. fs.ErrExist when the name is taken by whatever it be.
func (s *staged) commit(ctx context.Context, name string) (*os.File, error) {
	err := s.file.Sync()
	if err == nil {
		err = s.publish(ctx, name)
	}
	if err != nil {
		return nil, errors.Join(noSpace(err), s.discard())
	}
	s.name = name
	if err := s.pool.folder.Sync(); err != nil {
		return nil, errors.Join(err, s.discard())
	}
	return s.file, nil
}

// publish renames the file, and turns its lock into that of an open volume
// before anybody else may look.
func (s *staged) publish(ctx context.Context, name string) error {
	unlock, err := s.pool.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.pool.rename(s.name, name); err != nil {
		return err
	}
	return flock(s.file, unix.LOCK_SH)
}

// discard removes the file and closes it.
func (s *staged) discard() error {
	return errors.Join(s.pool.unlink(s.name), s.file.Close())
}

// removeAbandoned removes a staged file unless its maker still has it locked.
func (p *Pool) removeAbandoned(name string) error {
	f, err := p.openAt(name, unix.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	err = flock(f, unix.LOCK_EX)
	if err == nil {
		err = p.unlink(name)
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = nil
	}
	return errors.Join(err, f.Close())
}

// rename gives a file a name that nothing has: fs.ErrExist.
func (p *Pool) rename(from, to string) error {
	err := again(func() error {
		return unix.Renameat2(p.fd(), from, p.fd(), to, unix.RENAME_NOREPLACE)
	})
	return p.pathError("renameat2", to, err)
}

// unlink removes a file; one that isn't there is removed.
func (p *Pool) unlink(name string) error {
	err := again(func() error { return unix.Unlinkat(p.fd(), name, 0) })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return p.pathError("unlinkat", name, err)
}

// noSpace makes a used-up quota the lack of room that it is to our callers.
func noSpace(err error) error {
	if errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("%w: %v", syscall.ENOSPC, err)
	}
	return err
}

// checkNames refuses names that ValidName does.
func checkNames(names ...string) error {
	for _, name := range names {
		if !block.ValidName(name) {
			return fmt.Errorf("%.40q can't be a name: %w", name, fs.ErrInvalid)
		}
	}
	return nil
}
