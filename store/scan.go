package store

import (
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// How many files are worth a goroutine of their own (reading and parsing one
// takes some 100 µs, looking at one a few), and how many a watch, whose end makes
// the kernel wait for all its processors.
const (
	loadShare  = 64
	markShare  = 1024
	watchShare = 256
)

// A scan is what a collection held when its folder had the mark.
type scan[T any] struct {
	names   []string
	entries []*entry[T]
	mark    mark
	at      time.Time
	settled bool // any change since would have shown
}

// lookAll returns the names and their entries, not to be changed. The caller has
// begun to read. One looks at a time; who waited finds the other's scan. Who
// wants a single record doesn't wait, unless it must be read and others are.
func (c *Collection[T]) lookAll() ([]string, []*entry[T], error) {
	c.scanning.Lock()
	defer c.scanning.Unlock()
	names, m, settled, err := c.folder.listed()
	if err != nil {
		return nil, nil, err
	}
	last := c.last
	quiet := len(names) >= watchShare && c.watch.quiet(c.folder.path, m)
	if quiet && last.settled && settled && last.mark == m && time.Since(last.at) < trusted {
		return last.names, last.entries, nil
	}
	c.last = scan[T]{names: names, entries: make([]*entry[T], len(names)), mark: m, at: time.Now()}
	c.fill(names, c.last.entries)
	c.last.settled = settled && !slices.ContainsFunc(c.last.entries, func(e *entry[T]) bool { return !e.settled })
	return names, c.last.entries, nil
}

// fill looks for the entries of names, and forgets all others.
func (c *Collection[T]) fill(names []string, entries []*entry[T]) {
	c.mu.RLock()
	for i, name := range names {
		entries[i] = c.cache[name]
	}
	stale := len(c.cache) > len(names)
	c.mu.RUnlock()
	if missing := c.drop(names, entries); len(missing) > 0 || stale {
		c.refresh(names, missing, entries)
	}
}

// endWatch gives the descriptor of the watch back; lists go on without.
func (c *Collection[T]) endWatch() {
	c.scanning.Lock()
	defer c.scanning.Unlock()
	c.watch.closed = true
	c.watch.end()
}

// drop looks at the files of names, takes the entries out that may not be what
// they say now, and returns the numbers of those that are missing. A file is
// looked at from its folder: a longer path costs as much again.
func (c *Collection[T]) drop(names []string, entries []*entry[T]) (missing []int) {
	d := c.folder.store.disk
	folder, err := d.open(c.folder.path, unix.O_PATH|unix.O_DIRECTORY)
	if err == nil {
		defer d.sys.close(folder) //nolint:errcheck // nothing was written
	}
	spread(len(names), markShare, func(from, to int) {
		var st unix.Stat_t
		for i := from; i < to; i++ {
			e := entries[i]
			fresh := e != nil && e.settled && err == nil &&
				d.statAt(folder, names[i]+c.folder.ext, &st) == nil && e.mark == markOf(&st)
			if !fresh {
				entries[i] = nil
			}
		}
	})
	for i, e := range entries {
		if e == nil {
			missing = append(missing, i)
		}
	}
	return missing
}

// refresh loads the entries that are missing, with all processors at work: a
// first look at 10,000 records is a second of parsing. It forgets all but names.
func (c *Collection[T]) refresh(names []string, missing []int, entries []*entry[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	spread(len(missing), loadShare, func(from, to int) {
		for _, i := range missing[from:to] {
			entries[i] = c.load(names[i])
		}
	})
	for _, i := range missing {
		entries[i] = c.remember(names[i], entries[i])
	}
	if len(c.cache) > len(names) {
		maps.DeleteFunc(c.cache, func(name string, _ *entry[T]) bool {
			_, there := slices.BinarySearch(names, name)
			return !there
		})
	}
}

// spread calls do for the shares of 0 to n-1, from as many goroutines as there
// are processors, and returns when all is done.
func spread(n, share int, do func(from, to int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), (n+share-1)/share) {
		wg.Go(func() {
			for to := int(next.Add(int64(share))); to-share < n; to = int(next.Add(int64(share))) {
				do(to-share, min(to, n))
			}
		})
	}
	wg.Wait()
}
