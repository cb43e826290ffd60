package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// catalogue is what the tests of batches and faults write to: two kinds of
// records and the blobs that belong to one of them.
type catalogue struct {
	store     *Store
	ovas      *Collection[appliance]
	templates *Collection[checked]
	blobs     *Blobs
}

func newCatalogue(s *Store) *catalogue {
	return &catalogue{
		store:     s,
		ovas:      NewCollection[appliance](s, "ovas", 1),
		templates: NewCollection[checked](s, "templates", 1),
		blobs:     NewBlobs(s, "descriptors", ".ovf"),
	}
}

// contents maps KIND/NAME to what tells one version from another.
func (c *catalogue) contents() (map[string]string, error) {
	out := map[string]string{}
	ovas, corrupt, err := c.ovas.All()
	if err != nil {
		return nil, err
	}
	for _, it := range ovas {
		out["ovas/"+it.Name] = it.Value.Title
	}
	templates, corrupt2, err := c.templates.All()
	if err != nil {
		return nil, err
	}
	for _, it := range templates {
		out["templates/"+it.Name] = strings.Repeat("I", it.Value.N)
	}
	for _, bad := range append(corrupt, corrupt2...) {
		return nil, bad
	}
	names, err := c.blobs.List()
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		data, err := c.blobs.Get(name)
		if err != nil {
			return nil, err
		}
		out["descriptors/"+name] = string(data)
	}
	return out, nil
}

// upload is a batch of every kind of change.
func (c *catalogue) upload() error {
	b := c.store.NewBatch()
	c.ovas.CreateIn(b, "web", sample("new"))
	c.blobs.PutIn(b, "web", []byte("<new/>"))
	c.templates.PutIn(b, "shared", checked{2})
	c.templates.CreateIn(b, "web", checked{3})
	c.templates.DeleteIn(b, "stale")
	return b.Commit()
}

// generation is what a caller has seen of a template that is well.
func (c *catalogue) generation(name string) (string, error) {
	v, err := c.templates.Look(name)
	if err == nil && v.Problem != nil {
		err = v.Problem
	}
	return v.Generation, err
}

func (c *catalogue) update(name string, n int) error {
	g, err := c.generation(name)
	if err == nil {
		_, err = c.templates.Update(name, g, checked{n})
	}
	return err
}

func (c *catalogue) deleteVersion(name string) error {
	g, err := c.generation(name)
	if err != nil {
		return err
	}
	return c.templates.DeleteVersion(name, g)
}

// modify is a batch of changes that are held to what was seen.
func (c *catalogue) modify() error {
	shared, err := c.generation("shared")
	if err != nil {
		return err
	}
	stale, err := c.generation("stale")
	if err != nil {
		return err
	}
	b := c.store.NewBatch()
	c.templates.UpdateIn(b, "shared", shared, checked{7})
	c.templates.DeleteVersionIn(b, "stale", stale)
	c.ovas.CreateIn(b, "web", sample("x"))
	return b.Commit()
}

func (c *catalogue) populate(t *testing.T) {
	t.Helper()
	must(t, c.templates.Put("shared", checked{1}))
	must(t, c.templates.Put("stale", checked{1}))
	must(t, c.blobs.Put("other", []byte("<other/>")))
}

func before() map[string]string {
	return map[string]string{"templates/shared": "I", "templates/stale": "I", "descriptors/other": "<other/>"}
}

func after() map[string]string {
	return map[string]string{
		"ovas/web": "new", "descriptors/web": "<new/>", "descriptors/other": "<other/>",
		"templates/shared": "II", "templates/web": "III",
	}
}

func TestBatchOfManyKinds(t *testing.T) {
	s := openTest(t, t.TempDir(), kernel{})
	c := newCatalogue(s)
	c.populate(t)
	expectContents(t, c, before())
	must(t, c.upload())
	expectContents(t, c, after())
	must(t, s.NewBatch().Commit())
	expectNoLeftovers(t, s.dir)
}

func TestBatchThatIsRefusedChangesNothing(t *testing.T) {
	s := openTest(t, t.TempDir(), kernel{})
	c := newCatalogue(s)
	c.populate(t)
	cases := map[string]struct {
		fill func(b *Batch)
		want error
	}{
		"taken":   {func(b *Batch) { c.templates.CreateIn(b, "shared", checked{9}) }, fs.ErrExist},
		"blob":    {func(b *Batch) { c.blobs.CreateIn(b, "other", nil) }, fs.ErrExist},
		"gone":    {func(b *Batch) { c.templates.DeleteIn(b, "nobody") }, fs.ErrNotExist},
		"noblob":  {func(b *Batch) { c.blobs.DeleteIn(b, "nobody") }, fs.ErrNotExist},
		"name":    {func(b *Batch) { c.ovas.PutIn(b, "../x", sample("x")) }, fs.ErrInvalid},
		"value":   {func(b *Batch) { c.templates.PutIn(b, "x", checked{-1}) }, fs.ErrInvalid},
		"twice":   {func(b *Batch) { c.templates.DeleteIn(b, "first") }, fs.ErrInvalid},
		"toolong": {func(b *Batch) { c.blobs.PutIn(b, "x", make([]byte, MaxBlob+1)) }, ErrTooLarge},
	}
	for name, tc := range cases {
		b := s.NewBatch()
		c.templates.PutIn(b, "first", checked{1})
		tc.fill(b)
		c.ovas.PutIn(b, "last", sample("last"))
		t.Log(name)
		wants(t, b.Commit(), tc.want)
		expectContents(t, c, before())
	}
	expectNoLeftovers(t, s.dir)
}

func TestIntentThatCannotBeReadStopsNobody(t *testing.T) {
	s := openTest(t, t.TempDir(), kernel{})
	c := newCatalogue(s)
	c.populate(t)
	must(t, c.upload())
	broken := filepath.Join(s.dir, batchKind, "tmp-0123456789abcdef.yaml")
	must(t, os.WriteFile(broken, []byte("steps:\n  - kind: ../..\n    file: passwd\n...\n"), 0o600))
	needed := filepath.Join(s.dir, "ovas", ".tmp-0123456789abcdef")
	must(t, os.WriteFile(needed, []byte("x"), 0o600))

	s = reopen(t, s)
	if len(s.Problems()) != 1 {
		t.Fatalf("the problems are %v", s.Problems())
	}
	wants(t, s.Problems()[0], ErrCorrupt)
	c = newCatalogue(s)
	expectContents(t, c, after())
	must(t, c.ovas.Put("x", sample("x")))
	for _, path := range []string{broken, needed} {
		if _, err := os.Stat(path); err != nil {
			t.Errorf("what may be needed is gone: %v", err)
		}
	}
}

func TestIntentsAreNotObeyedElsewhere(t *testing.T) {
	for _, text := range []string{
		"steps:\n  - kind: ovas\n    file: ../lock\n...\n",
		"steps:\n  - kind: ovas\n    file: .tmp-0123456789abcdef\n...\n",
		"steps:\n  - kind: ovas\n    file: \"\"\n...\n",
		"steps:\n  - kind: ..\n    file: lock\n...\n",
		"steps:\n  - kind: ovas\n    file: a.yaml\n    temp: ../../x\n...\n",
		"steps:\n  - kind: ovas\n    file: a.yaml\n",
	} {
		if in, err := decodeIntent([]byte(text)); err == nil {
			t.Errorf("accepted %+v", in)
		}
	}
}

func TestBlobs(t *testing.T) {
	s := openTest(t, t.TempDir(), kernel{})
	b := NewBlobs(s, "descriptors", ".ovf")
	data := make([]byte, MaxBlob)
	data[0], data[MaxBlob-1] = 1, 2
	must(t, b.Put("web", data))
	got, err := b.Get("web")
	must(t, err)
	if string(got) != string(data) {
		t.Fatal("the blob changed")
	}
	wants(t, b.Put("web", append(data, 0)), ErrTooLarge)
	must(t, b.Put("empty", nil))
	if got, err := b.Get("empty"); err != nil || len(got) != 0 {
		t.Fatal(got, err)
	}
	edit(t, s, "descriptors/huge.ovf", strings.Repeat("x", MaxBlob+1))
	_, err = b.Get("huge")
	wants(t, err, ErrTooLarge)
	_, err = b.Get("none")
	wants(t, err, fs.ErrNotExist)
	must(t, b.Delete("web"))
	wants(t, b.Delete("web"), fs.ErrNotExist)
}
