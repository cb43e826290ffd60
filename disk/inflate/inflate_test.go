package inflate

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
)

// engine is what both implementations do.
type engine interface {
	Zlib(dst, src []byte) (int, error)
}

func engines() map[string]engine {
	return map[string]engine{Engine: New(), "pure Go": &pureInflater{}}
}

func pack(level int, b []byte) []byte {
	var out bytes.Buffer
	w, err := zlib.NewWriterLevel(&out, level)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}

// sample is n bytes, in part compressible.
func sample(n int) []byte {
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.ExpFloat64() * 9)
	}
	return b
}

// TestZlib is the one suite of both engines.
func TestZlib(t *testing.T) {
	t.Parallel()
	for name, e := range engines() {
		for _, size := range []int{0, 1, 4096, 65536, 1 << 20} {
			for _, level := range []int{0, 1, 9} {
				t.Run(fmt.Sprint(name, size, level), func(t *testing.T) {
					t.Parallel()
					checkStream(t, e, pack(level, sample(size)), sample(size))
				})
			}
		}
	}
}

func checkStream(t *testing.T, e engine, packed, want []byte) {
	t.Helper()
	roomy := make([]byte, len(want)+100)
	if n, err := e.Zlib(roomy, packed); err != nil || !bytes.Equal(roomy[:n], want) {
		t.Fatalf("with room to spare: %d bytes and %v", n, err)
	}
	exact := make([]byte, len(want))
	if n, err := e.Zlib(exact, packed); err != nil || n != len(want) || !bytes.Equal(exact, want) {
		t.Fatalf("with room that just does: %d bytes and %v", n, err)
	}
	if len(want) > 0 {
		if _, err := e.Zlib(exact[:len(want)-1], packed); !errors.Is(err, ErrRoom) {
			t.Fatalf("with a byte too little: %v", err)
		}
	}
	if _, err := e.Zlib(exact, append(bytes.Clone(packed), 0)); !errors.Is(err, ErrTrailing) {
		t.Fatalf("with a byte behind it: %v", err)
	}
	for _, cut := range []int{0, 1, 2, len(packed) / 2, len(packed) - 4, len(packed) - 1} {
		if _, err := e.Zlib(roomy, packed[:cut]); !errors.Is(err, ErrData) {
			t.Fatalf("cut to %d of %d: %v", cut, len(packed), err)
		}
	}
	broken := bytes.Clone(packed)
	broken[len(broken)-1] ^= 1
	if _, err := e.Zlib(exact, broken); !errors.Is(err, ErrData) {
		t.Fatalf("with a wrong checksum: %v", err)
	}
}

// TestDictionary refuses streams that want a preset dictionary.
func TestDictionary(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w, err := zlib.NewWriterLevelDict(&out, 6, []byte("dictionary"))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = w.Write(sample(100))
	_ = w.Close()
	for name, e := range engines() {
		if _, err := e.Zlib(make([]byte, 100), out.Bytes()); !errors.Is(err, ErrData) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestManyGoroutines uses one Inflater from many goroutines, with the garbage
// collector emptying its pool meanwhile.
func TestManyGoroutines(t *testing.T) {
	t.Parallel()
	want := sample(20000)
	packed := pack(6, want)
	for _, e := range engines() {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				got := make([]byte, len(want))
				for range 50 {
					if _, err := e.Zlib(got, packed); err != nil || !bytes.Equal(got, want) {
						t.Errorf("got %v", err)
						return
					}
					runtime.GC()
				}
			})
		}
		group.Wait()
	}
}

// FuzzEngines holds the two engines against each other, and both against the
// standard library. Streams that no encoder makes (an incomplete code, say) may
// be taken by one and refused by another; none may make different data of them.
func FuzzEngines(f *testing.F) {
	for _, size := range []int{0, 1, 300, 5000} {
		f.Add(pack(6, sample(size)))
	}
	c, g := New(), &pureInflater{}
	f.Fuzz(func(t *testing.T, src []byte) {
		a, b := make([]byte, 1<<16), make([]byte, 1<<16)
		n, errA := c.Zlib(a, src)
		m, errB := g.Zlib(b, src)
		if errA == nil && errB == nil && !bytes.Equal(a[:n], b[:m]) {
			t.Fatalf("%d and %d bytes that differ", n, m)
		}
		if want, ok := standard(src, len(a)); ok && (errA != nil || !bytes.Equal(a[:n], want)) {
			t.Fatalf("the standard library makes %d bytes of it, %s says %v", len(want), Engine, errA)
		}
	})
}

// standard decompresses with compress/zlib.
func standard(src []byte, room int) ([]byte, bool) {
	in := bytes.NewReader(src)
	r, err := zlib.NewReader(in)
	if err != nil {
		return nil, false
	}
	out, err := io.ReadAll(io.LimitReader(r, int64(room)+1))
	return out, err == nil && len(out) <= room && in.Len() == 0
}
