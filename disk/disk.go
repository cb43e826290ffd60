package disk

import "io"

// A Format names a disk image format.
type Format string

// The formats that spliced knows by name.
const (
	Raw  Format = "raw"
	VMDK Format = "vmdk"
)

// An Extent is a run of the virtual disk. Extents of one image never overlap,
// need not come in order of their offsets, and what no extent covers reads as
// zeros.
type Extent struct {
	Offset int64   // bytes from the start of the virtual disk
	Length int64   // bytes
	Data   Payload // nil: reads as zeros
}

// A Payload is the data of an extent, perhaps still compressed. The one who got
// it calls Release exactly once, and nothing after that.
type Payload interface {
	// Plain returns the extent's bytes when they are at hand as they are, valid
	// until Release; nil when they have to be decoded.
	Plain() []byte
	// Stored is the number of bytes of memory that the payload holds.
	Stored() int
	// DecodeTo fills dst, which has exactly the extent's length. It may be
	// called on any goroutine.
	DecodeTo(dst []byte) error
	// Release gives the memory back.
	Release()
}

// A Reader yields the extents of one image.
type Reader interface {
	// Info tells what the image's header says.
	Info() Info
	// Next returns the next extent. io.EOF says that the image is complete:
	// its input was read to the end, all that its own tables promise was seen
	// once, and nothing else was. Any other failure is a *FormatError, or one
	// of the source's own.
	Next() (Extent, error)
	// Size is the exact size of the virtual disk in bytes; for a raw image of
	// unknown size it is what was read so far, exact after io.EOF.
	Size() int64
}

// Info describes an image.
type Info struct {
	Format     Format
	Subformat  string // "streamOptimized" and the like, "" where there is none
	Size       int64  // of the virtual disk in bytes, -1 when only its end will tell
	ProvesEnd  bool   // a cut image can't pass for a whole one
	Compressed bool   // payloads have to be decoded
}

// Options say what is known of an image before it is read.
type Options struct {
	Format         Format // "": recognise it
	Size           int64  // of the input in bytes, -1 when unknown
	MaxVirtualSize int64  // of the disk in bytes; larger ones are refused
	ChunkSize      int    // bytes in which raw data is read, a power of two
}

// Opener is the shape of Open: it reads the head of r and returns the reader
// for what it finds there.
type Opener func(r io.Reader, o Options) (Reader, error)
