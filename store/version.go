package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"sync/atomic"

	"spliced/store/strictyaml"
)

// A Version is a record as its file has it. When the file can't be used, Problem
// says why, and the value is what it said when it last could be.
type Version[T any] struct {
	Name  string
	Value T
	// Generation is that of the file's content, of the broken one where there is
	// a Problem: equal ones are the same bytes. Empty when it can't be read at all.
	Generation string
	Problem    *CorruptError

	kept *atomic.Pointer[kept] // of the entry; nil where the value is the caller's own
}

// kept is the text that was made of an entry.
type kept struct {
	with string
	text []byte
}

// Text returns what encode makes of a version that Each has given: for as long as
// the file and with, which says what else goes in, stay the same it is made once
// and kept. Nobody may change it. A collection's versions have one text each, so
// callers must agree on what it is.
func (v *Version[T]) Text(with string, encode func() ([]byte, error)) ([]byte, error) {
	if v.kept == nil {
		return encode()
	}
	if last := v.kept.Load(); last != nil && last.with == with {
		return last.text, nil
	}
	text, err := encode()
	if err == nil {
		v.kept.Store(&kept{with, text})
	}
	return text, err
}

// generationOf is the generation of a file with that content. 64 bits are enough
// to tell apart what people and daemons write to one file.
func generationOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// Look returns the record name with its generation; fs.ErrNotExist, and a
// *CorruptError where the file can't be used and this process never saw it when
// it could be. The value is the caller's own.
func (c *Collection[T]) Look(name string) (Version[T], error) {
	if err := CheckName(name); err != nil {
		return Version[T]{}, c.wrap("read", name, err)
	}
	unlock, err := c.folder.store.beginRead()
	if err != nil {
		return Version[T]{}, c.wrap("read", name, err)
	}
	e := c.look(name)
	unlock()
	if !e.good {
		return Version[T]{}, c.told(name, e.err)
	}
	v := c.version(name, e)
	v.Value = c.clone(v.Value)
	return v, nil
}

// version is what an entry with a value says, with the value still shared.
func (c *Collection[T]) version(name string, e *entry[T]) Version[T] {
	v := Version[T]{Name: name, Value: e.value, Generation: e.generation}
	if e.err != nil {
		v.Problem = c.corrupt(name, e.err)
	}
	return v
}

// Versions returns all records that can be used, or once could, sorted by name,
// and what can't be served at all. The values are the caller's own.
func (c *Collection[T]) Versions() ([]Version[T], []*CorruptError, error) {
	var versions []Version[T]
	corrupt, err := c.Each(func(v *Version[T]) {
		own := Version[T]{Name: v.Name, Value: c.clone(v.Value), Generation: v.Generation, Problem: v.Problem}
		versions = append(versions, own)
	})
	return versions, corrupt, err
}

// Each calls look for what Versions returns, in its order, without making copies:
// 10,000 records take a tenth of the time. What v points to is for the call
// only. The value in it belongs to everybody: nothing that it refers to may ever
// be changed; it may be kept by who keeps to that. The collection may be called
// from within look.
func (c *Collection[T]) Each(look func(v *Version[T])) (corrupt []*CorruptError, err error) {
	unlock, err := c.folder.store.beginRead()
	if err != nil {
		return nil, err
	}
	names, entries, err := c.lookAll()
	unlock()
	if err != nil {
		return nil, err
	}
	var v Version[T] // one for all
	for i, name := range names {
		switch e := entries[i]; {
		case e.good:
			v = c.version(name, e)
			v.kept = &e.kept
			look(&v)
		case !errors.Is(e.err, fs.ErrNotExist): // gone since the folder was listed
			corrupt = append(corrupt, c.corrupt(name, e.err))
		}
	}
	return corrupt, nil
}

// Problems returns a *CorruptError for each file that can't be used, sorted by
// name, be there a last good value or not.
func (c *Collection[T]) Problems() ([]*CorruptError, error) {
	var problems []*CorruptError
	unlock, err := c.folder.store.beginRead()
	if err != nil {
		return nil, err
	}
	names, entries, err := c.lookAll()
	unlock()
	for i, name := range names {
		if err := entries[i].err; err != nil && !errors.Is(err, fs.ErrNotExist) {
			problems = append(problems, c.corrupt(name, err))
		}
	}
	return problems, err
}

// Update replaces the record name, which must still be of that generation, by v,
// and returns the new generation. Comments, the order of keys and the layout stay
// as they are in the file; where v is what the file says already nothing is
// written. fs.ErrNotExist, ErrChanged, a *CorruptError for a file that can't be
// used, and what Put answers.
//
// The generation is compared with the file itself, right before it is replaced:
// an edit is never overwritten that the caller has not seen.
func (c *Collection[T]) Update(name, generation string, v T) (string, error) {
	ch, err := c.update(name, generation, v)
	if err == nil {
		err = c.folder.put(&ch)
	}
	if err != nil {
		return "", c.wrap("write", name, err)
	}
	return generationOf(ch.data), nil
}

// DeleteVersion removes the record name, which must still be of that generation,
// be it usable or not; fs.ErrNotExist, ErrChanged, a *CorruptError where it can't
// even be read.
func (c *Collection[T]) DeleteVersion(name, generation string) error {
	ch, err := c.deletion(name, generation)
	if err == nil {
		err = c.folder.remove(&ch)
	}
	return c.wrap("remove", name, err)
}

// UpdateIn adds an Update to the batch. An edit of the file is seen up to the
// moment at which the batch is put in place, but for one case: where the process
// is killed just then, the next one completes the batch as it was decided.
func (c *Collection[T]) UpdateIn(b *Batch, name, generation string, v T) {
	ch, err := c.update(name, generation, c.clone(v))
	b.add(ch, c.wrap("write", name, err))
}

// DeleteVersionIn adds a DeleteVersion to the batch, with what UpdateIn says.
func (c *Collection[T]) DeleteVersionIn(b *Batch, name, generation string) {
	ch, err := c.deletion(name, generation)
	b.add(ch, c.wrap("remove", name, err))
}

// change is a change of the record name that keeps the memory of it right.
func (c *Collection[T]) change(name string, a action) change {
	return change{folder: c.folder, name: name, action: a, done: func(ch *change) {
		if ch.action == remove {
			c.forgot(name)
		} else {
			c.wrote(name, ch.data)
		}
	}}
}

func (c *Collection[T]) update(name, generation string, v T) (change, error) {
	ch := c.change(name, replace)
	plain, err := c.encode(name, v) // the checks that need no file
	ch.expect(generation)
	ch.revise = func(now []byte) ([]byte, error) { return c.merge(name, now, v, plain) }
	return ch, err
}

func (c *Collection[T]) deletion(name, generation string) (change, error) {
	ch := c.change(name, remove)
	ch.expect(generation)
	return ch, CheckName(name)
}

// merge returns the file's text now with v for its value, or plain where the
// text has a form into which that can't be brought.
func (c *Collection[T]) merge(name string, now []byte, v T, plain []byte) ([]byte, error) {
	if _, err := c.decode(now); err != nil {
		return nil, c.corrupt(name, err)
	}
	o := strictyaml.Options{Limit: MaxRecord, WantEnd: true}
	merged, err := c.codec.Merge(now, record[T]{Schema: c.schema, Body: v}, o)
	if err != nil {
		return nil, err
	}
	if _, err := c.decode(merged); err == nil {
		return merged, nil
	}
	return plain, nil // it would be too large, say
}
