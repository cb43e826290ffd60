package store

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// faulty lets the call number at, counted from 1, go wrong.
type faulty struct {
	kernel
	how   string
	errno unix.Errno
	at, n int
	op    string // of the call that went wrong
}

// The ways in which a call goes wrong.
const (
	refused = "refused" // nothing is done, errno
	belated = "belated" // it is done, and yet errno
	killed  = "killed"  // from this call on nothing is done any more
	short   = "short"   // a read or write does a part
)

// hit counts a call. It returns what to answer before the call is made, and
// what after it.
func (f *faulty) hit(op string) (first, then error) {
	f.n++
	if f.at == 0 || f.n < f.at || f.n > f.at && f.how != killed {
		return nil, nil
	}
	if f.op == "" {
		f.op = op
	}
	switch f.how {
	case refused, killed:
		return f.errno, nil
	case belated:
		return nil, f.errno
	default:
		return nil, nil
	}
}

// wrapped makes a call as hit says.
func (f *faulty) wrapped(op string, call func() error) error {
	first, then := f.hit(op)
	if first != nil {
		return first
	}
	if err := call(); err != nil {
		return err
	}
	return then
}

func (f *faulty) mkdir(path string, mode uint32) error {
	return f.wrapped("mkdir", func() error { return f.kernel.mkdir(path, mode) })
}

func (f *faulty) open(path string, flags int, mode uint32) (fd int, err error) {
	if f.how == belated { // a descriptor that nobody gets to know would leak
		f.n++
		return f.kernel.open(path, flags, mode)
	}
	err = f.wrapped("open", func() (err error) { fd, err = f.kernel.open(path, flags, mode); return err })
	return fd, err
}

func (f *faulty) part(op string, p []byte) []byte {
	if f.how == short && f.n+1 == f.at && len(p) > 1 {
		f.op = op
		return p[:len(p)/2]
	}
	return p
}

func (f *faulty) read(fd int, p []byte) (n int, err error) {
	p = f.part("read", p)
	err = f.wrapped("read", func() (err error) { n, err = f.kernel.read(fd, p); return err })
	return n, err
}

func (f *faulty) write(fd int, p []byte) (n int, err error) {
	p = f.part("write", p)
	if f.how == belated { // a write that answers an errno has written nothing
		f.n++
		return f.kernel.write(fd, p)
	}
	err = f.wrapped("write", func() (err error) { n, err = f.kernel.write(fd, p); return err })
	return n, err
}

func (f *faulty) close(fd int) error { // it always closes, whatever it answers
	first, then := f.hit("close")
	return errors.Join(f.kernel.close(fd), first, then)
}

// Fsync doesn't bother the real disk: these tests end no power supply.
func (f *faulty) fsync(int) error {
	return f.wrapped("fsync", func() error { return nil })
}

func (f *faulty) fstat(fd int, st *unix.Stat_t) error {
	return f.wrapped("fstat", func() error { return f.kernel.fstat(fd, st) })
}

func (f *faulty) lstat(path string, st *unix.Stat_t) error {
	return f.wrapped("lstat", func() error { return f.kernel.lstat(path, st) })
}

func (f *faulty) statAt(folder int, name string, st *unix.Stat_t) error {
	return f.wrapped("statat", func() error { return f.kernel.statAt(folder, name, st) })
}

func (f *faulty) readDir(path string) (entries []fs.DirEntry, err error) {
	err = f.wrapped("readdir", func() (err error) { entries, err = f.kernel.readDir(path); return err })
	return entries, err
}

func (f *faulty) rename(from, to string, flags uint) error {
	return f.wrapped("rename", func() error { return f.kernel.rename(from, to, flags) })
}

func (f *faulty) unlink(path string) error {
	return f.wrapped("unlink", func() error { return f.kernel.unlink(path) })
}

func (f *faulty) flock(fd, how int) error {
	return f.wrapped("flock", func() error { return f.kernel.flock(fd, how) })
}

// An operation changes a catalogue that populate has filled.
type operation struct {
	name string
	do   func(c *catalogue) error
	new  map[string]string
}

func operations() []operation {
	with := func(change func(m map[string]string)) map[string]string {
		m := before()
		change(m)
		return m
	}
	return []operation{
		{
			"create", func(c *catalogue) error { return c.ovas.Create("web", sample("x")) },
			with(func(m map[string]string) { m["ovas/web"] = "x" }),
		},
		{
			"replace", func(c *catalogue) error { return c.templates.Put("shared", checked{5}) },
			with(func(m map[string]string) { m["templates/shared"] = "IIIII" }),
		},
		{
			"blob", func(c *catalogue) error { return c.blobs.Put("other", []byte("<longer than before/>")) },
			with(func(m map[string]string) { m["descriptors/other"] = "<longer than before/>" }),
		},
		{
			"delete", func(c *catalogue) error { return c.templates.Delete("stale") },
			with(func(m map[string]string) { delete(m, "templates/stale") }),
		},
		{"batch", (*catalogue).upload, after()},
		{
			"update", func(c *catalogue) error { return c.update("shared", 5) },
			with(func(m map[string]string) { m["templates/shared"] = "IIIII" }),
		},
		{
			"delete-version", func(c *catalogue) error { return c.deleteVersion("stale") },
			with(func(m map[string]string) { delete(m, "templates/stale") }),
		},
		{
			"batch-of-versions", (*catalogue).modify,
			with(func(m map[string]string) {
				m["templates/shared"], m["ovas/web"] = "IIIIIII", "x"
				delete(m, "templates/stale")
			}),
		},
	}
}

func expectContents(t *testing.T, c *catalogue, want map[string]string) {
	t.Helper()
	got, err := c.contents()
	must(t, err)
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
}

func expectNoLeftovers(t *testing.T, dir string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if name := filepath.Base(path); strings.HasPrefix(name, ".tmp-") || strings.HasPrefix(name, "tmp-") {
			t.Errorf("%s was left", path)
		}
		return err
	}))
}

func countFDs(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	return len(entries)
}

func TestEachCallFails(t *testing.T) {
	ways := []faulty{
		{how: refused, errno: unix.ENOSPC},
		{how: refused, errno: unix.EINTR},
		{how: belated, errno: unix.EIO},
		{how: killed, errno: unix.EIO},
		{how: short},
	}
	fds := countFDs(t)
	for _, op := range operations() {
		for _, way := range ways {
			t.Run(fmt.Sprintf("%s/%s-%v", op.name, way.how, way.errno), func(t *testing.T) {
				at := 1
				for failOnce(t, op, way, at) {
					at++
				}
				if at == 1 {
					t.Fatal("no call was hit")
				}
				t.Logf("%d calls went wrong, each once", at-1)
			})
		}
	}
	if now := countFDs(t); now != fds {
		t.Errorf("%d descriptors are open, there were %d", now, fds)
	}
}

// failOnce does the operation with one call going wrong, and tells whether
// there was such a call.
func failOnce(t *testing.T, op operation, way faulty, at int) bool {
	t.Helper()
	sys := &way
	s, err := open(t.Context(), filepath.Join(fastDir(t), "state"), Options{}, sys)
	must(t, err)
	defer s.Close() //nolint:errcheck // closed below already
	c := newCatalogue(s)
	c.populate(t)
	_, err = c.contents()
	must(t, err)

	sys.n, sys.at = 0, at
	err = op.do(c)
	wasHit := at <= sys.n
	sys.at = 0
	benign := way.errno == unix.EINTR || way.how == short
	if err != nil && (benign || !errors.Is(err, way.errno)) {
		t.Fatalf("call %d (%s): the operation answers %v", at, sys.op, err)
	}

	got := expectOldOrNew(t, c, op, fmt.Sprintf("call %d (%s), which answered %v", at, sys.op, err))
	decided := errors.Is(err, ErrNotDurable) || errors.Is(err, ErrUnfinished)
	switch {
	case (err == nil || decided) && way.how != killed && !maps.Equal(got, op.new):
		t.Fatalf("call %d (%s): the change is said to be made (%v) and is not: %v", at, sys.op, err, got)
	case err != nil && !decided && way.how == refused && !maps.Equal(got, before()):
		t.Fatalf("call %d (%s): a change is made that is said to have failed: %v", at, sys.op, err)
	}

	c = newCatalogue(openSame(t, s))
	expectContents(t, c, got)
	expectNoLeftovers(t, s.dir)
	must(t, c.templates.Put("later", checked{1}))
	must(t, c.store.Close())
	return wasHit
}

// openSame opens the folder again without faults, as the next process does.
func openSame(t *testing.T, s *Store) *Store {
	t.Helper()
	must(t, s.Close())
	return openTest(t, s.dir, &faulty{})
}

func expectOldOrNew(t *testing.T, c *catalogue, op operation, when string) map[string]string {
	t.Helper()
	got, err := c.contents()
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	if !maps.Equal(got, before()) && !maps.Equal(got, op.new) {
		t.Fatalf("%s: neither the old nor the new: %v", when, got)
	}
	return got
}

// TestEachCallOfRecoveryFails lets a process die in a batch's every call, and
// then each call of the next ones' opening fail.
func TestEachCallOfRecoveryFails(t *testing.T) {
	op := operations()[4]
	for at := 1; ; at++ {
		sys := &faulty{how: killed, errno: unix.EIO}
		s, err := open(t.Context(), filepath.Join(fastDir(t), "state"), Options{}, sys)
		must(t, err)
		c := newCatalogue(s)
		c.populate(t)
		sys.n, sys.at = 0, at
		_ = op.do(c)
		wasHit := at <= sys.n
		must(t, s.Close())
		if !wasHit {
			return
		}
		reopenFailing(t, s.dir, op, at)
	}
}

func reopenFailing(t *testing.T, dir string, op operation, at int) {
	t.Helper()
	for n := 1; ; n++ {
		sys := &faulty{how: refused, errno: unix.EIO, at: n}
		s, err := open(t.Context(), dir, Options{}, sys)
		if err == nil {
			c := newCatalogue(s)
			wasHit := n <= sys.n
			sys.at = 0
			expectOldOrNew(t, c, op, fmt.Sprintf("killed at call %d, call %d (%s) of the opening", at, n, sys.op))
			must(t, s.Close())
			if !wasHit {
				return
			}
		}
	}
}
