package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// looking counts the files that are looked at.
type looking struct {
	kernel
	looks   int
	unheard bool // there is no watch to be had
}

func (l *looking) statAt(folder int, name string, st *unix.Stat_t) error {
	l.looks++
	return l.kernel.statAt(folder, name, st)
}

func (l *looking) watch(path string, events uint32) (int, error) {
	if l.unheard {
		return -1, unix.EMFILE
	}
	return l.kernel.watch(path, events)
}

// watched returns a collection that is large enough for a watch.
func watched(t *testing.T, sys *looking) (*Store, *Collection[checked]) {
	t.Helper()
	s := openTest(t, filepath.Join(fastDir(t), "state"), sys)
	c := NewCollection[checked](s, "checked", 1)
	for i := range watchShare {
		must(t, c.Put(fmt.Sprintf("r%03d", i), checked{1}))
	}
	return s, c
}

func total(t *testing.T, c *Collection[checked]) (sum int) {
	t.Helper()
	_, err := c.Each(func(v *Version[checked]) { sum += v.Value.N })
	must(t, err)
	return sum
}

func TestEachKindOfEditShowsInAWatchedList(t *testing.T) {
	const dir, two = "checked", "schema: checked/v1\nn: 2\n...\n"
	for _, unheard := range []bool{false, true} {
		s, c := watched(t, &looking{unheard: unheard})
		path := func(name string) string { return filepath.Join(s.dir, dir, name) }
		in := func(name, text string) func() { return func() { edit(t, s, dir+"/"+name, text) } }
		for _, step := range []struct {
			name string
			do   func()
			more int
		}{
			{"nothing", func() {}, 0},
			{"in place", in("r007.yaml", two), 1},
			{"of one length", in("r007.yaml", strings.Replace(two, "2", "9", 1)), 7},
			{"new file", in("x.yaml", two), 2},
			{"swap file", in(".x.yaml.swp", "x"), 0},
			{"broken", in("x.yaml", "x"), 0}, // the last good version
			{"mended", in("x.yaml", strings.Replace(two, "2", "3", 1)), 1},
			{"renamed over", func() { must(t, os.Rename(path("x.yaml"), path("r001.yaml"))) }, -1},
			{"moved away", func() { must(t, os.Rename(path("r001.yaml"), filepath.Join(s.dir, "x.yaml"))) }, -3},
			{"moved back", func() { must(t, os.Rename(filepath.Join(s.dir, "x.yaml"), path("r001.yaml"))) }, 3},
			{"removed", func() { must(t, os.Remove(path("r001.yaml"))) }, -3},
			{"put", func() { must(t, c.Put("r002", checked{5})) }, 4},
			{"deleted", func() { must(t, c.Delete("r002")) }, -5},
			{"folder moved away", func() { must(t, os.Rename(filepath.Join(s.dir, dir), filepath.Join(s.dir, "old"))) }, -(watchShare + 6)},
			{"folder moved back", func() { must(t, os.Rename(filepath.Join(s.dir, "old"), filepath.Join(s.dir, dir))) }, watchShare + 6},
			{"state folder edited after that", in("r003.yaml", two), 1},
		} {
			<-time.After(2 * settling) // so that nothing is looked at for its own age
			before := total(t, c)
			total(t, c)
			step.do()
			if got := total(t, c) - before; got != step.more {
				t.Errorf("%s (no watch: %v): %d more, want %d", step.name, unheard, got, step.more)
			}
		}
	}
}

func TestQuietListsLookAtNoFile(t *testing.T) {
	sys := &looking{}
	s, c := watched(t, sys)
	<-time.After(2 * settling)
	total(t, c)
	total(t, c) // by now there is a watch, and all is settled
	start, looks := time.Now(), sys.looks
	for range 20 {
		if n := total(t, c); n != watchShare {
			t.Fatal(n)
		}
	}
	if n := sys.looks - looks; n > 0 && time.Since(start) < trusted/2 {
		t.Errorf("%d files were looked at", n)
	}
	looks = sys.looks
	<-time.After(trusted) // what the kernel doesn't tell shows after that
	if total(t, c); sys.looks == looks {
		t.Error("the files are never looked at again")
	}
	must(t, s.Close())
	fds := countFDs(t)
	edit(t, s, "checked/r000.yaml", "schema: checked/v1\nn: 2\n...\n")
	if n := total(t, c); n != watchShare+1 {
		t.Errorf("after the end a list gives %d", n)
	}
	if now := countFDs(t); now != fds {
		t.Errorf("%d descriptors are open, there were %d", now, fds)
	}
}
