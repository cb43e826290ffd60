package disk_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"spliced/disk"
)

// hostileImages are images that somebody made to do harm, or that broke on the
// way; each is named after what is wrong with it.
func hostileImages(tb testing.TB) map[string]hostile {
	tb.Helper()
	images := map[string]hostile{}
	add := func(name string, want error, build func(c *crafted)) {
		c := craft(tb, 700*8)
		build(c)
		images[name] = hostile{want, c.b}
	}
	// put32 and put64 change the finished header.
	put := func(at int, value uint64) func(c *crafted) {
		return func(c *crafted) {
			c.grainOf(0).finish()
			binary.LittleEndian.PutUint64(c.b[at:], value)
		}
	}
	put32 := func(at int, value uint32) func(c *crafted) {
		return func(c *crafted) {
			c.grainOf(0).finish()
			binary.LittleEndian.PutUint32(c.b[at:], value)
		}
	}
	add("version 4", disk.ErrUnsupported, put32(4, 4))
	add("version 0", disk.ErrUnsupported, put32(4, 0))
	add("unknown flag", disk.ErrUnsupported, put32(8, newline|streamed|1<<18))
	add("compressed without markers", disk.ErrUnsupported, put32(8, newline|1<<16))
	add("markers without compression", disk.ErrUnsupported, put32(8, newline|1<<17))
	add("flags deny the descriptor", disk.ErrDamaged, func(c *crafted) {
		c.sparse(0).front()
		c.descriptor = descriptor("streamOptimized", c.capacity)
		c.bytes()
	})
	add("unknown compression", disk.ErrUnsupported, func(c *crafted) { c.grainOf(0).finish(); c.b[77] = 2 })
	add("line ends converted", disk.ErrDamaged, func(c *crafted) { c.grainOf(0).finish(); c.b[73] = '\r' })
	add("no capacity", disk.ErrDamaged, put(12, 0))
	add("capacity of 8 EiB", disk.ErrTooLarge, put(12, 1<<54))
	add("capacity that overflows", disk.ErrTooLarge, put(12, 1<<64-1))
	add("capacity other than the descriptor's", disk.ErrDamaged, put(12, 700*8+8))
	add("grain of 0", disk.ErrDamaged, put(20, 0))
	add("grain no power of two", disk.ErrDamaged, put(20, 24))
	add("grain of 1 TiB", disk.ErrDamaged, put(20, 1<<31))
	add("grain that overflows", disk.ErrDamaged, put(20, 1<<63))
	// CVE-2014-0142 to 0147 were lengths and places, in other formats too, that
	// qemu computed with before it checked them.
	add("like CVE-2014-0142: no table entries", disk.ErrDamaged, put32(44, 0))
	add("like CVE-2014-0143: 4 Gi table entries", disk.ErrDamaged, put32(44, 1<<32-1))
	add("like CVE-2014-0144: descriptor of 2 TiB", disk.ErrDamaged, put(36, 1<<32))
	add("like CVE-2014-0145: descriptor that overflows", disk.ErrDamaged, put(28, 1<<64-1))
	add("like CVE-2014-0147: directory beyond all sectors", disk.ErrDamaged, put(56, 1<<63))
	// CVE-2015-5163, CVE-2022-47951, CVE-2024-32498: a file that the descriptor
	// names is opened on the host and becomes the tenant's disk.
	add("CVE-2015-5163: parent", disk.ErrUnsupported, func(c *crafted) {
		c.descriptor = strings.Replace(c.descriptor, "parentCID=ffffffff", "parentCID=12345678\nparentFileNameHint=\"/etc/passwd\"", 1)
		c.grainOf(0).finish()
	})
	add("CVE-2015-5163: parent's path alone", disk.ErrDamaged, func(c *crafted) {
		c.descriptor += "parentFileNameHint=\"/etc/passwd\"\n"
		c.grainOf(0).finish()
	})
	add("CVE-2022-47951: extent elsewhere", disk.ErrDamaged, func(c *crafted) {
		c.descriptor = strings.Replace(c.descriptor, `"disk.vmdk"`, `"/etc/passwd"`, 1)
		c.grainOf(0).finish()
	})
	add("CVE-2022-47951: flat extent", disk.ErrUnsupported, func(c *crafted) {
		c.descriptor = strings.Replace(c.descriptor, `SPARSE "disk.vmdk"`, `FLAT "disk.raw" 0`, 1)
		c.grainOf(0).finish()
	})
	add("CVE-2024-32498: second extent", disk.ErrUnsupported, func(c *crafted) {
		c.descriptor += "RW 5600 FLAT \"secret.raw\" 0\n"
		c.grainOf(0).finish()
	})
	add("descriptor goes on behind a zero", disk.ErrDamaged, func(c *crafted) {
		c.descriptor += "\x00\x00RW 5600 FLAT \"secret.raw\" 0\n"
		c.grainOf(0).finish()
	})
	// CVE-2026-2243: a grain that inflates to less leaves old memory in place.
	add("CVE-2026-2243: grain inflates to less", disk.ErrDamaged, func(c *crafted) { c.rawGrain(0, deflate(make([]byte, 4095))).finish() })
	add("CVE-2026-2243: grain inflates to more", disk.ErrDamaged, func(c *crafted) { c.rawGrain(0, deflate(make([]byte, 4097))).finish() })
	add("grain inflates to nothing", disk.ErrDamaged, func(c *crafted) { c.rawGrain(0, deflate(nil)).finish() })
	add("grain is a bomb", disk.ErrDamaged, func(c *crafted) { c.rawGrain(0, deflate(make([]byte, 4<<20))).finish() })
	add("grain with bytes behind its stream", disk.ErrDamaged, func(c *crafted) { c.rawGrain(0, append(deflate(c.content(0)), 0)).finish() })
	add("grain with a wrong checksum", disk.ErrDamaged, func(c *crafted) {
		d := deflate(c.content(0))
		d[len(d)-1]++
		c.rawGrain(0, d).finish()
	})
	add("grain of 4 GiB", disk.ErrDamaged, func(c *crafted) {
		c.grainOf(0)
		binary.LittleEndian.PutUint32(c.b[c.entries[0]*512+8:], 1<<32-1)
		c.finish()
	})
	add("grain longer than the file", disk.ErrDamaged, func(c *crafted) {
		c.grainOf(0)
		binary.LittleEndian.PutUint32(c.b[c.entries[0]*512+8:], 8000)
		c.bytes()
	})
	add("grain beyond the disk", disk.ErrDamaged, func(c *crafted) {
		c.put(append(binary.LittleEndian.AppendUint64(nil, 700*8), 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8))
		c.finish()
	})
	add("grain between two places", disk.ErrDamaged, func(c *crafted) {
		c.put(append(binary.LittleEndian.AppendUint64(nil, 4), 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8))
		c.finish()
	})
	add("grain twice", disk.ErrDamaged, func(c *crafted) { c.grainOf(0).grainOf(0).finish() })
	add("grain that no table names", disk.ErrDamaged, func(c *crafted) { c.grainOf(0); delete(c.entries, 0); c.finish() })
	add("grain missing", disk.ErrDamaged, func(c *crafted) { c.entries[7] = 64; c.grainOf(0).finish() })
	add("two grains at each other's place", disk.ErrDamaged, func(c *crafted) {
		c.grainOf(0).grainOf(1)
		c.entries[0], c.entries[1] = c.entries[1], c.entries[0]
		c.finish()
	})
	add("entry 1 without its flag", disk.ErrDamaged, func(c *crafted) { c.entries[1] = 1; c.grainOf(0).finish() })
	add("table that no directory names", disk.ErrDamaged, func(c *crafted) { c.grainOf(0).table(0).table(0).finish() })
	add("tables swapped", disk.ErrDamaged, func(c *crafted) {
		c.grainOf(0).table(0).table(1)
		c.tables[0], c.tables[1] = c.tables[1], c.tables[0]
		c.close(c.directory())
	})
	add("table named twice", disk.ErrDamaged, func(c *crafted) {
		c.grainOf(0).table(0)
		c.tables[1] = c.tables[0]
		c.close(c.directory())
	})
	add("table where a grain is", disk.ErrDamaged, func(c *crafted) { c.grainOf(0); c.tables[0] = 64; c.close(c.directory()) })
	add("table still to come", disk.ErrDamaged, func(c *crafted) { c.tables[0] = 4000; c.close(c.directory()) })
	add("table in the middle of the directory", disk.ErrDamaged, func(c *crafted) { c.gd = 24; c.tables[0] = 24; copy(c.b[24*512:], c.directoryBytes()); c.bytes() })
	add("second directory", disk.ErrDamaged, func(c *crafted) { c.grainOf(0).table(0).directory(); c.close(c.directory()) })
	add("redundant tables that differ", disk.ErrDamaged, func(c *crafted) {
		c.flags |= redundant
		c.grainOf(0).front()
		c.b[25*512]++
	})
	add("footer that differs", disk.ErrDamaged, func(c *crafted) {
		c.grainOf(0).table(0)
		gd := c.directory()
		c.version = 2
		c.close(gd)
		c.version = 3
		c.bytes()
	})
	add("footer that names another directory", disk.ErrDamaged, func(c *crafted) { c.grainOf(0).table(0); c.close(c.directory() + 1) })
	add("footer missing", disk.ErrDamaged, func(c *crafted) { c.grainOf(0).table(0).directory(); c.marker(0, 0); c.bytes() })
	add("end marker missing", disk.ErrDamaged, func(c *crafted) { c.grainOf(0).finish(); c.b = c.b[:len(c.b)-512] })
	add("grain after the footer", disk.ErrDamaged, func(c *crafted) { c.grainOf(0).finish(); c.b = c.b[:len(c.b)-512]; c.grainOf(1); c.marker(0, 0) })
	add("data after the end", disk.ErrDamaged, func(c *crafted) { c.grainOf(0).finish(); c.put([]byte("more")) })
	add("data far after the end", disk.ErrDamaged, func(c *crafted) { c.grainOf(0).finish(); c.put(make([]byte, 1<<20)); c.put([]byte("more")) })
	add("marker of an unknown type", disk.ErrDamaged, func(c *crafted) { c.marker(1, 5); c.finish() })
	add("table of 2 TiB", disk.ErrDamaged, func(c *crafted) { c.marker(1<<32, 1); c.finish() })
	add("progress of 8 ZiB", disk.ErrDamaged, func(c *crafted) { c.marker(1<<64-1, 4); c.finish() })
	add("sparse: not closed", disk.ErrDamaged, func(c *crafted) { c.sparse(0).front(); c.b[72] = 1 })
	add("sparse: two grains in one place", disk.ErrDamaged, func(c *crafted) { c.sparse(0); c.entries[1] = c.entries[0]; c.front() })
	add("sparse: grains that overlap", disk.ErrDamaged, func(c *crafted) { c.sparse(0, 1); c.entries[1]--; c.front() })
	add("sparse: grain amid the tables", disk.ErrDamaged, func(c *crafted) { c.sparse(0); c.entries[1] = 25; c.front() })
	add("sparse: grain beyond the file", disk.ErrDamaged, func(c *crafted) { c.sparse(0); c.entries[1] = 1 << 30; c.front() })
	add("sparse: grain beyond the disk", disk.ErrDamaged, func(c *crafted) { c.sparse(0); c.entries[701] = 72; c.front() })
	add("sparse: tables behind the data", disk.ErrUnsupported, func(c *crafted) { c.sparse(0); c.gd = uint64(c.at()); c.put(c.directoryBytes()); c.bytes() })
	add("sparse: data after the end", disk.ErrDamaged, func(c *crafted) { c.sparse(0).front(); c.put([]byte("more")) })
	add("sparse: directory at the end", disk.ErrDamaged, func(c *crafted) { c.sparse(0); c.gd = gdAtEnd; c.bytes() })
	return images
}

type hostile struct {
	want  error
	image []byte
}

// TestHostileImages refuses them all, each with a message that stands on its
// own.
func TestHostileImages(t *testing.T) {
	t.Parallel()
	for name, h := range hostileImages(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := drain(t, bytes.NewReader(h.image), disk.Options{Size: -1})
			if !errors.Is(err, h.want) || errors.As(err, new(*disk.FormatError)) == (err == nil) {
				t.Fatalf("got %v, want %v", err, h.want)
			}
			if text := err.Error(); strings.Contains(text, "error") || strings.HasSuffix(text, ".") || text == "" {
				t.Fatalf("the message is %q", text)
			}
			t.Log(err)
		})
	}
}

// TestOpenAllocatesNothingByHeader opens an image of the largest disk that is
// allowed, whose tables never come: only the window is allocated.
func TestOpenAllocatesNothingByHeader(t *testing.T) {
	const sectors = disk.DefaultMaxVirtualSize / 512
	c := craft(t, sectors)
	c.gd = 22
	image := c.bytes()
	result := testing.Benchmark(func(b *testing.B) {
		b.Helper()
		b.ReportAllocs()
		for b.Loop() {
			if err := drain(b, bytes.NewReader(image), disk.Options{Size: -1}); !errors.Is(err, disk.ErrDamaged) {
				b.Fatal(err)
			}
		}
	})
	if got := result.AllocedBytesPerOp(); got > 1<<20 {
		t.Fatalf("%d bytes were allocated for an image of %d bytes", got, len(image))
	}
}
