package ingest_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/cespare/xxhash/v2"

	"spliced/block"
	"spliced/block/mem"
	"spliced/ingest"
	"spliced/test/ovatest"
)

// contentOf is the sum by its definition: sectors of 512 bytes, the last one
// filled up with zeros, those of zeros left out.
func contentOf(data []byte) string {
	var sum uint64
	for n := 0; n*512 < len(data); n++ {
		var sector [512]byte
		copy(sector[:], data[n*512:])
		if sector == [512]byte{} {
			continue
		}
		h := xxhash.NewWithSeed(uint64(n))
		_, _ = h.Write(sector[:])
		sum += h.Sum64()
	}
	return fmt.Sprintf("%016x", sum)
}

// Whatever way content comes into a volume, it sums up to the same, and a volume
// that is read sums up to what was written.
func TestContent(t *testing.T) {
	t.Parallel()
	const grain = 64 << 10
	raw := ovatest.Sparse(9<<20+512, [2]int{0, 5000}, [2]int{4<<20 - 512, 4<<20 + 512}, [2]int{8 << 20, 9<<20 + 512})
	odd := ovatest.Data(3*grain + 77)
	for name, c := range map[string]struct{ upload, content []byte }{
		"raw":                     {raw, raw},
		"raw of an odd size":      {odd, odd},
		"vmdk":                    {ovatest.VMDK(raw), raw},
		"zeros":                   {make([]byte, 1<<20), nil},
		"one byte, and then none": {append([]byte{1}, make([]byte, 2*grain)...), []byte{1}},
	} {
		for from, src := range map[string]*ingest.Source{
			"pipe": pipeSource(t, c.upload, 100), "file": first(fileSource(t, c.upload)),
		} {
			p := mem.New(room)
			staged, err := ingest.Image(t.Context(), p, src, request(), limits(), silent, started)
			ok(t, err)
			read, err := ingest.Content(t.Context(), p, staged.Volume)
			ok(t, err)
			if want := contentOf(c.content); staged.Content != want || read != want {
				t.Errorf("%s from a %s: written %s, read %s, want %s", name, from, staged.Content, read, want)
			}
		}
	}
}

func first(s *ingest.Source, _ string) *ingest.Source { return s }

// Each kind of damage shows: a bit, a sector of zeros, two sectors that changed
// places.
func TestContentTellsDamage(t *testing.T) {
	t.Parallel()
	good := ovatest.Data(256 << 10)
	want := contentOf(good)
	swapped := bytes.Clone(good)
	copy(swapped[:512], good[512:1024])
	copy(swapped[512:1024], good[:512])
	flipped := bytes.Clone(good)
	flipped[100_000] ^= 4
	lost := bytes.Clone(good)
	clear(lost[4096:4608])
	for name, data := range map[string][]byte{"swapped": swapped, "flipped": flipped, "lost": lost, "good": good} {
		p := mem.New(room)
		v, err := p.Create(t.Context(), "v", int64(len(data)))
		ok(t, err)
		write(t, v, data)
		got, err := ingest.Content(t.Context(), p, "v")
		ok(t, err)
		if (got == want) != (name == "good") {
			t.Errorf("%s: %s, as it was: %s", name, got, want)
		}
	}
}

func write(tb testing.TB, v block.Volume, data []byte) {
	tb.Helper()
	_, err := v.WriteAt(data, 0)
	ok(tb, err)
	ok(tb, v.Flush())
	ok(tb, v.Close())
}

// A volume that is larger than what was written, as one is that a descriptor
// enlarges, sums up to the same.
func TestContentOfAnEnlargedVolume(t *testing.T) {
	t.Parallel()
	data := ovatest.Data(1000)
	p := mem.New(room)
	v, err := p.Create(t.Context(), "v", 1000)
	ok(t, err)
	write(t, v, data)
	v, err = p.Open(t.Context(), "v")
	ok(t, err)
	ok(t, v.Resize(5<<20))
	ok(t, v.Close())
	got, err := ingest.Content(t.Context(), p, "v")
	ok(t, err)
	if want := contentOf(data); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What summing up costs: it is done to all that is written.
func BenchmarkContent(b *testing.B) {
	data := ovatest.Data(64 << 20)
	p := mem.New(room)
	v, err := p.Create(b.Context(), "v", int64(len(data)))
	ok(b, err)
	write(b, v, data)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		_, err := ingest.Content(b.Context(), p, "v")
		ok(b, err)
	}
}
