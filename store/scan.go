package store

import (
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// How many files are worth a goroutine of their own: reading and parsing one
// takes some 100 µs, looking at one a few.
const (
	loadShare = 64
	markShare = 1024
)

// lookAll returns the names and their entries, and forgets what is gone. The
// caller has begun to read. Nobody waits for it while it looks at the files;
// only where some must be read others that must be read wait.
func (c *Collection[T]) lookAll() ([]string, []entry[T], error) {
	names, err := c.folder.list()
	if err != nil {
		return nil, nil, err
	}
	marks, errs := make([]mark, len(names)), make([]error, len(names))
	spread(len(names), markShare, func(i int) { marks[i], errs[i] = c.markOf(names[i]) })
	entries := make([]entry[T], len(names))
	var missing []int
	c.mu.RLock()
	for i, name := range names {
		e, fresh := c.recalled(name, marks[i], errs[i])
		entries[i] = e
		if !fresh {
			missing = append(missing, i)
		}
	}
	stale := len(missing) > 0 || len(c.cache) > len(names)
	c.mu.RUnlock()
	if stale {
		c.refresh(names, missing, entries)
	}
	return names, entries, nil
}

// refresh loads the entries that are missing, with all processors at work: a
// first look at 10,000 records is a second of parsing. It forgets all but names.
func (c *Collection[T]) refresh(names []string, missing []int, entries []entry[T]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	spread(len(missing), loadShare, func(n int) {
		i := missing[n]
		entries[i] = c.load(names[i])
	})
	for _, i := range missing {
		entries[i] = c.remember(names[i], entries[i])
	}
	if len(c.cache) > len(names) {
		maps.DeleteFunc(c.cache, func(name string, _ entry[T]) bool {
			_, there := slices.BinarySearch(names, name)
			return !there
		})
	}
}

// spread calls do for 0 to n-1, from as many goroutines as there are processors
// and shares, and returns when all is done.
func spread(n, share int, do func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), (n+share-1)/share)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for from := int(next.Add(int64(share))) - share; from < n; from = int(next.Add(int64(share))) - share {
				for i := from; i < min(from+share, n); i++ {
					do(i)
				}
			}
		})
	}
	wg.Wait()
}
