package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"spliced/store"
)

// A text is what the file has, and gives the value back; what isn't one is refused.
func TestTextIsTheFile(t *testing.T) {
	t.Parallel()
	type thing struct {
		Name string `yaml:"name"`
		Size int    `yaml:"size,omitempty"`
	}
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	things := store.NewCollection[thing](s, "things", 1)
	want := thing{Name: "a: b", Size: 3}
	text, err := things.Text("x", want)
	if err != nil {
		t.Fatal(err)
	}
	if err := things.Put("x", want); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(filepath.Join(dir, "things", "x.yaml"))
	if err != nil || !bytes.Equal(file, text) {
		t.Errorf("the file is %q, the text %q, %v", file, text, err)
	}
	if got, err := things.Parse(text); err != nil || got != want {
		t.Errorf("parsed %+v, %v", got, err)
	}
	for n := range text {
		if got, err := things.Parse(text[:n]); err == nil {
			t.Errorf("%q was taken for %+v", text[:n], got)
		}
	}
	if _, err := things.Text("../x", want); err == nil {
		t.Error("a name that no record can have was taken")
	}
}
