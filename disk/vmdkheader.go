package disk

import (
	"encoding/binary"
	"math/bits"
)

// Flags of a sparse extent's header (VMware Virtual Disk Format 1.1, "Hosted
// Sparse Extent Header"). Those in the upper half must be understood to read
// the file, the others needn't.
const (
	flagNewline   = 1 << 0  // the line end bytes below are valid
	flagRedundant = 1 << 1  // rgdOffset names a second directory
	flagZeroGrain = 1 << 2  // table entries of 1 stand for grains of zeros
	flagCompress  = 1 << 16 // grains are compressed
	flagMarkers   = 1 << 17 // markers precede grains and metadata

	flagsToUnderstand = 0xffff0000
)

// Limits of what a header may say.
const (
	// tableEntries is the number of entries of a grain table, which is the same
	// in every file.
	tableEntries = 512
	tableSectors = tableEntries * 4 / sectorSize
	// minGrain and maxGrain bound a grain, in sectors: 4 KiB as specified, and
	// 1 MiB, which is 16 times what all writers use. Two grains of memory are
	// allocated for one that is compressed.
	minGrain = 8
	maxGrain = 2048
	// maxDescriptor bounds the embedded descriptor, in sectors: 64 KiB, where
	// writers reserve 10.
	maxDescriptor = 128
	// maxSector is the last sector that a table's 32-bit entries can name.
	maxSector = 1<<32 - 1
	// directoryAtEnd in gdOffset says that only the footer knows.
	directoryAtEnd = 1<<64 - 1
)

// A vmdkHeader is a sparse extent's header. All places and lengths are in
// sectors.
type vmdkHeader struct {
	version          uint32
	flags            uint32
	capacity         uint64
	grainSize        uint64
	descriptorOffset uint64
	descriptorSize   uint64
	tableLength      uint32
	rgdOffset        uint64
	gdOffset         uint64
	overHead         uint64
	unclean          bool
	lineEnds         [4]byte
	algorithm        uint16
}

func parseVMDKHeader(b []byte) vmdkHeader {
	le := binary.LittleEndian
	return vmdkHeader{
		version:          le.Uint32(b[4:]),
		flags:            le.Uint32(b[8:]),
		capacity:         le.Uint64(b[12:]),
		grainSize:        le.Uint64(b[20:]),
		descriptorOffset: le.Uint64(b[28:]),
		descriptorSize:   le.Uint64(b[36:]),
		tableLength:      le.Uint32(b[44:]),
		rgdOffset:        le.Uint64(b[48:]),
		gdOffset:         le.Uint64(b[56:]),
		overHead:         le.Uint64(b[64:]),
		unclean:          b[72] != 0,
		lineEnds:         [4]byte(b[73:77]),
		algorithm:        le.Uint16(b[77:]),
	}
}

func (h *vmdkHeader) has(flag uint32) bool { return h.flags&flag != 0 }

func (h *vmdkHeader) compressed() bool { return h.has(flagCompress) }

// grains is the number of grains of the virtual disk, the last perhaps short.
func (h *vmdkHeader) grains() uint64 { return (h.capacity + h.grainSize - 1) / h.grainSize }

// tables is the number of grain tables, which is that of a directory's entries.
func (h *vmdkHeader) tables() uint64 { return (h.grains() + tableEntries - 1) / tableEntries }

// directorySectors is the length of a directory.
func (h *vmdkHeader) directorySectors() uint64 { return (h.tables()*4 + sectorSize - 1) / sectorSize }

// size is the virtual disk's in bytes.
func (h *vmdkHeader) size() int64 {
	return int64(h.capacity) * sectorSize //nolint:gosec // checkGeometry bounds capacity
}

// check validates everything that later arithmetic and allocation rest on.
func (h *vmdkHeader) check(o Options) error {
	if err := h.checkKind(); err != nil {
		return err
	}
	if err := h.checkGeometry(o); err != nil {
		return err
	}
	return h.checkPlaces()
}

// checkKind refuses what isn't a sparse extent that can be read front to back.
func (h *vmdkHeader) checkKind() error {
	switch {
	case h.version < 1 || h.version > 3:
		return unsupported(VMDK, "its VMDK version is %d; versions 1 to 3 are supported", h.version)
	case h.has(flagNewline) && h.lineEnds != [4]byte{'\n', ' ', '\r', '\n'}:
		return damaged(VMDK, 73, "its line ends were converted on the way, as a transfer in text mode does: send it again in binary mode")
	case h.flags&flagsToUnderstand&^(flagCompress|flagMarkers) != 0:
		return unsupported(VMDK, "its header has flags of an unknown meaning (%#x)", h.flags)
	case h.has(flagCompress) != h.has(flagMarkers):
		return unsupported(VMDK, "it is compressed without markers, or has markers without compression (flags %#x): convert it to streamOptimized", h.flags)
	case h.has(flagCompress) && h.algorithm != 1:
		return unsupported(VMDK, "its compression algorithm is %d; only 1, deflate, is known", h.algorithm)
	case !h.has(flagCompress) && h.unclean:
		return damaged(VMDK, 72, "it was not closed by the program that wrote it: shut the virtual machine down first")
	}
	return nil
}

func (h *vmdkHeader) checkGeometry(o Options) error {
	limit := uint64(o.MaxVirtualSize) / sectorSize //nolint:gosec // positive
	switch {
	case h.capacity == 0:
		return damaged(VMDK, 12, "its header gives no capacity")
	case h.capacity > limit:
		return tooLarge(VMDK, "its virtual disk of %d sectors is larger than allowed, %d bytes", h.capacity, o.MaxVirtualSize)
	case h.tableLength != tableEntries:
		return damaged(VMDK, 44, "its grain tables have %d entries instead of %d", h.tableLength, tableEntries)
	case h.grainSize < minGrain || h.grainSize > maxGrain || bits.OnesCount64(h.grainSize) != 1:
		return damaged(VMDK, 20, "its grain size of %d sectors is not a power of two between %d and %d", h.grainSize, minGrain, maxGrain)
	case h.grainSize*sectorSize > uint64(o.ChunkSize): //nolint:gosec // positive
		return unsupported(VMDK, "its grains of %d sectors are larger than the chunks of %d bytes that are written", h.grainSize, o.ChunkSize)
	}
	return nil
}

// checkPlaces makes sure that the descriptor lies in the head, and that what
// the header names can be named at all.
func (h *vmdkHeader) checkPlaces() error {
	switch {
	case h.overHead < 1 || h.overHead > maxSector:
		return damaged(VMDK, 64, "its header gives %d sectors to the metadata at the front", h.overHead)
	case h.descriptorOffset == 0 || h.descriptorSize == 0:
		return unsupported(VMDK, "it has no descriptor: it is one part of a disk that is split over several files; "+
			"convert the whole disk to a streamOptimized VMDK")
	case h.descriptorSize > maxDescriptor:
		return damaged(VMDK, 36, "its descriptor takes %d sectors; %d are the most", h.descriptorSize, maxDescriptor)
	case h.descriptorOffset > maxDescriptor || h.descriptorOffset+h.descriptorSize > h.overHead:
		return damaged(VMDK, 28, "its descriptor is not at the front, where it belongs")
	case h.has(flagRedundant) && (h.rgdOffset < 1 || h.rgdOffset > maxSector):
		return damaged(VMDK, 48, "its redundant grain directory can't be at sector %d", h.rgdOffset)
	case h.gdOffset == directoryAtEnd && h.compressed():
		return nil
	case h.gdOffset < 1 || h.gdOffset > maxSector:
		return damaged(VMDK, 56, "its grain directory can't be at sector %d", h.gdOffset)
	}
	return nil
}
