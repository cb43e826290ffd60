package disk_test

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"

	"spliced/disk"
)

// TestDecodeOnManyGoroutines takes extents on one goroutine and decodes and
// releases them on others, as the flow does, with buffers going round.
func TestDecodeOnManyGoroutines(t *testing.T) {
	t.Parallel()
	c := craft(t, 5000*8)
	for number := range uint64(5000) {
		if number%7 != 0 {
			c.grainOf((number * 3) % 5000)
		}
	}
	c.finish()
	for name, image := range map[string][]byte{"vmdk": c.bytes(), "raw": c.want()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := disk.Open(bytes.NewReader(image), disk.Options{Size: -1, ChunkSize: 64 << 10})
			if err != nil {
				t.Fatal(err)
			}
			got := make([]byte, c.capacity*512)
			decodeAll(t, r, got)
			if !bytes.Equal(got, c.want()) {
				t.Fatal("another disk came out")
			}
		})
	}
}

// decodeAll fills image from r with four goroutines.
func decodeAll(t *testing.T, r disk.Reader, image []byte) {
	t.Helper()
	extents := make(chan disk.Extent, 8)
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for e := range extents {
				if err := e.Data.DecodeTo(image[e.Offset : e.Offset+e.Length]); err != nil {
					t.Error(err)
				}
				e.Data.Release()
			}
		})
	}
	defer group.Wait()
	defer close(extents)
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Error(err)
			return
		}
		if e.Data != nil {
			extents <- e
		}
	}
}
