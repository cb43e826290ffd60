package disk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"spliced/disk"
)

// TestRaw reads raw images of sizes around the units, in small chunks, from
// sources that give their bytes in different ways.
func TestRaw(t *testing.T) {
	t.Parallel()
	const chunk = 256 << 10
	for _, size := range []int{1, 511, 512, 64 << 10, chunk - 1, chunk, chunk + 1, 3*chunk + 70000, 2 << 20} {
		want := pattern(size)
		for how, source := range sources() {
			for _, known := range []int64{-1, int64(size)} {
				t.Run(fmt.Sprint(size, how, known), func(t *testing.T) {
					t.Parallel()
					got, err := decode(t, source(bytes.NewReader(want)), disk.Options{Size: known, ChunkSize: chunk})
					if err != nil || !bytes.Equal(got, want) {
						t.Fatalf("got %d bytes and %v, want %d", len(got), err, size)
					}
				})
			}
		}
	}
}

func sources() map[string]func(io.Reader) io.Reader {
	return map[string]func(io.Reader) io.Reader{
		"whole":         func(r io.Reader) io.Reader { return r },
		"half":          iotest.HalfReader,
		"bytes":         iotest.OneByteReader,
		"end with data": iotest.DataErrReader,
	}
}

// TestRawCoversEveryByte holds the extents of a raw image against its zeros.
func TestRawCoversEveryByte(t *testing.T) {
	t.Parallel()
	image := make([]byte, 5<<20)
	copy(image[1<<20:], "data")
	copy(image[4<<20-1:], "xy")
	r, err := disk.Open(bytes.NewReader(image), disk.Options{Size: -1})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	stored := 0
	for {
		e, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(e.Offset>>10, "+", e.Length>>10, e.Data != nil))
		if e.Data != nil {
			stored += e.Data.Stored()
			e.Data.Release()
		}
	}
	want := []string{"0+1024 false", "1024+64 true", "1088+2944 false", "4032+64 true", "4096+64 true", "4160+960 false"}
	if fmt.Sprint(got) != fmt.Sprint(want) || r.Size() != 5<<20 || stored != 8<<20 {
		t.Fatalf("got %v, size %d, %d bytes held", got, r.Size(), stored)
	}
}

// TestRawRefused refuses raw images that are not what was announced.
func TestRawRefused(t *testing.T) {
	t.Parallel()
	image := pattern(1 << 20)
	vhd := append(bytes.Clone(image), make([]byte, 512)...)
	copy(vhd[1<<20:], "conectix\x00\x00\x00\x02\x00\x01\x00\x00")
	dmg := append(bytes.Clone(image), make([]byte, 512)...)
	copy(dmg[1<<20:], "koly\x00\x00\x00\x04\x00\x00\x02\x00")
	for _, c := range []struct {
		name  string
		image []byte
		o     disk.Options
		want  error
	}{
		{"shorter than announced", image[:1<<20-1], disk.Options{Size: 1 << 20}, disk.ErrDamaged},
		{"longer than announced", image, disk.Options{Size: 1<<20 - 1}, disk.ErrDamaged},
		{"announced as empty", image, disk.Options{Size: 0}, disk.ErrDamaged},
		{"empty", nil, disk.Options{Size: -1}, disk.ErrDamaged},
		{"too large as announced", image, disk.Options{Size: 1 << 20, MaxVirtualSize: 1<<20 - 1}, disk.ErrTooLarge},
		{"too large as it turns out", image, disk.Options{Size: -1, MaxVirtualSize: 1<<20 - 1}, disk.ErrTooLarge},
		{"fixed VHD", vhd, disk.Options{Size: -1}, disk.ErrUnsupported},
		{"fixed VHD, footer in a chunk of its own", vhd, disk.Options{Size: -1, ChunkSize: 1 << 20}, disk.ErrUnsupported},
		{"fixed VHD, nothing after its chunk", vhd[512:], disk.Options{Size: -1, ChunkSize: 1 << 20}, disk.ErrUnsupported},
		{"fixed VHD said to be raw", vhd, disk.Options{Format: disk.Raw, Size: -1}, nil},
		{"DMG", dmg, disk.Options{Size: -1}, disk.ErrUnsupported},
		{"chunk size no power of two", image, disk.Options{Size: -1, ChunkSize: 100000}, disk.ErrUnsupported},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := drain(t, bytes.NewReader(c.image), c.o); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

// TestSourceFails passes on what the source fails with, from any place.
func TestSourceFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken pipe")
	images := map[string][]byte{"raw": pattern(3 << 20)}
	for name, c := range goodImages(t) {
		images[name] = c.b
	}
	for name, image := range images {
		for _, at := range []int{0, 1, 600, len(image) / 2, len(image) - 1, len(image)} {
			r := io.MultiReader(bytes.NewReader(image[:at]), iotest.ErrReader(broken))
			if err := drain(t, r, disk.Options{Size: -1}); !errors.Is(err, broken) {
				t.Errorf("%s, broken at %d: %v", name, at, err)
			}
		}
	}
}

// TestSourceGivesNothing ends with a source that answers without data for ever.
func TestSourceGivesNothing(t *testing.T) {
	t.Parallel()
	err := drain(t, idle{}, disk.Options{Size: -1})
	if !errors.Is(err, io.ErrNoProgress) {
		t.Fatal(err)
	}
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }
