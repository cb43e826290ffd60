package dir_test

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"

	"spliced/block/dir"
)

// BenchmarkWrite writes a volume of 256 MiB and flushes it, in pieces of
// several sizes by one goroutine and by eight.
func BenchmarkWrite(b *testing.B) {
	for _, piece := range []int{64 << 10, 1 << 20, 4 << 20} {
		for _, writers := range []int{1, 8} {
			b.Run(fmt.Sprintf("piece=%dK/writers=%d", piece>>10, writers), func(b *testing.B) {
				benchmarkWrite(b, piece, writers)
			})
		}
	}
}

func benchmarkWrite(b *testing.B, piece, writers int) {
	b.Helper()
	const size = 256 << 20
	p, err := dir.Open(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	v, err := p.Create(b.Context(), "disk", size)
	if err != nil {
		b.Fatal(err)
	}
	data := make([]byte, piece)
	for i := range data {
		data[i] = byte(i % math.MaxUint8)
	}
	b.SetBytes(size)
	for b.Loop() {
		var next atomic.Int64
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for off := next.Add(int64(piece)) - int64(piece); off < size; off = next.Add(int64(piece)) - int64(piece) {
					if _, err := v.WriteAt(data, off); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		if err := v.Flush(); err != nil {
			b.Fatal(err)
		}
		if err := v.Zero(0, size); err != nil {
			b.Fatal(err)
		}
	}
	if err := v.Close(); err != nil {
		b.Error(err)
	}
	if err := p.Close(); err != nil {
		b.Error(err)
	}
}
