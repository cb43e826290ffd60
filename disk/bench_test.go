package disk_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"spliced/disk"
)

// BenchmarkNext reads and frames without decoding; the rate is that of the
// input.
func BenchmarkNext(b *testing.B) {
	c := craft(b, 4096*128)
	c.grain = 128
	packed := deflate(noise(28 << 10))
	for number := range uint64(4096) {
		c.rawGrain(number, packed)
	}
	c.finish()
	sparse := craft(b, 512*128)
	sparse.grain = 128
	all := make([]uint64, 512)
	for i := range all {
		all[i] = uint64(i)
	}
	for name, image := range map[string][]byte{
		"raw": pattern(64 << 20), "streamOptimized": c.b, "monolithicSparse": sparse.sparse(all...).front(),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(image)))
			b.ReportAllocs()
			for b.Loop() {
				readAll(b, image)
			}
		})
	}
}

// noise is n bytes that don't compress.
func noise(n int) []byte {
	b := make([]byte, n)
	rng := rand.New(rand.NewPCG(3, 4))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func readAll(b *testing.B, image []byte) {
	b.Helper()
	r, err := disk.Open(struct{ io.Reader }{bytes.NewReader(image)}, disk.Options{Size: int64(len(image))})
	if err != nil {
		b.Fatal(err)
	}
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			b.Fatal(err)
		}
		if e.Data != nil {
			e.Data.Release()
		}
	}
}
