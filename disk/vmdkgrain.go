package disk

import (
	"errors"

	"spliced/disk/inflate"
)

// A grainDecoder is what the compressed grains of one image share.
type grainDecoder struct {
	inflater *inflate.Inflater
	scratch  *lender // for the last grain, which may be longer than the disk
	grain    int     // bytes
}

// A deflated payload is one compressed grain.
type deflated struct {
	buf     *buffer
	length  int // of the compressed data in buf
	offset  int64
	decoder *grainDecoder
}

// Plain is Payload's.
func (d *deflated) Plain() []byte { return nil }

// Stored is Payload's.
func (d *deflated) Stored() int { return len(d.buf.data) }

// Release is Payload's.
func (d *deflated) Release() { d.buf.release() }

// DecodeTo inflates the grain. Its data have to be one whole zlib stream, no
// byte more or less, and have to come out at exactly the grain's length. Only
// the last grain of a disk may be either cut to the disk's end or filled up
// with zeros.
func (d *deflated) DecodeTo(dst []byte) error {
	n, err := d.decoder.inflater.Zlib(dst, d.buf.data[:d.length])
	if errors.Is(err, inflate.ErrRoom) && len(dst) < d.decoder.grain {
		n, err = d.decodeLast(dst)
	}
	switch {
	case errors.Is(err, inflate.ErrRoom):
		return damaged(VMDK, d.offset, "a grain decompresses to more than its %d bytes", len(dst))
	case err != nil:
		return damaged(VMDK, d.offset, "a grain can't be decompressed: %v", err)
	case n != len(dst):
		return damaged(VMDK, d.offset, "a grain decompresses to %d bytes instead of %d", n, len(dst))
	}
	return nil
}

// decodeLast takes a grain that is longer than what is left of the disk.
func (d *deflated) decodeLast(dst []byte) (int, error) {
	buf := d.decoder.scratch.lend(d.decoder.grain)
	defer buf.release()
	whole := buf.data[:d.decoder.grain]
	n, err := d.decoder.inflater.Zlib(whole, d.buf.data[:d.length])
	if err != nil {
		return n, err
	}
	if n != len(whole) || !allZero(whole[len(dst):]) {
		return n, inflate.ErrRoom
	}
	return copy(dst, whole), nil
}
