package disk

import (
	"io"
	"math/bits"
)

// Opener is the shape of Open: it reads the head of r and returns the reader
// for what it finds there.
type Opener func(r io.Reader, o Options) (Reader, error)

// Open recognises the image that r yields, reads its header, and returns the
// reader for the rest. It takes from r no more than one window of 512 KiB, and
// needs HeadSize bytes or, for a VMDK, its embedded descriptor (64 KiB at most).
//
// Memory that a Reader holds itself, whatever the image says: the window; for
// a VMDK, 12 bytes for each grain table that its directories have named and
// that hasn't come yet, and 24 for each that came before its directory (a
// table stands for 32 MiB of disk at the usual grain size, so 62 TiB, VMware's
// maximum, come to 24 MiB per directory copy); for a monolithicSparse VMDK 8
// bytes for each grain that holds data, 32 MiB at most. All of it grows with
// what really came, never with what a header claims. Payloads come on top: how
// many are held at once is the caller's doing, and each says what it takes in
// Stored, which is at most a chunk, or two grains (2 MiB).
//
// Failures are a *FormatError, or the source's own.
func Open(r io.Reader, o Options) (Reader, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	in := newInput(r, o.Size)
	format, err := recognise(in, o.Format)
	if err != nil {
		return nil, err
	}
	in.format = format
	switch format { //nolint:exhaustive // all others are refused alike
	case Raw:
		return newRaw(in, o)
	case VMDK:
		return openVMDK(in, o)
	case VMDKDescriptor:
		return nil, refuseDescriptor(in)
	}
	return nil, unsupported(format, "it is %s, which is not supported: %s", format.title(), format.advice())
}

func (o *Options) fill() error {
	if o.MaxVirtualSize <= 0 {
		o.MaxVirtualSize = DefaultMaxVirtualSize
	}
	if o.ChunkSize == 0 {
		o.ChunkSize = DefaultChunkSize
	}
	if o.ChunkSize < minChunkSize || o.ChunkSize > maxChunkSize || bits.OnesCount(uint(o.ChunkSize)) != 1 {
		return unsupported(o.Format, "its chunk size, %d bytes, is not a power of two between 64 KiB and 64 MiB", o.ChunkSize)
	}
	return nil
}

// recognise settles the format: what the caller says has to agree with what
// the bytes say, except that anything may be called raw.
func recognise(in *input, said Format) (Format, error) {
	if said == Raw {
		return Raw, nil
	}
	head, err := in.peek(HeadSize)
	if err != nil {
		return "", err
	}
	found, err := Detect(head)
	if err != nil {
		return "", err
	}
	if said != "" && said != found && (said != VMDK || !found.ofVMware()) {
		return "", damaged(said, 0, "it is said to be %s, but is %s", said.title(), found.title())
	}
	return found, nil
}

// ofVMware reports whether users call the format VMDK too, by its file's name.
func (f Format) ofVMware() bool {
	return f == COWD || f == SESparse || f == VMDKDescriptor
}
