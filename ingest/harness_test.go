package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spliced/block"
	"spliced/block/dir"
	"spliced/block/mem"
	"spliced/ingest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	job  = "0123456789ab"
	room = 8 << 30
	// patience is how long a test waits for what must come.
	patience = 30 * time.Second
)

func limits() ingest.Limits {
	return ingest.Limits{MaxVirtualSize: 64 << 40, Stall: patience}
}

func ok(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// on runs a test on each kind of pool, and looks that none of its volumes is
// still open.
func on(t *testing.T, test func(t *testing.T, p block.Pool)) {
	t.Helper()
	pools := map[string]func(t *testing.T) block.Pool{
		"mem": func(*testing.T) block.Pool { return mem.New(room) },
		"dir": func(t *testing.T) block.Pool {
			t.Helper()
			p, err := dir.Open(t.Context(), filepath.Join(t.TempDir(), "pool"))
			ok(t, err)
			return p
		},
	}
	for name, open := range pools {
		t.Run(name, func(t *testing.T) {
			p := open(t)
			test(t, p)
			ok(t, p.Close())
		})
	}
}

// fileSource is a source that is a file.
func fileSource(tb testing.TB, data []byte) (*ingest.Source, string) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "source")
	ok(tb, os.WriteFile(path, data, 0o600))
	return openSource(tb, path), path
}

func openSource(tb testing.TB, path string) *ingest.Source {
	tb.Helper()
	f, err := os.Open(path)
	ok(tb, err)
	return source(tb, f, patience)
}

func source(tb testing.TB, f *os.File, stall time.Duration) *ingest.Source {
	tb.Helper()
	s, err := ingest.NewSource(f, stall)
	ok(tb, err)
	tb.Cleanup(func() { ok(tb, s.Close()) })
	return s
}

// pipe returns both ends of a pipe; the reading one as a source.
func pipe(tb testing.TB, stall time.Duration) (*ingest.Source, *os.File) {
	tb.Helper()
	r, w, err := os.Pipe()
	ok(tb, err)
	return source(tb, r, stall), w
}

// pipeSource is a source into which data is written as the reader takes it,
// in pieces of that many bytes.
func pipeSource(tb testing.TB, data []byte, piece int) *ingest.Source {
	tb.Helper()
	s, w := pipe(tb, patience)
	go func() {
		for rest := data; len(rest) > 0; rest = rest[min(piece, len(rest)):] {
			if _, err := w.Write(rest[:min(piece, len(rest))]); err != nil {
				break // the reader had enough
			}
		}
		_ = w.Close()
	}()
	tb.Cleanup(func() { _ = w.Close() })
	return s
}

func silent(string, int64, int64, string) {}

func started(bool) {}

// request is one for an image of which nothing is said.
func request() ingest.ImageRequest {
	return ingest.ImageRequest{Staging: ingest.StagingPrefix(job) + "1", Size: -1}
}

func takeImage(ctx context.Context, p block.Pool, s *ingest.Source, rq ingest.ImageRequest) (ingest.StagedImage, error) {
	return ingest.Image(ctx, p, s, rq, limits(), silent, started)
}

// appliance is a request for an OVA of which nothing is said.
func appliance() ingest.OVARequest {
	return ingest.OVARequest{Prefix: ingest.StagingPrefix(job), Size: -1}
}

func takeOVA(ctx context.Context, p block.Pool, s *ingest.Source, rq ingest.OVARequest) (*ingest.StagedOVA, error) {
	return ingest.OVA(ctx, p, s, rq, limits(), silent)
}

// content reads a volume.
func content(tb testing.TB, p block.Pool, name string) []byte {
	tb.Helper()
	v, err := p.Open(tb.Context(), name)
	ok(tb, err)
	b := make([]byte, v.Size())
	if _, err := v.ReadAt(b, 0); err != nil && !errors.Is(err, io.EOF) {
		tb.Fatal(err)
	}
	ok(tb, v.Close())
	return b
}

// holds compares a volume with what it should hold.
func holds(tb testing.TB, p block.Pool, name string, want []byte) {
	tb.Helper()
	got := content(tb, p, name)
	if len(got) != len(want) {
		tb.Fatalf("volume %s has %d bytes, want %d", name, len(got), len(want))
	}
	for i := 0; !bytes.Equal(got, want) && i < len(got); i++ {
		if got[i] != want[i] {
			tb.Fatalf("volume %s differs at byte %d of %d", name, i, len(want))
		}
	}
}

func volumes(tb testing.TB, p block.Pool) []string {
	tb.Helper()
	names, err := p.List(tb.Context())
	ok(tb, err)
	return names
}

// undone demands that Undo leaves exactly the named volumes.
func undone(tb testing.TB, p block.Pool, finals []string, leaves ...string) {
	tb.Helper()
	// A program that a test beside this one is just starting may hold the
	// descriptors of all for a moment.
	deadline := time.After(10 * time.Second)
	err := ingest.Undo(tb.Context(), p, job, finals)
	for errors.Is(err, syscall.EBUSY) {
		select {
		case <-deadline:
			tb.Fatal(err)
		case <-time.After(10 * time.Millisecond):
		}
		err = ingest.Undo(tb.Context(), p, job, finals)
	}
	ok(tb, err)
	if left := volumes(tb, p); !slices.Equal(left, leaves) {
		tb.Fatalf("Undo left %q, want %q", left, leaves)
	}
}

// refused demands a failure whose text has all the parts, and nothing left.
func refused(tb testing.TB, p block.Pool, err error, parts ...string) {
	tb.Helper()
	if err == nil {
		tb.Fatal("was not refused")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			tb.Errorf("refused with %q, which doesn't say %q", err, part)
		}
	}
	undone(tb, p, nil)
}

// kind demands a Refusal of that kind.
func kind(tb testing.TB, err error, want ingest.Kind) {
	tb.Helper()
	var r *ingest.Refusal
	if !errors.As(err, &r) || r.Kind != want {
		tb.Errorf("%v is no refusal of kind %d", err, want)
	}
}

// p0 is an empty pool that is checked for open volumes in the end.
func p0(t *testing.T) block.Pool {
	t.Helper()
	p := mem.New(room)
	t.Cleanup(func() { ok(t, p.Close()) })
	return p
}
