package disk

import "encoding/binary"

// Markers (VMware Virtual Disk Format 1.1, "Compressed grain and metadata
// markers"; the last is written by exporters to keep a connection alive).
const (
	markerEnd       = 0
	markerTable     = 1
	markerDirectory = 2
	markerFooter    = 3
	markerProgress  = 4

	// grainMarkerSize is the length of a marker with a grain: its data follow at
	// once, and not in the next sector.
	grainMarkerSize = 12
)

// A marker stands at the start of a sector and says what comes.
type marker struct {
	value uint64 // a grain's first sector on the disk, or sectors of metadata
	size  uint32 // bytes of compressed data, 0 for metadata
	kind  uint32 // of the metadata
}

func parseMarker(b []byte) marker {
	le := binary.LittleEndian
	return marker{value: le.Uint64(b), size: le.Uint32(b[8:]), kind: le.Uint32(b[12:])}
}
