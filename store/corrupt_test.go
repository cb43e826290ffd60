package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// edit writes a file below the state folder in place, as a person may do.
func edit(t *testing.T, s *Store, name, text string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600))
}

// goodText is a record as a person may write it; each of brokenTexts differs from
// it by one flaw.
const goodText = "schema: ovas/v1\ntitle: a\nmemory: 1\ndisks:\n  - id: sda\n    size: 5\n...\n"

// A brokenText can't be served, and the message has the reason.
type brokenText struct{ text, reason string }

func brokenTexts() map[string]brokenText {
	const good = goodText
	return map[string]brokenText{
		"empty":         {"", "empty"},
		"zeros":         {strings.Repeat("\x00", 4096), "zero bytes"},
		"noend":         {strings.TrimSuffix(good, "...\n"), "the end may be missing"},
		"trailing":      {good + "more: 1\n", "the end may be missing"},
		"second":        {good + "title: b\n...\n", "document"},
		"twodocs":       {"---\n" + good + "---\n" + good, "second document"},
		"unknown":       {strings.Replace(good, "memory", "color: red\nmemory", 1), `"color" is unknown`},
		"case":          {strings.Replace(good, "memory", "Memory", 1), `"Memory" is unknown`},
		"missing":       {strings.Replace(good, "memory: 1\n", "", 1), `"memory" is missing`},
		"deep":          {strings.Replace(good, "size", "sise", 1), `disks[0]: the key "sise" is unknown`},
		"duplicate":     {strings.Replace(good, "memory: 1", "memory: 1\nmemory: 1", 1), "on line 3 already"},
		"half":          {strings.Replace(good, "memory: 1", "memory: 1.5", 1), `"1.5" is not a whole number`},
		"exponent":      {strings.Replace(good, "memory: 1", "memory: 1e3", 1), "whole number"},
		"hex":           {strings.Replace(good, "memory: 1", "memory: 0x10", 1), "whole number"},
		"octal":         {strings.Replace(good, "memory: 1", "memory: 010", 1), "whole number"},
		"grouped":       {strings.Replace(good, "memory: 1", "memory: 1_000", 1), "whole number"},
		"quoted":        {strings.Replace(good, "memory: 1", `memory: "1"`, 1), "whole number"},
		"tagged":        {strings.Replace(good, "memory: 1", "memory: !!int 1", 1), "tag !!int is refused"},
		"tagstr":        {strings.Replace(good, "title: a", "title: !!str 5", 1), "tag !!str is refused"},
		"overflow":      {strings.Replace(good, "memory: 1", "memory: 9223372036854775808", 1), "64 bits"},
		"null":          {strings.Replace(good, "title: a", "title:", 1), "a value is needed"},
		"tilde":         {strings.Replace(good, "memory: 1", "memory: ~", 1), "a value is needed"},
		"alias":         {strings.Replace(good, "title: a", "title: &x a\nscript: *x", 1), "anchor &x"},
		"merge":         {strings.Replace(good, "title: a", "<<: {title: a}", 1), "merge key"},
		"version":       {strings.Replace(good, "ovas/v1", "ovas/v2", 1), "ovas/v1"},
		"otherkind":     {strings.Replace(good, "ovas/v1", "jobs/v1", 1), "ovas/v1"},
		"schemasecond":  {strings.Replace(good, "schema: ovas/v1\ntitle: a", "title: a\nschema: ovas/v1", 1), "ovas/v1"},
		"list":          {"- a\n...\n", "mapping"},
		"scalar":        {"hello\n...\n", "mapping"},
		"latin1":        {strings.Replace(good, "title: a", "title: \xe4", 1), "UTF-8"},
		"large":         {good[:len(good)-4] + strings.Repeat("# x\n", 10<<18) + "...\n", "size limit"},
		"deeply":        {"schema: ovas/v1\ntitle: " + strings.Repeat("[", 5000) + "\n...\n", ""},
		"unterminated":  {"schema: ovas/v1\ntitle: \"a\n...\n", ""},
		"binary":        {strings.Replace(good, "title: a", "title: !!binary aGk=", 1), "tag !!binary"},
		"complexkey":    {strings.Replace(good, "title: a", "? [a]\n: b", 1), "key is no text"},
		"directivejunk": {"%TAG ! tag:x,2000:\n---\n" + strings.Replace(good, "title: a", "title: !y a", 1), "tag"},
	}
}

func TestBrokenRecordsAreToldAndOthersServed(t *testing.T) {
	cases := brokenTexts()
	s, c := newTest(t)
	must(t, c.Put("good", sample("good")))
	edit(t, s, "ovas/control.yaml", goodText)
	for name, tc := range cases {
		edit(t, s, "ovas/"+name+".yaml", tc.text)
		_, err := c.Get(name)
		if _, ok := errors.AsType[*CorruptError](err); !ok {
			t.Errorf("%s: got %v, want a CorruptError", name, err)
			continue
		}
		if !strings.Contains(err.Error(), tc.reason) || !strings.Contains(err.Error(), name+".yaml") {
			t.Errorf("%s: the message lacks the file or %q: %v", name, tc.reason, err)
		}
		wants(t, c.Create(name, sample(name)), fs.ErrExist)
	}

	for range 2 { // from the disk, then from memory and in a new store
		all, corrupt, err := c.All()
		must(t, err)
		if len(all) != 2 || len(corrupt) != len(cases) {
			t.Fatalf("%d records are served and %d told, want 2 and %d", len(all), len(corrupt), len(cases))
		}
		s = reopen(t, s)
		c = NewCollection[appliance](s, "ovas", 1)
	}
	must(t, c.Delete("empty"))
	must(t, c.Put("zeros", sample("mended")))
	got, err := c.Get("zeros")
	must(t, err)
	if d := cmp.Diff(sample("mended"), got); d != "" {
		t.Fatal(d)
	}
}

func TestCorruptErrorTellsTheLine(t *testing.T) {
	s, c := newTest(t)
	must(t, c.Put("good", sample("good")))
	edit(t, s, "ovas/web.yaml", "# by hand\nschema: ovas/v1\ntitle: a\nmemory: 1.5\ndisks: []\n...\n")
	_, err := c.Get("web")
	bad, ok := errors.AsType[*CorruptError](err)
	if !ok || bad.Line != 4 || bad.Name != "web" || bad.Kind != "ovas" {
		t.Fatalf("got %+v", err)
	}
	want := "cannot use the record \"web\" of ovas: " + bad.Path +
		":4: memory: \"1.5\" is not a whole number in plain digits; mend the file, or move it away"
	if bad.Error() != want {
		t.Fatalf("got  %s\nwant %s", bad, want)
	}
}

func TestRecordCutAtEveryByte(t *testing.T) {
	s, c := newTest(t)
	must(t, c.Put("web", sample("one")))
	path := filepath.Join(s.dir, "ovas", "web.yaml")
	whole, err := os.ReadFile(path)
	must(t, err)
	for n := range whole {
		if _, err := c.decode(whole[:n]); err == nil {
			t.Fatalf("the record cut to %d of %d bytes is taken for whole", n, len(whole))
		}
		must(t, os.Truncate(path, 0))
		must(t, os.WriteFile(path, whole[:n], 0o600))
		_, err := c.Get("web")
		wants(t, err, ErrCorrupt)
	}
	must(t, os.WriteFile(path, whole, 0o600))
	got, err := c.Get("web")
	must(t, err)
	if d := cmp.Diff(sample("one"), got); d != "" {
		t.Fatal(d)
	}
}

func TestHandEditsAreNoticed(t *testing.T) {
	s, c := newTest(t)
	must(t, c.Put("web", sample("one")))
	path := filepath.Join(s.dir, "ovas", "web.yaml")
	for _, title := range []string{"two", "six", "ten"} { // of one length, in one tick
		text, err := os.ReadFile(path)
		must(t, err)
		first, rest, _ := strings.Cut(string(text), "title: ")
		_, rest, _ = strings.Cut(rest, "\n")
		edit(t, s, "ovas/web.yaml", first+"title: "+title+"\n"+rest)
		all, _, err := c.All()
		must(t, err)
		got, err := c.Get("web")
		must(t, err)
		if got.Title != title || all[0].Value.Title != title {
			t.Fatalf("got %q and %q, want %q", got.Title, all[0].Value.Title, title)
		}
	}
	must(t, os.Rename(path, filepath.Join(s.dir, "ovas", "www.yaml")))
	names, err := c.List()
	must(t, err)
	if d := cmp.Diff([]string{"www"}, names); d != "" {
		t.Fatal(d)
	}
	must(t, os.RemoveAll(filepath.Join(s.dir, "ovas")))
	if names, err := c.List(); err != nil || len(names) != 0 {
		t.Fatal(names, err)
	}
	must(t, c.Put("web", sample("again")))
}

func TestForeignFiles(t *testing.T) {
	s, c := newTest(t)
	must(t, c.Put("web", sample("one")))
	folder := filepath.Join(s.dir, "ovas")
	secret := filepath.Join(t.TempDir(), "secret.yaml")
	must(t, os.WriteFile(secret, []byte("schema: ovas/v1\ntitle: s\nmemory: 1\ndisks: []\n...\n"), 0o600))
	ignored := []string{"web.yaml~", ".web.yaml.swp", "#web.yaml#", "web.yaml.bak", "README", ".hidden.yaml", "-x.yaml", ".tmp-short", "4913"}
	for _, name := range ignored {
		must(t, os.WriteFile(filepath.Join(folder, name), []byte("x"), 0o600))
	}
	must(t, os.Symlink(secret, filepath.Join(folder, "link.yaml")))
	must(t, unix.Mkfifo(filepath.Join(folder, "fifo.yaml"), 0o600))
	must(t, os.Mkdir(filepath.Join(folder, "dir.yaml"), 0o700))

	c = NewCollection[appliance](reopen(t, s), "ovas", 1)
	all, corrupt, err := c.All()
	must(t, err)
	if len(all) != 1 || len(corrupt) != 3 {
		t.Fatalf("got %v and %v", all, corrupt)
	}
	for _, bad := range corrupt {
		wants(t, bad, errNotRegular)
	}
	for _, name := range ignored {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Errorf("%s is gone: %v", name, err)
		}
	}
	must(t, c.Put("link", sample("mine")))
	if text, _ := os.ReadFile(secret); !strings.Contains(string(text), "title: s") {
		t.Fatal("a write went through the symbolic link")
	}
}
