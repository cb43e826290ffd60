package inflate

import "errors"

// What may be wrong with a stream.
var (
	// ErrRoom says that the output is longer than the room for it.
	ErrRoom = errors.New("there is more output than room")
	// ErrTrailing says that the stream ended before its input did.
	ErrTrailing = errors.New("bytes follow the compressed data")
	// ErrData says that the input is no zlib stream, is cut off, or that its
	// checksum doesn't match.
	ErrData = errors.New("the compressed data are damaged")
)
