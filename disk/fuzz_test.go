package disk_test

import (
	"bytes"
	"errors"
	"runtime"
	"testing"

	"spliced/disk"
)

// fuzzCeiling is how much memory, in bytes, one image may make Open and the
// reader allocate in all beside what its own length accounts for: the window,
// and a payload of the largest size for each class.
const fuzzCeiling = 64 << 20

// FuzzOpen opens and drains anything: it ends in success, a typed failure or
// nothing, in bounded memory.
func FuzzOpen(f *testing.F) {
	for _, c := range goodImages(f) {
		f.Add(c.b)
	}
	for _, h := range hostileImages(f) {
		f.Add(h.image)
	}
	for _, head := range heads() {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, image []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := drain(t, bytes.NewReader(image), disk.Options{Size: -1, ChunkSize: 1 << 20, MaxVirtualSize: 1 << 50})
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > fuzzCeiling+300*uint64(len(image)) {
			t.Fatalf("%d bytes were allocated for an image of %d", used, len(image))
		}
		if err != nil && !errors.As(err, new(*disk.FormatError)) {
			t.Fatalf("not typed: %v", err)
		}
	})
}

// FuzzFlip changes a few bytes of good images: the disk stays the same or is
// refused.
func FuzzFlip(f *testing.F) {
	images := goodImages(f)
	names := []string{"tables at the end, footer", "tables at the front, twice", "each table behind its grains"}
	f.Add(uint8(0), uint32(20), []byte{1, 2})
	f.Fuzz(func(t *testing.T, which uint8, at uint32, patch []byte) {
		c := images[names[int(which)%len(names)]]
		b := bytes.Clone(c.b)
		if len(patch) > 8 || int(at)+len(patch) > len(b) {
			t.Skip("only a few bytes within the image")
		}
		copy(b[at:], patch)
		got, err := decode(t, bytes.NewReader(b), disk.Options{Format: disk.VMDK, Size: -1, MaxVirtualSize: maxImage})
		if err == nil && !bytes.Equal(got, c.want()) && c.flags&streamed != 0 {
			t.Fatal("another disk came out")
		}
	})
}
