package disk

// An Extent is a run of the virtual disk. What no extent covers reads as zeros.
// Extents need not come in order of their offsets. An extent with data never
// crosses a multiple of Options.ChunkSize.
//
// Extents of an image that ends in io.EOF never overlap. Of one that ends in
// a failure they may: that a grain came twice is known only when its tables
// were compared, so nothing that was written is worth anything before io.EOF.
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
	// Stored is the number of bytes of memory that the payload holds; extents
	// that share memory share its count.
	Stored() int
	// DecodeTo fills dst, which has exactly the extent's length. It may be
	// called on any goroutine. A failure is a *FormatError, and leaves dst in
	// any state.
	DecodeTo(dst []byte) error
	// Release gives the memory back.
	Release()
}

// A Reader yields the extents of one image. It is for one goroutine.
type Reader interface {
	// Info tells what the image's header says.
	Info() Info
	// Next returns the next extent. io.EOF says that the image is complete:
	// its input was read to the end, all that its own tables promise was seen
	// once, and nothing else was. Any other failure is a *FormatError, or one
	// of the source's own; it comes again with every further call.
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
	// Format is what the image is said to be; "" recognises it. Raw takes the
	// bytes as they are, whatever they look like.
	Format Format
	// Size is the length of the input in bytes, -1 when unknown. Input that is
	// shorter or longer is damaged.
	Size int64
	// MaxVirtualSize is the size in bytes of the largest virtual disk that is
	// taken; 0 stands for DefaultMaxVirtualSize.
	MaxVirtualSize int64
	// ChunkSize is the size in bytes of the pieces in which raw data is read, a
	// power of two from 64 KiB to 64 MiB; 0 stands for DefaultChunkSize.
	ChunkSize int
}

// What Options stand for where they say nothing.
const (
	// DefaultMaxVirtualSize is more than the 62 TiB of VMware's largest disk.
	DefaultMaxVirtualSize = 64 << 40
	// DefaultChunkSize is the size of an RBD image's objects.
	DefaultChunkSize = 4 << 20
)

const (
	minChunkSize = 64 << 10
	maxChunkSize = 64 << 20
)
