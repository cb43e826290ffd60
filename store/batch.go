package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// A Batch gathers changes that happen all or not at all. It is filled by
// PutIn, CreateIn, UpdateIn, DeleteIn and DeleteVersionIn of the Collections and Blobs of one Store, by one
// goroutine, and touches nothing before Commit. One that is dropped leaves
// nothing behind.
type Batch struct {
	store   *Store
	changes []*change
	err     error // of the first change that can't be
}

// NewBatch returns an empty batch.
func (s *Store) NewBatch() *Batch { return &Batch{store: s} }

// PutIn adds a Put to the batch. What can't be written Commit will tell.
func (c *Collection[T]) PutIn(b *Batch, name string, v T) { c.in(b, name, v, replace) }

// CreateIn adds a Create to the batch.
func (c *Collection[T]) CreateIn(b *Batch, name string, v T) { c.in(b, name, v, create) }

// DeleteIn adds a Delete to the batch.
func (c *Collection[T]) DeleteIn(b *Batch, name string) {
	b.add(c.change(name, remove), c.wrap("remove", name, CheckName(name)))
}

func (c *Collection[T]) in(b *Batch, name string, v T, a action) {
	ch := c.change(name, a)
	var err error
	ch.data, err = c.encode(name, v)
	b.add(ch, c.wrap("write", name, err))
}

// PutIn adds a Put to the batch, which keeps data until Commit.
func (b *Blobs) PutIn(to *Batch, name string, data []byte) {
	to.add(change{folder: b.folder, name: name, data: data, action: replace}, b.wrap("write", name, checkBlob(name, data)))
}

// CreateIn adds a Put for a name that must be free to the batch.
func (b *Blobs) CreateIn(to *Batch, name string, data []byte) {
	to.add(change{folder: b.folder, name: name, data: data, action: create}, b.wrap("write", name, checkBlob(name, data)))
}

// DeleteIn adds a Delete to the batch.
func (b *Blobs) DeleteIn(from *Batch, name string) {
	from.add(change{folder: b.folder, name: name, action: remove}, b.wrap("remove", name, CheckName(name)))
}

func (b *Batch) add(c change, err error) {
	for _, other := range b.changes {
		if err == nil && other.folder == c.folder && other.name == c.name {
			err = fmt.Errorf("cannot change %q of %s twice in one batch: %w", c.name, c.folder.kind, fs.ErrInvalid)
		}
	}
	if c.folder.store != b.store {
		panic("store: a batch can't span stores")
	}
	if b.err == nil {
		b.err = err
	}
	b.changes = append(b.changes, &c)
}

// Commit makes all changes, durably, or none: fs.ErrExist for what was to be
// created and is there, fs.ErrNotExist for what was to be deleted and is not,
// ErrChanged or a *CorruptError for what was to be updated or deleted in another
// version, and whatever Put answers. Only with ErrUnfinished in the chain are they
// decided in spite of the failure, and will be completed. A batch is committed
// once.
func (b *Batch) Commit() error {
	if b.err != nil || len(b.changes) == 0 {
		return b.err
	}
	s := b.store
	unlock, err := s.beginWrite()
	if err != nil {
		return err
	}
	defer unlock()
	if err := b.check(); err != nil {
		return err
	}
	in, err := b.stage()
	if err != nil {
		s.discard(in)
		return err
	}
	return b.decide(in)
}

// check looks whether the files are as the changes want them. Only an edit by
// hand can come between this and the renames.
func (b *Batch) check() error {
	for _, c := range b.changes {
		if err := c.folder.prepare(); err != nil {
			return err
		}
		there, err := c.folder.exists(c.name)
		switch {
		case err != nil:
			return err
		case there && c.action == create:
			return fmt.Errorf("cannot create %q of %s: %w", c.name, c.folder.kind, fs.ErrExist)
		case !there && c.action == remove:
			return fmt.Errorf("cannot remove %q of %s: %w", c.name, c.folder.kind, fs.ErrNotExist)
		}
		if err := c.meet(); err != nil {
			return c.told(err)
		}
	}
	return nil
}

// stage writes all new content under temporary names, durably with their folder
// entries: when the intent exists, so do they.
func (b *Batch) stage() (intent, error) {
	in := intent{}
	folders := make(map[*folder]bool)
	for _, c := range b.changes {
		step := step{Kind: c.folder.kind, File: filepath.Base(c.folder.file(c.name))}
		if c.action != remove {
			temp, err := b.store.disk.writeTemp(c.folder.path, c.data)
			if err != nil {
				return in, err
			}
			step.Temp = temp
			folders[c.folder] = true
		}
		in.Steps = append(in.Steps, step)
	}
	for f := range folders {
		if err := b.store.disk.syncFolder(f.path); err != nil {
			return in, err
		}
	}
	return in, nil
}

// discard removes what stage wrote; the sweep of the next start sees to what
// can't be removed now.
func (s *Store) discard(in intent) {
	for _, st := range in.Steps {
		if st.Temp != "" {
			_ = s.disk.unlink(filepath.Join(s.dir, st.Kind, st.Temp))
		}
	}
}

// decide writes the intent, from which on the batch happens, and completes it.
func (b *Batch) decide(in intent) error {
	s := b.store
	data, err := encodeIntent(in)
	if err != nil {
		s.discard(in)
		return err
	}
	path := filepath.Join(s.dir, batchKind)
	if err := s.disk.makeFolder(path); err != nil {
		s.discard(in)
		return err
	}
	temp, err := s.disk.writeTemp(path, data)
	if err != nil {
		s.discard(in)
		return err
	}
	in.file = filepath.Join(path, temp[1:]+intentExt)
	if err := s.disk.rename(filepath.Join(path, temp), in.file, 0); err != nil {
		_ = s.disk.unlink(filepath.Join(path, temp))
		return s.undo(in, err)
	}
	if err := s.disk.syncFolder(path); err != nil {
		return s.undo(in, err)
	}
	// The last moment to see an edit by hand: now the files are replaced.
	for _, c := range b.changes {
		if err := c.stillMet(); err != nil {
			return s.undo(in, c.told(err))
		}
	}
	if err := s.finish(in); err != nil {
		s.suspend(in)
		return fmt.Errorf("%w: %w", ErrUnfinished, err)
	}
	for _, c := range b.changes {
		c.took()
	}
	return nil
}

// undo takes back an intent that may have become durable, or not, before any of
// its steps was taken. Where even that fails only completing it is left.
func (s *Store) undo(in intent, cause error) error {
	err := s.disk.unlink(in.file)
	if err == nil {
		err = s.disk.syncFolder(filepath.Dir(in.file))
	}
	if err != nil {
		s.suspend(in)
		return fmt.Errorf("%w: %w", ErrUnfinished, errors.Join(cause, err))
	}
	s.discard(in)
	return cause
}
