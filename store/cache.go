package store

import (
	"errors"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"
)

// An entry is what a record's file said when it had the mark: a value that is
// never changed again, or why there is none.
type entry[T any] struct {
	value   T
	err     error
	mark    mark
	settled bool // the mark was old enough to tell of any later change
}

// look returns the record's present entry, from memory when the file is still
// the one that was read. The caller holds c.mu and has begun to read.
func (c *Collection[T]) look(name string) entry[T] {
	path := c.folder.file(name)
	now := time.Now()
	st, err := c.folder.store.disk.lstat(path)
	if err != nil {
		delete(c.cache, name)
		return entry[T]{err: err}
	}
	if known, ok := c.cache[name]; ok && known.settled && known.mark == markOf(&st) {
		return known
	}
	e := c.load(path, now)
	if errors.Is(e.err, fs.ErrNotExist) {
		delete(c.cache, name)
	} else {
		c.cache[name] = e
	}
	return e
}

// load reads and decodes a file. What the system refused (EIO, EACCES) may pass:
// only what the content itself says is remembered.
func (c *Collection[T]) load(path string, now time.Time) entry[T] {
	data, m, err := c.folder.store.disk.read(path, MaxRecord)
	e := entry[T]{mark: m, settled: m.settled(now)}
	switch {
	case errors.Is(err, unix.ELOOP):
		e.err = errNotRegular // O_NOFOLLOW met a symbolic link (open(2))
	case err != nil:
		e.err = err
		e.settled = e.settled && (errors.Is(err, errNotRegular) || errors.Is(err, ErrTooLarge))
	default:
		e.value, e.err = c.decode(data)
	}
	return e
}
