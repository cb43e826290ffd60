package ovatest

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
)

const (
	sector = 512
	// grainSize is what VMware and qemu-img use: 128 sectors.
	grainSize = 64 << 10
	// perTable is the number of entries of a grain table.
	perTable = 512
	// head is the place of the first grain: behind header and descriptor, which
	// has a sector.
	head = 2 * sector
)

// The types of markers (VMware's "Virtual Disk Format 5.0").
const (
	markerEnd = iota
	markerTable
	markerDirectory
	markerFooter
)

// VMDK returns a streamOptimized VMDK of the disk, whose length is a multiple of
// 512. Grains of zeros are left out. The order says in which the grains come:
// nil stands for the order on the disk.
func VMDK(disk []byte, order ...int) []byte {
	w := &vmdk{capacity: len(disk) / sector, grains: map[int]uint32{}}
	w.out.Write(make([]byte, head))
	count := (len(disk) + grainSize - 1) / grainSize
	if order == nil {
		for n := range count {
			order = append(order, n)
		}
	}
	for _, n := range order {
		w.grain(n, disk[n*grainSize:min(len(disk), (n+1)*grainSize)])
	}
	return w.end(count)
}

type vmdk struct {
	out      bytes.Buffer
	capacity int            // sectors
	grains   map[int]uint32 // number to sector
}

func (w *vmdk) at() uint32 { return uint32(w.out.Len() / sector) } //nolint:gosec // G115: test images are small

func (w *vmdk) pad() { w.out.Write(make([]byte, -w.out.Len()&(sector-1))) }

func (w *vmdk) grain(n int, data []byte) {
	if len(bytes.Trim(data, "\x00")) == 0 {
		return
	}
	full := make([]byte, grainSize)
	copy(full, data)
	var packed bytes.Buffer
	z, err := zlib.NewWriterLevel(&packed, zlib.BestSpeed)
	if err != nil {
		panic(err) // of a constant
	}
	_, _ = z.Write(full) // a bytes.Buffer takes everything
	_ = z.Close()
	w.grains[n] = w.at()
	mark := binary.LittleEndian.AppendUint64(nil, uint64(n)*grainSize/sector) //nolint:gosec // G115: as above
	w.out.Write(binary.LittleEndian.AppendUint32(mark, uint32(packed.Len()))) //nolint:gosec // G115: as above
	w.out.Write(packed.Bytes())
	w.pad()
}

func (w *vmdk) marker(sectors uint64, kind uint32) {
	mark := binary.LittleEndian.AppendUint64(nil, sectors)
	w.out.Write(binary.LittleEndian.AppendUint32(append(mark, 0, 0, 0, 0), kind))
	w.pad()
}

// end appends tables, directory, footer and the end marker, and fills in the head.
func (w *vmdk) end(grains int) []byte {
	var directory []byte
	for first := 0; first < grains; first += perTable {
		w.marker(perTable*4/sector, markerTable)
		directory = binary.LittleEndian.AppendUint32(directory, w.at())
		for n := range perTable {
			w.out.Write(binary.LittleEndian.AppendUint32(nil, w.grains[first+n]))
		}
	}
	w.marker(uint64(len(directory)+sector-1)/sector, markerDirectory)
	at := uint64(w.at())
	w.out.Write(directory)
	w.pad()
	w.marker(1, markerFooter)
	w.out.Write(w.header(at))
	w.marker(0, markerEnd)
	b := w.out.Bytes()
	copy(b, w.header(1<<64-1)) // the footer knows where the directory is
	copy(b[sector:], fmt.Sprintf("# Disk DescriptorFile\nversion=1\nCID=12345678\nparentCID=ffffffff\n"+
		"createType=\"streamOptimized\"\n# Extent description\nRDONLY %d SPARSE \"disk.vmdk\"\n", w.capacity))
	return b
}

func (w *vmdk) header(directory uint64) []byte {
	const valid, compressed, marked = 1 << 0, 1 << 16, 1 << 17
	le := binary.LittleEndian
	b := append([]byte("KDMV"), make([]byte, sector-4)...)
	le.PutUint32(b[4:], 3)
	le.PutUint32(b[8:], valid|compressed|marked)
	le.PutUint64(b[12:], uint64(w.capacity)) //nolint:gosec // G115: a length
	le.PutUint64(b[20:], grainSize/sector)
	le.PutUint64(b[28:], 1)
	le.PutUint64(b[36:], 1)
	le.PutUint32(b[44:], perTable)
	le.PutUint64(b[56:], directory)
	le.PutUint64(b[64:], head/sector)
	copy(b[73:], "\n \r\n")
	b[77] = 1 // deflate
	return b
}
