package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Options say how a Store is opened. The zero value is a good one.
type Options struct {
	// LockWait bounds the wait for the lock of a process before us, whose workers
	// may live a moment longer than itself. 0 tries once.
	LockWait time.Duration
}

// A Store owns a state folder. All its methods, and those of its Collections and
// Blobs, may be called from any goroutine.
type Store struct {
	dir  string
	disk disk
	lock *os.File

	// writing is held by whoever changes files: one at a time.
	writing sync.Mutex
	folders map[string]*folder // by kind
	closed  bool
	// problems tells of batches that can't be read; while there are any, no
	// temporary file is removed, because such a batch may need it.
	problems []error

	// visible is held for writing while a batch is put in place, so that nobody
	// sees a part of it, and for reading while files are looked at.
	visible sync.RWMutex
	// unfinished are the batches that are decided but not in place yet. Changed
	// under writing and visible both.
	unfinished []intent
}

// Open takes the state folder dir, making it (not its parents) with mode 0750
// where it isn't, and completes the batches of a process that was killed. It
// waits for the folder's lock as long as the options say and ctx lives, then
// fails with ErrLocked. Broken files don't make it fail; see Problems.
func Open(ctx context.Context, dir string, o Options) (*Store, error) {
	return open(ctx, dir, o, kernel{})
}

func open(ctx context.Context, dir string, o Options, sys system) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("cannot find the state folder %q: %w", dir, err)
	}
	s := &Store{dir: dir, disk: disk{sys}, folders: make(map[string]*folder)}
	if err := s.disk.makeFolder(dir); err != nil {
		return nil, err
	}
	s.lock, err = s.disk.takeLock(ctx, filepath.Join(dir, lockName), o.LockWait)
	if err != nil {
		return nil, err
	}
	if err := s.recover(); err != nil {
		_ = s.lock.Close()
		return nil, err
	}
	return s, nil
}

// LockFile returns the file whose lock guards the state folder. A worker process
// that inherits it keeps other daemons out until it has ended, too. The store
// keeps owning it.
func (s *Store) LockFile() *os.File { return s.lock }

// Problems returns what Open could not make sense of: interrupted batches whose
// intent can't be read, each a *CorruptError. Their files are left as they are.
func (s *Store) Problems() []error { return s.problems }

// Close gives the folder's lock back, once no inherited copy of LockFile is open
// any more either. Writes that come later fail with fs.ErrClosed. The second
// call does nothing.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	for _, f := range s.folders {
		if f.closing != nil {
			f.closing()
		}
	}
	// No LOCK_UN: that would take the lock from the workers that share it.
	if err := s.lock.Close(); err != nil {
		return fmt.Errorf("cannot close the lock of %s: %w", s.dir, err)
	}
	return nil
}

// register claims a kind, and does what a first use of its folder asks for, as
// far as it can be done now: a folder that can't be written may still be read.
func (s *Store) register(f *folder) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.folders[f.kind] != nil {
		panic(fmt.Sprintf("store: the kind %q is in use already", f.kind))
	}
	s.folders[f.kind] = f
	_ = f.prepare()
}

func (s *Store) mayRemoveTemps() bool { return len(s.problems) == 0 && len(s.unfinished) == 0 }

// beginWrite waits for the right to change files and completes what an earlier
// batch left undone.
func (s *Store) beginWrite() (unlock func(), err error) {
	s.writing.Lock()
	err = s.finishAll()
	if s.closed {
		err = fmt.Errorf("cannot write to the state folder %s: %w", s.dir, fs.ErrClosed)
	}
	if err != nil {
		s.writing.Unlock()
		return nil, err
	}
	return s.writing.Unlock, nil
}

// beginRead keeps batches from being put in place until unlock is called, and
// completes first what an earlier one left undone.
func (s *Store) beginRead() (unlock func(), err error) {
	s.visible.RLock()
	if len(s.unfinished) == 0 {
		return s.visible.RUnlock, nil
	}
	s.visible.RUnlock()
	release, err := s.beginWrite()
	if err != nil && !errors.Is(err, fs.ErrClosed) {
		return nil, err
	}
	if release != nil {
		release()
	}
	s.visible.RLock()
	return s.visible.RUnlock, nil
}
