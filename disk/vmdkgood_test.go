package disk_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"

	"spliced/disk"
)

// goodImages are whole images of all the shapes that writers give them.
func goodImages(tb testing.TB) map[string]*crafted {
	tb.Helper()
	images := map[string]*crafted{}
	add := func(name string, build func(c *crafted), capacity uint64) {
		c := craft(tb, capacity)
		build(c)
		c.bytes()
		images[name] = c
	}
	add("tables at the end, footer", func(c *crafted) {
		c.grainOf(0).grainOf(1).grainOf(3).grainOf(600).finish()
	}, 700*8)
	add("each table behind its grains", func(c *crafted) {
		c.grainOf(0).grainOf(5).table(0).grainOf(600)
		c.close(c.table(1).directory())
	}, 700*8)
	add("grains and tables out of order", func(c *crafted) {
		c.grainOf(600).grainOf(3).table(1).grainOf(0)
		c.close(c.table(0).directory())
	}, 700*8)
	add("directory before its tables", func(c *crafted) {
		c.grainOf(0).grainOf(600)
		c.tables[0], c.tables[1] = c.at()+3, c.at()+8
		gd := c.directory()
		c.close(c.table(0).table(1).directoryGone(gd))
	}, 700*8)
	add("place of the directory in the header, no footer", func(c *crafted) {
		c.grainOf(2).table(0)
		c.gd = c.directory()
		c.marker(0, 0)
	}, 10*8)
	add("place of the directory in the header and a footer", func(c *crafted) {
		c.grainOf(2).table(0)
		c.gd = c.directory()
		c.close(c.gd)
	}, 10*8)
	add("tables at the front, no end marker", func(c *crafted) { c.grainOf(4).grainOf(2).front() }, 10*8)
	add("tables at the front, padded", func(c *crafted) {
		c.grainOf(4).grainOf(2).front()
		c.put(make([]byte, 126*512))
	}, 10*8)
	add("tables at the front, twice", func(c *crafted) {
		c.flags |= redundant
		c.grainOf(4).grainOf(600).front()
	}, 700*8)
	add("zeroed grains", func(c *crafted) {
		c.flags |= zeroGrain
		c.grainOf(1)
		c.entries[0], c.entries[2] = 1, 1
		c.finish()
	}, 10*8)
	add("short last grain", func(c *crafted) { c.grainOf(0).grainOf(1).finish() }, 8+3)
	add("last grain filled up", func(c *crafted) {
		c.rawGrain(1, deflate(append(c.content(1), make([]byte, 5*512)...))).finish()
	}, 8+3)
	add("grain larger when compressed", func(c *crafted) {
		c.rawGrain(0, stored(c.content(0), 400)).finish()
	}, 8)
	add("no grains", func(c *crafted) { c.finish() }, 10*8)
	add("no tables", func(c *crafted) { c.close(c.directory()) }, 10*8)
	add("progress markers", func(c *crafted) {
		c.grainOf(0).marker(0, 4)
		c.marker(0, 4)
		c.grainOf(1).finish()
	}, 10*8)
	add("version 1", func(c *crafted) { c.version = 1; c.grainOf(0).finish() }, 8)
	add("version 2", func(c *crafted) { c.version = 2; c.grainOf(0).finish() }, 8)
	add("usual grains", func(c *crafted) { c.grain = 128; c.grainOf(0).grainOf(2).finish() }, 300)
	add("padded after its end", func(c *crafted) {
		c.grainOf(0).finish()
		c.put(make([]byte, 5000))
	}, 8)
	add("one table too many", func(c *crafted) {
		c.grainOf(0).table(0).table(1)
		b := binary.LittleEndian.AppendUint32(nil, c.tables[0])
		b = binary.LittleEndian.AppendUint32(b, c.tables[1])
		c.marker(1, 2)
		c.put(b)
		c.close(uint64(c.at() - 1))
	}, 8)
	add("monolithicSparse", func(c *crafted) { c.sparse(5, 0, 3).front() }, 10*8)
	add("monolithicSparse, twice", func(c *crafted) { c.flags |= redundant; c.sparse(600, 1).front() }, 700*8)
	return images
}

// directoryGone returns gd: the directory is where it was.
func (c *crafted) directoryGone(gd uint64) uint64 { return gd }

// sparse makes it a monolithicSparse image with the grains.
func (c *crafted) sparse(numbers ...uint64) *crafted {
	c.version, c.flags = 1, c.flags&^streamed
	c.descriptor = descriptor("monolithicSparse", c.capacity)
	for _, number := range numbers {
		c.entries[number] = c.at()
		c.b = append(c.b, c.content(number)...)
		c.b = append(c.b, make([]byte, int(c.grain*512)-len(c.content(number)))...)
	}
	return c
}

// stored is b as a zlib stream of many small stored blocks.
func stored(b []byte, block int) []byte {
	whole := deflate(b)
	out := []byte{0x78, 0x01}
	for from := 0; from < len(b); from += block {
		piece := b[from:min(len(b), from+block)]
		final := byte(0)
		if from+block >= len(b) {
			final = 1
		}
		out = append(out, final)
		out = binary.LittleEndian.AppendUint16(out, uint16(len(piece)))
		out = binary.LittleEndian.AppendUint16(out, ^uint16(len(piece)))
		out = append(out, piece...)
	}
	return append(out, whole[len(whole)-4:]...)
}

// TestGoodImages decodes every shape, however the input is cut into reads.
func TestGoodImages(t *testing.T) {
	t.Parallel()
	for name, c := range goodImages(t) {
		want := c.want()
		for how, source := range sources() {
			t.Run(name+", "+how, func(t *testing.T) {
				t.Parallel()
				got, err := decode(t, source(bytes.NewReader(c.b)), disk.Options{Size: int64(len(c.b))})
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(got, want) {
					t.Fatal("another disk came out")
				}
			})
		}
	}
}

// TestInfo looks at what Open alone tells.
func TestInfo(t *testing.T) {
	t.Parallel()
	c := goodImages(t)["usual grains"]
	r, err := disk.Open(bytes.NewReader(c.b), disk.Options{Format: disk.VMDK, Size: -1})
	if err != nil {
		t.Fatal(err)
	}
	want := disk.Info{Format: disk.VMDK, Subformat: "streamOptimized", Size: 300 * 512, ProvesEnd: true, Compressed: true}
	if r.Info() != want || r.Size() != want.Size {
		t.Fatalf("got %+v, want %+v", r.Info(), want)
	}
}

// TestTruncated cuts every shape at every sector and around it. Only the zeros
// after an image's end may be missing. The cut length is announced as the whole
// one, so that nothing but the image itself can tell.
func TestTruncated(t *testing.T) {
	t.Parallel()
	for name, c := range goodImages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := c.want()
			whole := len(bytes.TrimRight(c.b, "\x00"))
			for cut := 512; cut < len(c.b); cut += 512 {
				for _, at := range []int{cut - 1, cut} {
					err := drain(t, bytes.NewReader(c.b[:at]), disk.Options{Size: int64(at)})
					switch {
					case err == nil && at < whole:
						t.Fatalf("cut at %d of %d it passed for whole", at, len(c.b))
					case err == nil:
						if got, _ := decode(t, bytes.NewReader(c.b[:at]), disk.Options{Size: int64(at)}); !bytes.Equal(got, want) {
							t.Fatalf("cut at %d another disk came out", at)
						}
					case err != nil && !errors.Is(err, disk.ErrDamaged):
						t.Fatalf("cut at %d: %v", at, err)
					}
				}
				if err := drain(t, bytes.NewReader(c.b[:cut]), disk.Options{Size: int64(len(c.b))}); !errors.Is(err, disk.ErrDamaged) {
					t.Fatalf("cut at %d of an announced %d: %v", cut, len(c.b), err)
				}
			}
		})
	}
}

// TestFlipped flips bits all over every shape: it is refused, or is the same
// disk. (An uncompressed image with a single table can't tell.)
func TestFlipped(t *testing.T) {
	t.Parallel()
	for name, c := range goodImages(t) {
		if c.flags&(streamed|redundant) == 0 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, b := c.want(), bytes.Clone(c.b)
			for at := range b {
				if c.b[at] == 0 && at%61 != 0 || c.flags&streamed == 0 && at >= int(c.over)*512 {
					continue // uncompressed data have no checksum
				}
				if name != "short last grain" && (at >= 512 && at < 21*512 || at%17 != 0) {
					continue // one image is changed all over, the others here and there
				}
				b[at] ^= 1 << (at % 8)
				if drain(t, bytes.NewReader(b), disk.Options{Format: disk.VMDK, Size: int64(len(b)), MaxVirtualSize: maxImage}) == nil {
					got, _ := decode(t, bytes.NewReader(b), disk.Options{Format: disk.VMDK, Size: -1})
					if !bytes.Equal(got, want) {
						t.Fatalf("byte %d changed, and another disk came out", at)
					}
				}
				b[at] = c.b[at]
			}
		})
	}
}
