package store

import (
	"errors"
	"io/fs"
	"sync/atomic"
	"time"
)

// An entry is what a record's file said when it had the mark. Once it is in the
// cache nothing of it is changed but the text that is made of it.
type entry[T any] struct {
	value      T     // what the file says; where err is set, what it said last
	good       bool  // there is such a value
	err        error // why the file can't be used
	generation string
	mark       mark
	settled    bool // the mark was old enough to tell of any later change
	kept       atomic.Pointer[kept]
}

// look returns the record's present entry, from memory when the file is still
// the one that was read. The caller has begun to read.
func (c *Collection[T]) look(name string) *entry[T] {
	if e := c.recall(name); e != nil && e.settled {
		st, err := c.folder.store.disk.lstat(c.folder.file(name))
		if err == nil && e.mark == markOf(&st) {
			return e
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.remember(name, c.load(name))
}

// recall returns the entry in memory, nil where there is none.
func (c *Collection[T]) recall(name string) *entry[T] {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.cache[name]
}

// remember keeps an entry, and in one that has no value the last one that had.
// The caller holds c.mu.
func (c *Collection[T]) remember(name string, e *entry[T]) *entry[T] {
	if errors.Is(e.err, fs.ErrNotExist) {
		delete(c.cache, name)
		return e
	}
	if last := c.cache[name]; e.err != nil && last != nil {
		e.value, e.good = last.value, last.good
	}
	c.cache[name] = e
	return e
}

// wrote remembers what was put in place just now, so that there is a last good
// value even if the next that happens to the file is an edit that breaks it. The
// caller holds the right to write; the file itself is read again when asked for.
func (c *Collection[T]) wrote(name string, data []byte) {
	value, err := c.decode(data)
	if err != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cache[name] = &entry[T]{value: value, good: true, generation: generationOf(data)}
}

// forgot drops what was removed just now.
func (c *Collection[T]) forgot(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.cache, name)
}

// load reads and decodes a file. What the system refused (EIO, EACCES) may pass:
// only what the content itself says is remembered for long.
func (c *Collection[T]) load(name string) *entry[T] {
	now := time.Now()
	data, m, err := c.folder.store.disk.read(c.folder.file(name), MaxRecord)
	e := &entry[T]{mark: m, settled: m.settled(now)}
	if err != nil {
		e.err = err
		e.settled = e.settled && (errors.Is(err, errNotRegular) || errors.Is(err, ErrTooLarge))
		return e
	}
	e.generation = generationOf(data)
	e.value, e.err = c.decode(data)
	e.good = e.err == nil
	return e
}
