package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"
)

const handWritten = `# web servers

schema: ovas/v1
title:   'one'     # as the customer says it

disks:
    # boots from this one
    - id: sda
      size: 5      # MiB would be nicer
memory: 1          # enough
...
`

func text(t *testing.T, s *Store, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, name))
	must(t, err)
	return string(data)
}

func look[T any](t *testing.T, c *Collection[T], name string) Version[T] {
	t.Helper()
	v, err := c.Look(name)
	must(t, err)
	return v
}

func TestUpdateKeepsHandEdits(t *testing.T) {
	s, c := newTest(t)
	must(t, c.Put("web", sample("one")))
	edit(t, s, "ovas/web.yaml", handWritten)
	v := look(t, c, "web")
	v.Value.Memory, v.Value.Script = 2, "a\nb\n"
	v.Value.Disks = append(v.Value.Disks, disks{"sdb", 6})
	g, err := c.Update("web", v.Generation, v.Value)
	must(t, err)
	want := strings.NewReplacer(
		"memory: 1 ", "memory: 2 ", "# enough\n", "# enough\nscript: |\n  a\n  b\n", "nicer\n", "nicer\n    - id: sdb\n      size: 6\n",
	).Replace(handWritten)
	if d := cmp.Diff(want, text(t, s, "ovas/web.yaml")); d != "" {
		t.Fatal(d)
	}
	again := look(t, c, "web")
	if d := cmp.Diff(v.Value, again.Value); d != "" || again.Generation != g || g == v.Generation {
		t.Fatal(d, again.Generation, g, v.Generation)
	}
}

func TestUpdateWithoutChangeWritesNothing(t *testing.T) {
	s, c := newTest(t)
	must(t, c.Put("web", sample("one")))
	edit(t, s, "ovas/web.yaml", handWritten)
	before, err := os.Stat(filepath.Join(s.dir, "ovas", "web.yaml"))
	must(t, err)
	v := look(t, c, "web")
	g, err := c.Update("web", v.Generation, v.Value)
	must(t, err)
	after, err := os.Stat(filepath.Join(s.dir, "ovas", "web.yaml"))
	must(t, err)
	if !os.SameFile(before, after) || g != v.Generation {
		t.Fatal("the file was replaced")
	}
}

func TestUpdateOfWhatIsNotAsItWas(t *testing.T) {
	s, c := newTest(t)
	must(t, c.Put("web", sample("one")))
	seen := look(t, c, "web")
	b := s.NewBatch()
	c.PutIn(b, "db", sample("db"))
	c.UpdateIn(b, "web", seen.Generation, sample("three"))
	gone := s.NewBatch()
	c.PutIn(gone, "db", sample("db"))
	c.DeleteVersionIn(gone, "web", seen.Generation)

	edit(t, s, "ovas/web.yaml", handWritten)
	for _, generation := range []string{seen.Generation, "", "0"} {
		_, err := c.Update("web", generation, sample("two"))
		wants(t, err, ErrChanged)
		wants(t, c.DeleteVersion("web", generation), ErrChanged)
	}
	wants(t, b.Commit(), ErrChanged)
	wants(t, gone.Commit(), ErrChanged)
	if text(t, s, "ovas/web.yaml") != handWritten {
		t.Fatal("the edit is overwritten")
	}
	if names, err := c.List(); err != nil || len(names) != 1 {
		t.Fatal("a part of a batch is there:", names, err)
	}

	_, err := c.Update("none", seen.Generation, sample("two"))
	wants(t, err, fs.ErrNotExist)
	wants(t, c.DeleteVersion("none", seen.Generation), fs.ErrNotExist)
	_, err = c.Update("../x", seen.Generation, sample("two"))
	wants(t, err, fs.ErrInvalid)
	wants(t, c.DeleteVersion("../x", seen.Generation), fs.ErrInvalid)
	_, err = c.Update("web", look(t, c, "web").Generation, appliance{Title: "\xff"})
	wants(t, err, fs.ErrInvalid)
	must(t, c.DeleteVersion("web", look(t, c, "web").Generation))
	_, err = c.Look("web")
	wants(t, err, fs.ErrNotExist)
	must(t, os.RemoveAll(filepath.Join(s.dir, "ovas")))
	_, err = c.Update("web", seen.Generation, sample("two"))
	wants(t, err, fs.ErrNotExist)
	expectNoLeftovers(t, s.dir)
}

// An editor changes a file by hand whenever an fsync is under way.
type editor struct {
	kernel
	edit func()
}

func (e *editor) fsync(int) error {
	if e.edit != nil {
		e.edit()
	}
	return nil
}

// TestEditWhileTheNewContentIsWritten saves a file by hand at each fsync in turn:
// between the first look at it and the last.
func TestEditWhileTheNewContentIsWritten(t *testing.T) {
	ways := map[string]func(c *catalogue) error{
		"update": func(c *catalogue) error { return c.update("shared", 5) },
		"batch":  (*catalogue).modify,
	}
	for name, do := range ways {
		for at := 1; ; at++ {
			sys := &editor{}
			s := openTest(t, filepath.Join(fastDir(t), "state"), sys)
			c := newCatalogue(s)
			c.populate(t)
			const byHand = "schema: templates/v1\n# mine\nn: 3\n...\n"
			n := 0
			sys.edit = func() {
				if n++; n == at {
					edit(t, s, "templates/shared.yaml", byHand)
				}
			}
			err := do(c)
			sys.edit = nil
			if n < at {
				break
			}
			switch there := text(t, s, "templates/shared.yaml"); {
			case errors.Is(err, ErrChanged) && there != byHand:
				t.Fatalf("%s, fsync %d: the file says\n%s", name, at, there)
			case err == nil && there != byHand: // it came later
				t.Fatalf("%s, fsync %d: the edit is lost", name, at)
			case err != nil && !errors.Is(err, ErrChanged):
				t.Fatal(err)
			}
			expectNoLeftovers(t, s.dir)
			must(t, s.Close())
		}
	}
}

type counted struct {
	N     int `yaml:"n"`
	Edits int `yaml:"edits"`
}

// TestUpdatersAndAnEditorLoseNothing lets two count in one record, and somebody
// save it by hand just while their new content goes to the disk.
func TestUpdatersAndAnEditorLoseNothing(t *testing.T) {
	const rounds = 60
	sys := &editor{}
	s := openTest(t, filepath.Join(fastDir(t), "state"), sys)
	c := NewCollection[counted](s, "counters", 1)
	must(t, c.Put("web", counted{}))
	edits, calls := 0, 0
	sys.edit = func() { // its caller holds the right to write
		if calls++; calls%3 != 0 || edits == rounds {
			return
		}
		now := text(t, s, "counters/web.yaml")
		from, to := fmt.Sprintf("edits: %d\n", edits), fmt.Sprintf("# edit %d\nedits: %d\n", edits, edits+1)
		edits++
		edit(t, s, "counters/web.yaml", strings.Replace(now, from, to, 1))
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range rounds {
				for err := ErrChanged; errors.Is(err, ErrChanged); {
					var v Version[counted]
					if v, err = c.Look("web"); err == nil {
						v.Value.N++
						_, err = c.Update("web", v.Generation, v.Value)
					}
					if err != nil && !errors.Is(err, ErrChanged) {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Go(func() {
		for range rounds {
			if _, _, err := c.Versions(); err != nil {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	got := look(t, c, "web").Value
	if d := cmp.Diff(counted{2 * rounds, edits}, got); d != "" || edits == 0 {
		t.Fatal(d)
	}
	for n := range edits {
		if !strings.Contains(text(t, s, "counters/web.yaml"), fmt.Sprintf("# edit %d\n", n)) {
			t.Fatalf("the comment of edit %d is lost", n)
		}
	}
}

func TestLastGoodVersionIsServed(t *testing.T) {
	s, c := newTest(t)
	for name, tc := range brokenTexts() {
		must(t, c.Put("web", sample("one"))) // never read by anybody
		edit(t, s, "ovas/web.yaml", tc.text)
		for range 2 {
			v := look(t, c, "web")
			if d := cmp.Diff(sample("one"), v.Value); d != "" {
				t.Fatal(name, d)
			}
			if v.Problem == nil || !strings.Contains(v.Problem.Error(), tc.reason) || !strings.Contains(v.Problem.Error(), "web.yaml") {
				t.Fatalf("%s: the problem is %v, want %q", name, v.Problem, tc.reason)
			}
			_, err := c.Update("web", v.Generation, sample("two"))
			wants(t, err, ErrCorrupt)
			b := s.NewBatch()
			c.UpdateIn(b, "web", v.Generation, sample("two"))
			wants(t, b.Commit(), ErrCorrupt)
			_, err = c.Get("web")
			wants(t, err, ErrCorrupt)
			all, corrupt, err := c.All()
			must(t, err)
			problems, err := c.Problems()
			must(t, err)
			if len(all) != 0 || len(corrupt) != 1 || len(problems) != 1 {
				t.Fatal(name, all, corrupt, problems)
			}
			versions, corrupt, err := c.Versions()
			must(t, err)
			if d := cmp.Diff([]Version[appliance]{v}, versions, cmpopts.IgnoreUnexported(Version[appliance]{}), cmp.Comparer(sameProblem)); d != "" || corrupt != nil {
				t.Fatal(name, d, corrupt)
			}
		}
		if text(t, s, "ovas/web.yaml") != tc.text {
			t.Fatal(name, "was overwritten")
		}
	}
}

func sameProblem(a, b *CorruptError) bool {
	return a == b || a != nil && b != nil && a.Error() == b.Error()
}

func TestWhatABrokenRecordAllows(t *testing.T) {
	s, c := newTest(t)
	must(t, c.Put("web", sample("one")))
	edit(t, s, "ovas/web.yaml", "oops")
	edit(t, s, "ovas/never.yaml", "oops")
	broken := look(t, c, "web")
	_, err := c.Look("never")
	wants(t, err, ErrCorrupt)
	versions, corrupt, err := c.Versions()
	must(t, err)
	if len(versions) != 1 || len(corrupt) != 1 || corrupt[0].Name != "never" {
		t.Fatal(versions, corrupt)
	}

	edit(t, s, "ovas/web.yaml", "oops, again")
	wants(t, c.DeleteVersion("web", broken.Generation), ErrChanged)
	edit(t, s, "ovas/web.yaml", handWritten) // mended
	if v := look(t, c, "web"); v.Problem != nil || v.Value.Title != "one" || len(v.Value.Disks) != 1 {
		t.Fatal(v)
	}
	edit(t, s, "ovas/web.yaml", "oops")
	if v := look(t, c, "web"); v.Problem == nil || len(v.Value.Disks) != 1 {
		t.Fatal("the last good version is another one:", v)
	}
	must(t, c.DeleteVersion("web", broken.Generation)) // the same text again
	edit(t, s, "ovas/web.yaml", "oops")
	_, err = c.Look("web")
	wants(t, err, ErrCorrupt)

	must(t, c.Put("web", sample("two")))
	must(t, os.Remove(filepath.Join(s.dir, "ovas", "web.yaml")))
	_, err = c.Look("web")
	wants(t, err, fs.ErrNotExist)
	edit(t, s, "ovas/web.yaml", "oops")
	_, err = c.Look("web")
	wants(t, err, ErrCorrupt)
}

func TestLastGoodVersionOfWhatCannotBeRead(t *testing.T) {
	s, c := newTest(t)
	path := filepath.Join(s.dir, "ovas", "web.yaml")
	for name, put := range map[string]func() error{
		"link":   func() error { return os.Symlink("/etc/hostname", path) },
		"fifo":   func() error { return unix.Mkfifo(path, 0o600) },
		"folder": func() error { return os.Mkdir(path, 0o700) },
		"large":  func() error { return os.WriteFile(path, make([]byte, MaxRecord+1), 0o600) },
	} {
		must(t, c.Put("web", sample("one")))
		// Put elsewhere first: a record that is not there for a moment is gone.
		must(t, os.Rename(path, path+".old"))
		must(t, put())
		v := look(t, c, "web")
		if d := cmp.Diff(sample("one"), v.Value); d != "" || v.Problem == nil || v.Generation != "" {
			t.Fatal(name, d, v)
		}
		_, err := c.Update("web", v.Generation, sample("two"))
		wants(t, err, ErrCorrupt)
		wants(t, c.DeleteVersion("web", v.Generation), ErrCorrupt)
		must(t, os.Remove(path))
	}
}

func TestLastGoodVersionFromABatch(t *testing.T) {
	s, c := newTest(t)
	b := s.NewBatch()
	c.CreateIn(b, "web", sample("one"))
	must(t, b.Commit())
	edit(t, s, "ovas/web.yaml", "oops")
	if v := look(t, c, "web"); v.Problem == nil || v.Value.Title != "one" {
		t.Fatal(v)
	}
	gone := s.NewBatch()
	c.DeleteIn(gone, "web")
	must(t, gone.Commit())
	edit(t, s, "ovas/web.yaml", "oops")
	_, err := c.Look("web")
	wants(t, err, ErrCorrupt)
}

func TestEachSharesVersionsDoesNot(t *testing.T) {
	_, c := newTest(t)
	must(t, c.Put("a", sample("a")))
	must(t, c.Put("b", sample("b")))
	<-time.After(2 * settling) // from then on answers come from memory
	for range 2 {
		var names []string
		corrupt, err := c.Each(func(v *Version[appliance]) {
			names = append(names, v.Name)
			if d := cmp.Diff(sample(v.Name), v.Value); d != "" {
				t.Fatal(d)
			}
			if _, err := c.Look(v.Name); err != nil {
				t.Fatal(err)
			}
		})
		must(t, err)
		if d := cmp.Diff([]string{"a", "b"}, names); d != "" || corrupt != nil {
			t.Fatal(d, corrupt)
		}
		versions, _, err := c.Versions()
		must(t, err)
		versions[0].Value.Disks[0].ID = "changed"
		look(t, c, "b").Value.Labels["a"] = "changed"
	}
}
