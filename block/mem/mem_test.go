package mem_test

import (
	"errors"
	"math"
	"syscall"
	"testing"

	"spliced/block"
	"spliced/block/blocktest"
	"spliced/block/mem"
)

func TestContract(t *testing.T) {
	t.Parallel()
	open := func(*testing.T) block.Pool { return mem.New(math.MaxInt64) }
	blocktest.Run(t, open, blocktest.BusyWhileOpen())
}

// pool makes a pool of n chunks and a volume of 1 TiB in it.
func pool(t *testing.T, chunks int64) (*mem.Pool, block.Volume) {
	t.Helper()
	p := mem.New(chunks << 16)
	v, err := p.Create(t.Context(), "disk", 1<<40)
	if err != nil {
		t.Fatal(err)
	}
	return p, v
}

func free(t *testing.T, p block.Pool) int64 {
	t.Helper()
	room, err := p.Room(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return room.Free
}

func TestPoolRunsFull(t *testing.T) {
	t.Parallel()
	p, v := pool(t, 3)
	n, err := v.WriteAt(make([]byte, 5<<16), 1<<39)
	if n != 3<<16 || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("WriteAt = %d, %v; want three chunks and ENOSPC", n, err)
	}
	if _, err := v.WriteAt([]byte{1}, 1<<39); err != nil {
		t.Errorf("what is there already can't be written again: %v", err)
	}
	if err := v.Zero(0, 1<<40); err != nil {
		t.Fatal(err)
	}
	if got := free(t, p); got != 3<<16 {
		t.Errorf("free after Zero: %d", got)
	}
	if _, err := v.WriteAt(make([]byte, 3<<16), 0); err != nil {
		t.Errorf("room that was given back is not there: %v", err)
	}
}

func TestRemoveGivesRoomBack(t *testing.T) {
	t.Parallel()
	p, v := pool(t, 4)
	if _, err := v.WriteAt(make([]byte, 2<<16), 100); err != nil {
		t.Fatal(err)
	}
	if err := v.Snapshot(t.Context(), "base"); err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Clone(t.Context(), "disk", "base", "copy"); err != nil {
		t.Fatal(err)
	}
	if got := free(t, p); got != 1<<16 {
		t.Errorf("a clone takes room: %d left", got)
	}
	clone, err := p.Open(t.Context(), "copy")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clone.WriteAt([]byte{1}, 0); err != nil {
		t.Fatal(err)
	}
	if got := free(t, p); got != 0 {
		t.Errorf("a clone's first write took no room: %d left", got)
	}
	if err := clone.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"copy", "disk"} {
		if err := p.Remove(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	if got := free(t, p); got != 4<<16 {
		t.Errorf("free after all was removed: %d", got)
	}
}

func TestCloseTellsOfLeaks(t *testing.T) {
	t.Parallel()
	p, v := pool(t, 1)
	if err := p.Close(); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("Close with an open volume: %v", err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err == nil {
		t.Error("a second Close of a volume went unnoticed")
	}
	if _, err := v.ReadAt(make([]byte, 1), 0); err == nil {
		t.Error("a read after Close went unnoticed")
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}
