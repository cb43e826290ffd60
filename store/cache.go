package store

import (
	"errors"
	"io/fs"
	"runtime"
	"sync"
	"sync/atomic"
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
	e, fresh := c.recall(name)
	if !fresh {
		e = c.load(name)
		c.remember(name, e)
	}
	return e
}

// recall returns the entry in memory, if it is sure to be what the file says. An
// entry without value or file is fresh, too: there is nothing to load.
func (c *Collection[T]) recall(name string) (e entry[T], fresh bool) {
	st, err := c.folder.store.disk.lstat(c.folder.file(name))
	if err != nil {
		delete(c.cache, name)
		return entry[T]{err: err}, true
	}
	e, known := c.cache[name]
	return e, known && e.settled && e.mark == markOf(&st)
}

func (c *Collection[T]) remember(name string, e entry[T]) {
	if errors.Is(e.err, fs.ErrNotExist) {
		delete(c.cache, name)
		return
	}
	c.cache[name] = e
}

// loadShare is how many files are worth a goroutine of their own.
const loadShare = 64

// lookMany is look for many names, with all processors at work: a first look at
// 10,000 records is a second of parsing.
func (c *Collection[T]) lookMany(names []string) []entry[T] {
	entries := make([]entry[T], len(names))
	var missing []int
	for i, name := range names {
		e, fresh := c.recall(name)
		entries[i] = e
		if !fresh {
			missing = append(missing, i)
		}
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), 1+len(missing)/loadShare) {
		wg.Go(func() {
			for n := next.Add(1); int(n) <= len(missing); n = next.Add(1) {
				i := missing[n-1]
				entries[i] = c.load(names[i])
			}
		})
	}
	wg.Wait()
	for _, i := range missing {
		c.remember(names[i], entries[i])
	}
	return entries
}

// load reads and decodes a file. What the system refused (EIO, EACCES) may pass:
// only what the content itself says is remembered for long.
func (c *Collection[T]) load(name string) entry[T] {
	now := time.Now()
	data, m, err := c.folder.store.disk.read(c.folder.file(name), MaxRecord)
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
