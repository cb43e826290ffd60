package disk_test

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"testing"
)

// Flags of a crafted header.
const (
	newline   = 1 << 0
	redundant = 1 << 1
	zeroGrain = 1 << 2
	streamed  = 1<<16 | 1<<17
)

// A crafted VMDK is put together piece by piece, right or wrong. Lengths and
// places are in sectors.
type crafted struct {
	tb         testing.TB
	version    uint32
	flags      uint32
	capacity   uint64
	grain      uint64
	gd, rgd    uint64
	over       uint64
	descriptor string
	entries    map[uint64]uint32 // grain to sector
	tables     map[uint64]uint32 // table to sector
	b          []byte
}

// gdAtEnd is the directory's place in a header that leaves it to the footer.
const gdAtEnd = 1<<64 - 1

func craft(tb testing.TB, capacity uint64) *crafted {
	tb.Helper()
	return &crafted{
		tb: tb, version: 3, flags: newline | streamed, capacity: capacity, grain: 8,
		gd: gdAtEnd, over: 64, descriptor: descriptor("streamOptimized", capacity),
		entries: map[uint64]uint32{}, tables: map[uint64]uint32{}, b: make([]byte, 64*512),
	}
}

func descriptor(createType string, sectors uint64) string {
	return fmt.Sprintf("# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\ncreateType=%q\n"+
		"# Extent description\nRDONLY %d SPARSE \"disk.vmdk\"\n#DDB\nddb.adapterType = \"lsilogic\"\n", createType, sectors)
}

func (c *crafted) at() uint32 { return uint32(len(c.b) / 512) }

// put appends data and fills up its last sector.
func (c *crafted) put(data []byte) {
	c.b = append(c.b, data...)
	c.b = append(c.b, make([]byte, -len(c.b)&511)...)
}

func (c *crafted) marker(value uint64, kind uint32) {
	m := binary.LittleEndian.AppendUint64(nil, value)
	c.put(binary.LittleEndian.AppendUint32(append(m, 0, 0, 0, 0), kind))
}

// content is a grain's; it names its own number.
func (c *crafted) content(number uint64) []byte {
	size := min(c.grain, c.capacity-min(c.capacity, number*c.grain)) * 512
	return bytes.Repeat(fmt.Appendf(nil, "grain %9d.", number), int(size/16))
}

// grainOf appends a grain with its marker.
func (c *crafted) grainOf(number uint64) *crafted {
	return c.rawGrain(number, deflate(c.content(number)))
}

func (c *crafted) rawGrain(number uint64, compressed []byte) *crafted {
	c.entries[number] = c.at()
	m := binary.LittleEndian.AppendUint64(nil, number*c.grain)
	m = binary.LittleEndian.AppendUint32(m, uint32(len(compressed)))
	c.put(append(m, compressed...))
	return c
}

func (c *crafted) tableBytes(table uint64) []byte {
	var b []byte
	for slot := range uint64(512) {
		b = binary.LittleEndian.AppendUint32(b, c.entries[table*512+slot])
	}
	return b
}

// table appends a grain table with its marker.
func (c *crafted) table(table uint64) *crafted {
	c.marker(4, 1)
	c.tables[table] = c.at()
	c.put(c.tableBytes(table))
	return c
}

func (c *crafted) count() uint64 { return (c.capacity + 512*c.grain - 1) / (512 * c.grain) }

func (c *crafted) directoryBytes() []byte {
	var b []byte
	for table := range c.count() {
		b = binary.LittleEndian.AppendUint32(b, c.tables[table])
	}
	return append(b, make([]byte, -len(b)&511)...)
}

// directory appends the grain directory with its marker and returns its place.
func (c *crafted) directory() uint64 {
	b := c.directoryBytes()
	c.marker(uint64(len(b)/512), 2)
	at := uint64(c.at())
	c.put(b)
	return at
}

func (c *crafted) headerBytes(gd uint64) []byte {
	le := binary.LittleEndian
	b := append([]byte("KDMV"), make([]byte, 508)...)
	le.PutUint32(b[4:], c.version)
	le.PutUint32(b[8:], c.flags)
	le.PutUint64(b[12:], c.capacity)
	le.PutUint64(b[20:], c.grain)
	le.PutUint64(b[28:], 1)
	le.PutUint64(b[36:], 20)
	le.PutUint32(b[44:], 512)
	le.PutUint64(b[48:], c.rgd)
	le.PutUint64(b[56:], gd)
	le.PutUint64(b[64:], c.over)
	copy(b[73:], "\n \r\n")
	if c.flags&streamed != 0 {
		b[77] = 1
	}
	return b
}

// finish appends tables, directory, footer and end marker.
func (c *crafted) finish() []byte {
	for table := range c.count() {
		c.table(table)
	}
	return c.close(c.directory())
}

// close appends footer and end marker.
func (c *crafted) close(gd uint64) []byte {
	c.marker(1, 3)
	c.put(c.headerBytes(gd))
	c.marker(0, 0)
	return c.bytes()
}

// bytes is the image with header and descriptor in place.
func (c *crafted) bytes() []byte {
	copy(c.b, c.headerBytes(c.gd))
	copy(c.b[512:], c.descriptor)
	return c.b
}

// front lays directory and tables, twice where the flags say so, into the head,
// as qemu does; the entries are filled in at the end.
func (c *crafted) front() []byte {
	at := uint64(24)
	lay := func() uint64 {
		gd := at
		at++
		for table := range c.count() {
			c.tables[table] = uint32(at)
			copy(c.b[at*512:], c.tableBytes(table))
			at += 4
		}
		copy(c.b[gd*512:], c.directoryBytes())
		return gd
	}
	if c.flags&redundant != 0 {
		c.rgd = lay()
	}
	c.gd = lay()
	return c.bytes()
}

// want is the disk that the crafted entries describe.
func (c *crafted) want() []byte {
	b := make([]byte, c.capacity*512)
	for number, sector := range c.entries {
		if sector > 1 {
			copy(b[number*c.grain*512:], c.content(number))
		}
	}
	return b
}

func deflate(b []byte) []byte {
	var out bytes.Buffer
	w := zlib.NewWriter(&out)
	_, _ = w.Write(b)
	_ = w.Close()
	return out.Bytes()
}
