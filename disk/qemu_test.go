package disk_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"spliced/disk"
)

// pattern is a disk of the size with text-like data, noise and holes.
func pattern(size int) []byte {
	b := make([]byte, size)
	rng := rand.New(rand.NewPCG(1, uint64(size)))
	for at := 0; at < size; {
		n := min(size-at, 1+rng.IntN(300<<10))
		switch rng.IntN(3) {
		case 0:
			for i := range n {
				b[at+i] = byte(rng.Uint32())
			}
		case 1:
			for i := range n {
				b[at+i] = "spliced disk image "[(at+i)%19]
			}
		}
		at += n
	}
	return b
}

// TestQemuImages decodes what qemu-img writes and compares it with what
// qemu-img itself reads from it.
func TestQemuImages(t *testing.T) {
	t.Parallel()
	for _, size := range []int{512, 64 << 10, 65<<10 + 512, 1000 * 512, 9<<20 + 1000} {
		for _, kind := range [][]string{
			{"-o", "subformat=streamOptimized"},
			{"-o", "subformat=streamOptimized", "-W", "-m", "16"},
			{"-o", "subformat=streamOptimized,zeroed_grain=on"},
			{"-o", "subformat=monolithicSparse"},
		} {
			t.Run(fmt.Sprint(size, kind), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				raw, vmdk, back := filepath.Join(dir, "raw"), filepath.Join(dir, "vmdk"), filepath.Join(dir, "back")
				if err := os.WriteFile(raw, pattern(size), 0o600); err != nil {
					t.Fatal(err)
				}
				qemuImg(t, append(append([]string{"convert", "-f", "raw", "-O", "vmdk"}, kind...), raw, vmdk)...)
				qemuImg(t, "convert", "-f", "vmdk", "-O", "raw", vmdk, back)
				compare(t, vmdk, back)
			})
		}
	}
}

// compare decodes an image and holds it against the raw file.
func compare(t *testing.T, image, raw string) {
	t.Helper()
	f, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	got, err := decode(t, f, disk.Options{Size: info.Size()})
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(raw)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) || !bytes.Equal(got, want) {
		t.Fatalf("got %d bytes, qemu-img reads %d, and they are not the same", len(got), len(want))
	}
}
