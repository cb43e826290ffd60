package dir_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"spliced/block"
)

// TestForeignFiles has others' files in the folder, some of them traps, and
// shows that no method lists, follows, changes or removes them.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	p, path := tempPool(t)
	outside := filepath.Join(t.TempDir(), "secret")
	ok(t, os.WriteFile(outside, []byte("secret"), 0o600))
	create(t, p, "disk", "data")
	freeze(t, p, "disk")

	at := func(name string) string { return filepath.Join(path, name) }
	ok(t, os.Symlink(outside, at("link")))
	ok(t, os.Symlink("disk", at("link-inside")))
	ok(t, os.Symlink("nowhere", at("link-dangling")))
	ok(t, os.Mkdir(at("folder"), 0o700))
	ok(t, os.WriteFile(at("folder/inside"), []byte("x"), 0o600))
	ok(t, unix.Mkfifo(at("fifo"), 0o600))
	ok(t, os.WriteFile(at("plain"), []byte("no mark"), 0o600))
	foreign := []string{"link", "link-inside", "link-dangling", "folder", "fifo", "plain"}

	if names := list(t, p); len(names) != 1 || names[0] != "disk" {
		t.Errorf("List() = %q", names)
	}
	for _, name := range foreign {
		refusesForeign(t, p, name)
	}
	again := openPool(t, path) // has swept
	ok(t, again.Close())
	for _, name := range foreign {
		if _, err := os.Lstat(at(name)); err != nil {
			t.Error(err)
		}
	}
	for file, data := range map[string]string{outside: "secret", at("plain"): "no mark", at("disk"): "data"} {
		if got, err := os.ReadFile(file); err != nil || string(got) != data {
			t.Errorf("%s holds %q, %v", file, got, err)
		}
	}
}

// refusesForeign tries all that takes a name on one that isn't a volume's.
func refusesForeign(t *testing.T, p block.Pool, name string) {
	t.Helper()
	ctx := t.Context()
	if v, err := p.Open(ctx, name); err == nil {
		t.Errorf("Open(%q) took what is no volume", name)
		ok(t, v.Close())
	} else {
		want(t, err, fs.ErrNotExist)
	}
	if v, err := p.Create(ctx, name, 10); err == nil {
		t.Errorf("Create(%q) took a name that is taken", name)
		ok(t, v.Close())
	} else {
		want(t, err, fs.ErrExist)
	}
	want(t, p.Remove(ctx, name), fs.ErrNotExist)
	want(t, p.Rename(ctx, name, "mine"), fs.ErrNotExist)
	want(t, p.Rename(ctx, "disk", name), fs.ErrExist)
	want(t, p.Clone(ctx, name, "base", "mine"), fs.ErrNotExist)
	want(t, p.Clone(ctx, "disk", "base", name), fs.ErrExist)
}

// TestHiddenFiles shows that the sweep of Open takes only what is surely ours.
func TestHiddenFiles(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	outside := filepath.Join(t.TempDir(), "secret")
	ok(t, os.WriteFile(outside, []byte("secret"), 0o600))
	id := strings.Repeat("0a", 16)
	keep := []string{".", ".profile", ".spliced", ".spliced.new", ".spliced.new.x", ".spliced.meta.0", ".spliced.new." + id + "0"}
	for _, name := range keep[1:] {
		ok(t, os.WriteFile(filepath.Join(path, name), nil, 0o600))
	}
	link := ".spliced.new." + strings.Repeat("0b", 16)
	ok(t, os.Symlink(outside, filepath.Join(path, link)))
	folder := ".spliced.meta." + strings.Repeat("0c", 16)
	ok(t, os.Mkdir(filepath.Join(path, folder), 0o700))

	p := openPool(t, path)
	defer func() { ok(t, p.Close()) }()
	for _, name := range append(keep, link, folder) {
		if _, err := os.Lstat(filepath.Join(path, name)); err != nil {
			t.Error(err)
		}
	}
	if names := list(t, p); len(names) != 0 {
		t.Errorf("List() = %q", names)
	}
}

// TestMetadataIsNotFollowed puts a link where a volume's metadata would be.
func TestMetadataIsNotFollowed(t *testing.T) {
	t.Parallel()
	p, path := tempPool(t)
	create(t, p, "disk", "data")
	outside := filepath.Join(t.TempDir(), "secret")
	ok(t, os.WriteFile(outside, []byte(`{"a":"secret"}`), 0o600))
	id := make([]byte, 64)
	n, err := unix.Getxattr(filepath.Join(path, "disk"), "user.spliced.id", id)
	ok(t, err)
	ok(t, os.Symlink(outside, filepath.Join(path, ".spliced.meta."+string(id[:n]))))
	v, err := p.Open(t.Context(), "disk")
	ok(t, err)
	if info, err := v.Info(t.Context()); err == nil {
		t.Errorf("metadata was read through a link: %q", info.Metadata)
	}
	ok(t, v.Close())
}
