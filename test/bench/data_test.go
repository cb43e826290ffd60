package bench

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLayoutSpreadsOverTheDisk(t *testing.T) {
	for _, c := range []struct{ total, size int64 }{
		{1 << 30, 8 << 30},
		{1 << 30, 1 << 30},
		{blockSize, 64 << 20},
		{300 << 20, 301 << 20},
	} {
		var end, sum int64
		runs := layout(c.total, c.size)
		for _, r := range runs {
			if r.offset < end || r.length <= 0 || r.offset%blockSize != 0 {
				t.Fatalf("%d of %d: run %+v after %d", c.total, c.size, r, end)
			}
			end = r.offset + r.length
			sum += r.length
		}
		if sum != c.total || end > c.size {
			t.Errorf("%d of %d: %d bytes up to %d", c.total, c.size, sum, end)
		}
	}
	if last := layout(1<<30, 8<<30); last[len(last)-1].offset < 6<<30 {
		t.Errorf("the last run is at %d: the disk's end stays empty", last[len(last)-1].offset)
	}
	same := layout(1<<28, 1<<30)
	if diff := cmp.Diff(same, layout(1<<28, 1<<30), cmp.AllowUnexported(run{})); diff != "" {
		t.Errorf("two layouts differ:\n%s", diff)
	}
}

type memory []byte

func (m memory) WriteAt(p []byte, off int64) (int, error) { return copy(m[off:], p), nil }

func TestSpreaderFillsRunsInTurn(t *testing.T) {
	disk := make(memory, 12)
	s := &spreader{w: disk, runs: []run{{1, 3}, {6, 4}}}
	for _, piece := range []string{"a", "bcd", "", "efg"} {
		if err := s.put([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := string(disk), "\x00abc\x00\x00defg\x00\x00"; got != want {
		t.Errorf("disk is %q, want %q", got, want)
	}
	if err := s.put([]byte("h")); err == nil {
		t.Error("a byte went nowhere")
	}
}

// binary is the content of a file that passes for a program.
func binary(seed byte) []byte {
	return append([]byte("\x7fELF"), bytes.Repeat([]byte{seed}, smallest)...)
}

func TestCollectTakesEachFileOnce(t *testing.T) {
	root, text := t.TempDir(), bytes.Repeat([]byte("text"), smallest)
	for name, data := range map[string][]byte{
		"a": binary('a'), "b": binary('a'), "c": binary('c'), "b.txt": text,
		"e": []byte("\x7fELF"), "f": binary('f'),
	} {
		if err := os.WriteFile(filepath.Join(root, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("f", filepath.Join(root, "0")); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	put := func(p []byte) error { got.Write(p); return nil }
	want := bytes.Join([][]byte{binary('a'), binary('c'), binary('f'), text[:100]}, nil)
	if err := collect(t.Context(), []string{root, "/nonexistent"}, int64(len(want)), put); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got.Bytes()) {
		t.Errorf("%d bytes were collected, and not those that were wanted", got.Len())
	}
	if err := collect(t.Context(), []string{root}, 1<<20, put); err == nil {
		t.Error("too few files went unnoticed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := collect(ctx, []string{root}, 1, put); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
