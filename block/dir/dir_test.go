package dir_test

import (
	"testing"

	"spliced/block"
	"spliced/block/blocktest"
	"spliced/block/dir"
)

// openPool opens the pool at path and leaves closing it to the caller.
func openPool(t *testing.T, path string) *dir.Pool {
	t.Helper()
	p, err := dir.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestContract(t *testing.T) {
	t.Parallel()
	paths := map[block.Pool]string{}
	open := func(t *testing.T) block.Pool {
		t.Helper()
		path := t.TempDir()
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
