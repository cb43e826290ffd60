package inflate

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/zlib"
)

// A pureInflater does in Go what Inflater promises. It is compiled always, so
// that the two can be held against each other.
type pureInflater struct {
	idle sync.Pool
}

type pureDecompressor struct {
	src    bytes.Reader
	stream io.ReadCloser
	beyond [1]byte
}

// Zlib is Inflater's.
func (f *pureInflater) Zlib(dst, src []byte) (int, error) {
	d, ok := f.idle.Get().(*pureDecompressor)
	if !ok {
		d = &pureDecompressor{}
	}
	defer func() {
		d.src.Reset(nil)
		f.idle.Put(d)
	}()
	if err := d.reset(src); err != nil {
		return 0, ErrData
	}
	n, err := io.ReadFull(d.stream, dst)
	if err == nil {
		// The stream's end, and with it the checksum, shows only beyond.
		var more int
		if more, err = io.ReadFull(d.stream, d.beyond[:]); more > 0 {
			return 0, ErrRoom
		}
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, ErrData
	}
	if !d.ended() {
		return 0, ErrData
	}
	if d.src.Len() > 0 {
		return 0, ErrTrailing
	}
	return n, nil
}

// ended tells a stream that ended from one that was cut: io.ReadFull makes
// io.ErrUnexpectedEOF of both.
func (d *pureDecompressor) ended() bool {
	_, err := d.stream.Read(d.beyond[:])
	return errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF)
}

func (d *pureDecompressor) reset(src []byte) error {
	d.src.Reset(src)
	if resetter, ok := d.stream.(zlib.Resetter); ok {
		return resetter.Reset(&d.src, nil)
	}
	stream, err := zlib.NewReader(&d.src)
	if err != nil {
		return err
	}
	d.stream = stream
	return nil
}
