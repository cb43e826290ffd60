package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A folder is one kind's place on the disk: files NAME+ext.
type folder struct {
	store *Store
	kind  string
	ext   string // with its dot
	path  string

	// Guarded by store.writing:
	prepared bool
	closing  func() // called by Close; may be nil

	mu      sync.Mutex
	names   []string // what the folder held when its mark was seen
	seen    mark
	settled bool
}

func newFolder(s *Store, kind, ext string) *folder {
	if !kindGrammar.MatchString(kind) || kind == batchKind {
		panic(fmt.Sprintf("store: %q can't be a kind", kind))
	}
	f := &folder{store: s, kind: kind, ext: ext, path: filepath.Join(s.dir, kind)}
	s.register(f)
	return f
}

func (f *folder) file(name string) string { return f.path + "/" + name + f.ext }

// prepare makes the folder, durably, and removes what a killed process left in
// it. The caller holds store.writing. It is done once, unless somebody takes the
// folder away; a failure is tried again by the next writer.
func (f *folder) prepare() error {
	d := f.store.disk
	if f.prepared {
		if _, err := d.lstat(f.path); err == nil {
			return nil
		}
		f.prepared = false
	}
	if err := d.makeFolder(f.path); err != nil {
		return err
	}
	if f.store.mayRemoveTemps() {
		if err := d.sweep(f.path); err != nil {
			return err
		}
	}
	f.prepared = true
	return nil
}

// makeFolder makes sure that a folder, its entry and its entries are durable:
// they may come from a process that was killed before it could see to that.
func (d disk) makeFolder(path string) error {
	err := again(func() error { return d.sys.mkdir(path, folderMode) })
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("cannot make the folder %s: %w", path, err)
	}
	// A parent that isn't ours may be closed to us; its entry was made by others.
	if err := d.syncFolder(filepath.Dir(path)); err != nil && !errors.Is(err, unix.EACCES) {
		return err
	}
	return d.syncFolder(path)
}

// sweep removes the temporary files of a process that is no more.
func (d disk) sweep(path string) error {
	entries, err := d.sys.readDir(path)
	if err != nil {
		return fmt.Errorf("cannot list the folder %s: %w", path, err)
	}
	for _, e := range entries {
		if !tempGrammar.MatchString(e.Name()) || e.IsDir() {
			continue
		}
		if err := d.unlink(filepath.Join(path, e.Name())); err != nil {
			return fmt.Errorf("cannot remove the leftover %s: %w", filepath.Join(path, e.Name()), err)
		}
	}
	return nil
}

// list returns the names in the folder, sorted; the result is not to be changed.
// A folder that isn't there is empty.
func (f *folder) list() ([]string, error) {
	names, _, _, err := f.listed()
	return names, err
}

// listed is list with the folder's mark, which may tell of later changes once it
// has settled.
func (f *folder) listed() (names []string, m mark, settled bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	st, err := f.store.disk.lstat(f.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, mark{}, false, nil
	case err != nil:
		return nil, mark{}, false, fmt.Errorf("cannot look at the folder %s: %w", f.path, err)
	}
	m = markOf(&st)
	if f.settled && m == f.seen {
		return f.names, m, true, nil
	}
	entries, err := f.store.disk.sys.readDir(f.path)
	if err != nil {
		return nil, mark{}, false, fmt.Errorf("cannot list the folder %s: %w", f.path, err)
	}
	f.names, f.seen, f.settled = f.namesOf(entries), m, m.settled(now)
	return f.names, m, f.settled, nil
}

// atClose says what the store's Close calls.
func (f *folder) atClose(call func()) {
	f.store.writing.Lock()
	defer f.store.writing.Unlock()
	f.closing = call
}

func (f *folder) namesOf(entries []fs.DirEntry) []string {
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		name, ours := strings.CutSuffix(e.Name(), f.ext)
		if ours && nameGrammar.MatchString(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// exists tells whether anything stands under the name, be it broken.
func (f *folder) exists(name string) (bool, error) {
	_, err := f.store.disk.lstat(f.file(name))
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	default:
		return false, fmt.Errorf("cannot look at %s: %w", f.file(name), err)
	}
}

// put makes a change that gives a name new content. One that is to create it
// fails with fs.ErrExist where something has that name.
func (f *folder) put(c *change) error {
	unlock, err := f.store.beginWrite()
	if err != nil {
		return err
	}
	defer unlock()
	if err := f.prepare(); err != nil {
		return err
	}
	if err := c.meet(); err != nil || c.idle {
		return err
	}
	if err := f.place(c); err != nil {
		return err
	}
	c.took()
	return f.sync()
}

// place writes the new content and renames it.
func (f *folder) place(c *change) error {
	d := f.store.disk
	temp, err := d.writeTemp(f.path, c.data)
	if err != nil {
		return err
	}
	var flags uint
	if c.action == create {
		flags = unix.RENAME_NOREPLACE
	}
	from := filepath.Join(f.path, temp)
	if err = c.stillMet(); err == nil {
		if err = d.rename(from, f.file(c.name), flags); err == nil {
			return nil
		}
		err = fmt.Errorf("cannot put %s in place: %w", f.file(c.name), err)
	}
	_ = d.unlink(from) // the sweep of the next start sees to a failure
	return err
}

// remove makes a change that takes a name away; fs.ErrNotExist where it isn't.
func (f *folder) remove(c *change) error {
	d := f.store.disk
	unlock, err := f.store.beginWrite()
	if err != nil {
		return err
	}
	defer unlock()
	if err := c.meet(); err != nil {
		return err
	}
	if err := again(func() error { return d.sys.unlink(f.file(c.name)) }); err != nil {
		return fmt.Errorf("cannot remove %s: %w", f.file(c.name), err)
	}
	c.took()
	return f.sync()
}

// sync makes a change durable that was made.
func (f *folder) sync() error {
	if err := f.store.disk.syncFolder(f.path); err != nil {
		return fmt.Errorf("%w: %w", ErrNotDurable, err)
	}
	return nil
}
