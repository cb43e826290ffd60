// Package disk recognises disk image formats and decodes them, front to back
// in one pass, into extents of the virtual disk.
//
// Input is hostile: whatever doesn't keep to its format's rules is refused with
// what and where, tables are bounded before they are allocated, and no name
// found in an image is ever opened. Decoders only read; they know neither
// volumes nor archives. Decompression is left to whoever takes the extents, so
// that it runs on all cores.
package disk
