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
)

type disks struct {
	ID   string `yaml:"id"`
	Size int64  `yaml:"size"`
}

type appliance struct {
	Title   string            `yaml:"title"`
	Memory  int64             `yaml:"memory"`
	Disks   []disks           `yaml:"disks"`
	Labels  map[string]string `yaml:"labels,omitempty"`
	Script  string            `yaml:"script,omitempty"`
	Limit   *int64            `yaml:"limit,omitempty"`
	Created time.Time         `yaml:"created,omitempty"`
}

func sample(title string) appliance {
	limit := int64(7)
	return appliance{
		Title: title, Memory: 4 << 30, Disks: []disks{{"sda", 10 << 30}, {"sdb", 512}},
		Labels: map[string]string{"a": "1", "b": "yes"}, Script: "#!/bin/sh\n\techo hi \n\nexit 0\n",
		Limit: &limit, Created: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC),
	}
}

func openTest(t *testing.T, dir string, sys system) *Store {
	t.Helper()
	s, err := open(t.Context(), dir, Options{}, sys)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newTest(t *testing.T) (*Store, *Collection[appliance]) {
	t.Helper()
	s := openTest(t, filepath.Join(t.TempDir(), "state"), kernel{})
	return s, NewCollection[appliance](s, "ovas", 1)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("got %v, want %v in its chain", err, target)
	}
}

func TestRecordLifecycle(t *testing.T) {
	s, c := newTest(t)
	_, err := c.Get("web")
	wants(t, err, fs.ErrNotExist)
	wants(t, c.Delete("web"), fs.ErrNotExist)
	if names, err := c.List(); err != nil || len(names) != 0 {
		t.Fatalf("an empty collection lists %v, %v", names, err)
	}

	must(t, c.Create("web", sample("one")))
	wants(t, c.Create("web", sample("two")), fs.ErrExist)
	must(t, c.Put("db", sample("db")))
	must(t, c.Put("web", sample("three")))
	got, err := c.Get("web")
	must(t, err)
	if d := cmp.Diff(sample("three"), got); d != "" {
		t.Fatal(d)
	}
	names, err := c.List()
	must(t, err)
	if d := cmp.Diff([]string{"db", "web"}, names); d != "" {
		t.Fatal(d)
	}
	all, corrupt, err := c.All()
	must(t, err)
	if d := cmp.Diff([]Item[appliance]{{"db", sample("db")}, {"web", sample("three")}}, all); d != "" || corrupt != nil {
		t.Fatal(d, corrupt)
	}

	must(t, s.Close())
	wants(t, c.Put("web", sample("late")), fs.ErrClosed)
	again := NewCollection[appliance](openTest(t, s.dir, kernel{}), "ovas", 1)
	got, err = again.Get("web")
	must(t, err)
	if d := cmp.Diff(sample("three"), got); d != "" {
		t.Fatal(d)
	}
	must(t, again.Delete("web"))
	_, err = again.Get("web")
	wants(t, err, fs.ErrNotExist)
}

func TestFileIsReadableAndProtected(t *testing.T) {
	s, c := newTest(t)
	must(t, c.Put("web", sample("one")))
	path := filepath.Join(s.dir, "ovas", "web.yaml")
	text, err := os.ReadFile(path)
	must(t, err)
	if !strings.HasPrefix(string(text), "schema: ovas/v1\ntitle: one\n") || !strings.HasSuffix(string(text), "\n...\n") {
		t.Fatalf("the file reads:\n%s", text)
	}
	for path, want := range map[string]fs.FileMode{path: 0o640, filepath.Dir(path): 0o750, s.dir: 0o750} {
		st, err := os.Stat(path)
		must(t, err)
		if got := st.Mode().Perm(); got&^want != 0 {
			t.Errorf("%s has mode %o, at most %o is right", path, got, want)
		}
	}
}

func TestValuesAreNotShared(t *testing.T) {
	_, c := newTest(t)
	v := sample("one")
	must(t, c.Put("web", v))
	v.Disks[0].ID = "changed"
	<-time.After(2 * settling) // from then on answers come from memory
	for range 3 {
		got, err := c.Get("web")
		must(t, err)
		if d := cmp.Diff(sample("one"), got); d != "" {
			t.Fatal(d)
		}
		got.Disks[0].ID, got.Labels["a"], *got.Limit = "x", "x", 0
		all, _, err := c.All()
		must(t, err)
		all[0].Value.Disks[1].ID = "y"
	}
	if !c.cache["web"].settled {
		t.Fatal("the answers came from the disk")
	}
}

func TestNamesThatAreRefused(t *testing.T) {
	s, c := newTest(t)
	for _, name := range []string{
		"", ".", "..", ".tmp-0123456789abcdef", "a/b", "../a", "-a", "_a", "a b", "ä", "a\x00", "a\n", strings.Repeat("a", 64),
	} {
		wants(t, c.Put(name, sample("x")), fs.ErrInvalid)
		wants(t, c.Create(name, sample("x")), fs.ErrInvalid)
		wants(t, c.Delete(name), fs.ErrInvalid)
		_, err := c.Get(name)
		wants(t, err, fs.ErrInvalid)
	}
	for _, name := range []string{"a", "A", "0", "a.yaml", "a.tmp", "a.yaml.bak", "a..b", strings.Repeat("a", 63), "lock"} {
		must(t, c.Create(name, sample(name)))
	}
	again := reopen(t, s)
	all, corrupt, err := NewCollection[appliance](again, "ovas", 1).All()
	must(t, err)
	if len(all) != 9 || corrupt != nil {
		t.Fatalf("%d records came back, and %v", len(all), corrupt)
	}
}

func reopen(t *testing.T, s *Store) *Store {
	t.Helper()
	must(t, s.Close())
	return openTest(t, s.dir, s.disk.sys)
}

func TestCreateHasOneWinner(t *testing.T) {
	_, c := newTest(t)
	for round := range 20 {
		name := fmt.Sprintf("r%d", round)
		var wg sync.WaitGroup
		wins := make(chan string, 8)
		for g := range 8 {
			wg.Go(func() {
				title := fmt.Sprint(g)
				switch err := c.Create(name, sample(title)); {
				case err == nil:
					wins <- title
				case !errors.Is(err, fs.ErrExist):
					t.Error(err)
				}
				if _, err := c.Get(name); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		close(wins)
		if len(wins) != 1 {
			t.Fatalf("%d winners", len(wins))
		}
		got, err := c.Get(name)
		must(t, err)
		if winner := <-wins; got.Title != winner {
			t.Fatalf("%q won, but the record says %q", winner, got.Title)
		}
	}
}

type checked struct {
	N int `yaml:"n"`
}

func (c checked) Validate() error {
	if c.N < 0 {
		return errors.New("n is negative")
	}
	return nil
}

func TestTypesThatCheckThemselves(t *testing.T) {
	s, _ := newTest(t)
	c := NewCollection[checked](s, "checked", 2)
	wants(t, c.Put("a", checked{-1}), fs.ErrInvalid)
	must(t, c.Put("a", checked{1}))
	edit(t, s, "checked/a.yaml", "schema: checked/v2\nn: -4\n...\n")
	_, err := c.Get("a")
	wants(t, err, ErrCorrupt)
}

func TestValuesWithoutForm(t *testing.T) {
	_, c := newTest(t)
	wants(t, c.Put("a", appliance{Title: "\xff"}), fs.ErrInvalid)
	wants(t, c.Put("a", appliance{Script: strings.Repeat("x", MaxRecord)}), ErrTooLarge)
	if names, _ := c.List(); len(names) != 0 {
		t.Fatal("a refused value left", names)
	}
}
