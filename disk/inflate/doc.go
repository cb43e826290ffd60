// Package inflate decompresses single zlib streams (RFC 1950) whose output has a
// known bound, from memory to memory.
//
// Built with cgo it does so through libdeflate, without cgo through
// klauspost/compress, with the same answers. It is not for streams that don't
// fit into memory.
package inflate
