package dir_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"spliced/block"
	"spliced/block/blocktest"
	"spliced/block/dir"
)

// childVariable names the folder that this binary, run again by a test, has to
// work on as another process.
const childVariable = "SPLICED_DIR_TEST_CHILD"

func TestMain(m *testing.M) {
	if path := os.Getenv(childVariable); path != "" {
		child(context.Background(), path)
		return
	}
	goleak.VerifyTestMain(m)
}

// lacking skips the test, or fails it where SPLICED_REQUIRE names what is
// lacking.
func lacking(t *testing.T, what, why string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), what) {
		t.Fatalf("%s is required: %s", what, why)
	}
	t.Skip(why)
}

// openPool opens the pool at path and leaves closing it to the caller.
func openPool(t *testing.T, path string) *dir.Pool {
	t.Helper()
	p, err := dir.Open(t.Context(), path)
	if errors.Is(err, errors.ErrUnsupported) {
		lacking(t, "xattr", err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tempPool opens a pool in a folder of its own and closes it with the test.
func tempPool(t *testing.T) (p *dir.Pool, path string) {
	t.Helper()
	path = t.TempDir()
	p = openPool(t, path)
	t.Cleanup(func() { ok(t, p.Close()) })
	return p, path
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, got, wanted error) {
	t.Helper()
	if !errors.Is(got, wanted) {
		t.Errorf("got %v, want %v", got, wanted)
	}
}

// create makes a closed volume whose content is data.
func create(t *testing.T, p block.Pool, name, data string) {
	t.Helper()
	v, err := p.Create(t.Context(), name, int64(len(data)))
	ok(t, err)
	_, err = v.WriteAt([]byte(data), 0)
	ok(t, errors.Join(err, v.Close()))
}

// freeze takes the snapshot "base" of a closed volume.
func freeze(t *testing.T, p block.Pool, name string) {
	t.Helper()
	v, err := p.Open(t.Context(), name)
	ok(t, err)
	ok(t, errors.Join(v.Snapshot(t.Context(), "base"), v.Close()))
}

// content reads a volume through the pool.
func content(t *testing.T, p block.Pool, name string) string {
	t.Helper()
	v, err := p.Open(t.Context(), name)
	ok(t, err)
	data := make([]byte, v.Size())
	_, err = v.ReadAt(data, 0)
	ok(t, errors.Join(err, v.Close()))
	return string(data)
}

func list(t *testing.T, p block.Pool) []string {
	t.Helper()
	names, err := p.List(t.Context())
	ok(t, err)
	return names
}

// contract runs the suite on pools in folders that folder makes.
func contract(t *testing.T, folder func(t *testing.T) string) {
	t.Helper()
	paths := map[block.Pool]string{}
	open := func(t *testing.T) block.Pool {
		t.Helper()
		path := folder(t)
		p := openPool(t, path)
		paths[p] = path
		return p
	}
	again := func(t *testing.T, p block.Pool) block.Pool {
		t.Helper()
		return openPool(t, paths[p])
	}
	blocktest.Run(t, open, blocktest.BusyWhileOpen(), blocktest.Again(again))
}

func TestContract(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T) string { t.Helper(); return t.TempDir() })
}

func TestOpen(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	path := base + "/local"
	p := openPool(t, path)
	ok(t, p.Close())
	st, err := os.Stat(path)
	ok(t, err)
	if st.Mode().Perm() != 0o711 || !st.IsDir() {
		t.Errorf("the new folder has the mode %v", st.Mode())
	}
	_, err = dir.Open(t.Context(), base+"/a/b")
	want(t, err, os.ErrNotExist)
	ok(t, os.WriteFile(base+"/file", nil, 0o600))
	if _, err := dir.Open(t.Context(), base+"/file"); err == nil {
		t.Error("a file was taken for a folder")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = dir.Open(ctx, path)
	want(t, err, context.Canceled)
}

func TestOpenRefusesFileSystemsWithoutAttributes(t *testing.T) {
	t.Parallel()
	_, err := dir.Open(t.Context(), "/proc/self/task")
	want(t, err, errors.ErrUnsupported)
	if err != nil && !strings.Contains(err.Error(), "ext4") {
		t.Errorf("the message says nothing about what to do: %v", err)
	}
}
