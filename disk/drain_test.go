package disk_test

import (
	"errors"
	"io"
	"testing"

	"spliced/disk"
)

// decode opens an image, takes all its extents and returns the disk they make.
// It checks what every extent must keep to.
func decode(tb testing.TB, r io.Reader, o disk.Options) ([]byte, error) {
	tb.Helper()
	return decodeBounded(tb, r, o, maxImage)
}

func decodeBounded(tb testing.TB, r io.Reader, o disk.Options, bound int64) ([]byte, error) {
	tb.Helper()
	reader, err := disk.Open(r, o)
	if err != nil {
		return nil, err
	}
	var image []byte
	for {
		e, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return grow(image, min(bound, reader.Size())), nil
		}
		if err != nil {
			again, same := reader.Next()
			if again.Data != nil || !errors.Is(same, err) {
				tb.Fatalf("after %v came %v", err, same)
			}
			return nil, err
		}
		image, err = apply(tb, image, e, o, bound)
		if err != nil {
			return nil, err
		}
	}
}

// drain decodes an image and drops it.
func drain(tb testing.TB, r io.Reader, o disk.Options) error {
	tb.Helper()
	_, err := decodeBounded(tb, r, o, 0)
	return err
}

// maxImage is the largest image that tests put together in memory.
const maxImage = 256 << 20

func apply(tb testing.TB, image []byte, e disk.Extent, o disk.Options, bound int64) ([]byte, error) {
	tb.Helper()
	chunk := int64(o.ChunkSize)
	if chunk == 0 {
		chunk = disk.DefaultChunkSize
	}
	if e.Length <= 0 || e.Offset < 0 || e.Data != nil && e.Offset/chunk != (e.Offset+e.Length-1)/chunk {
		tb.Fatalf("an extent of %d bytes at %d", e.Length, e.Offset)
	}
	if e.Data == nil {
		return image, nil
	}
	defer e.Data.Release()
	if e.Data.Stored() <= 0 {
		tb.Fatalf("a payload holds %d bytes", e.Data.Stored())
	}
	if p := e.Data.Plain(); p != nil && int64(len(p)) != e.Length {
		tb.Fatalf("an extent of %d bytes has %d", e.Length, len(p))
	}
	if e.Offset+e.Length > bound {
		return image, e.Data.DecodeTo(make([]byte, e.Length))
	}
	image = grow(image, e.Offset+e.Length)
	return image, e.Data.DecodeTo(image[e.Offset : e.Offset+e.Length])
}

func grow(b []byte, size int64) []byte {
	if int64(len(b)) < size {
		b = append(b, make([]byte, size-int64(len(b)))...)
	}
	return b
}
