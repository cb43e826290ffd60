package disk

import (
	"errors"
	"io"
)

// windowSize is how much of the input is buffered at once: enough that a file
// is read in few calls and a pipe is emptied by each.
const windowSize = 512 << 10

// minWindow is the window for input that is known to be small. It holds the
// longest head of a VMDK.
const minWindow = 2 * maxDescriptor * sectorSize

// maxEmptyReads is how often in a row a source may answer with nothing.
const maxEmptyReads = 100

// An input is the image's bytes, front to back, with a window in which they can
// be looked at before they are taken. It holds the source to its promised size.
type input struct {
	format Format
	r      io.Reader
	size   int64 // promised, or -1
	got    int64 // bytes that came from r
	window []byte
	from   int // what is buffered is window[from:to]
	to     int
	err    error // what r ended with, io.EOF when all is well
}

func newInput(r io.Reader, size int64) *input {
	window := int64(windowSize)
	if size >= 0 {
		window = min(windowSize, max(size, minWindow))
	}
	return &input{format: Raw, r: r, size: size, window: make([]byte, window)}
}

// pos is the place of the next byte to be taken.
func (in *input) pos() int64 { return in.got - int64(in.to-in.from) }

// peek returns the next n bytes (at most the window's), or fewer where the input
// ends, without taking them. They are valid until the next call.
func (in *input) peek(n int) ([]byte, error) {
	if in.to-in.from < n && in.from+n > len(in.window) {
		in.to = copy(in.window, in.window[in.from:in.to])
		in.from = 0
	}
	for in.to-in.from < n && in.err == nil {
		in.to += in.read(in.window[in.to:])
	}
	if in.err != nil && !errors.Is(in.err, io.EOF) {
		return nil, in.err
	}
	return in.window[in.from:min(in.to, in.from+n)], nil
}

// take is peek, and takes the bytes. The input ending before is damage.
func (in *input) take(n int) ([]byte, error) {
	b, err := in.peek(n)
	if err != nil {
		return nil, err
	}
	if len(b) < n {
		return nil, in.truncated()
	}
	in.from += n
	return b, nil
}

// fill takes bytes into dst and returns how many, fewer than len(dst) only
// where the input ends. Large ones don't pass through the window.
func (in *input) fill(dst []byte) (int, error) {
	n := copy(dst, in.window[in.from:in.to])
	in.from += n
	for n < len(dst) && in.err == nil {
		if len(dst)-n >= len(in.window) {
			n += in.read(dst[n:])
			continue
		}
		in.from, in.to = 0, 0
		in.to = in.read(in.window)
		in.from = copy(dst[n:], in.window[:in.to])
		n += in.from
	}
	if in.err != nil && !errors.Is(in.err, io.EOF) {
		return n, in.err
	}
	return n, nil
}

// skip takes n bytes and drops them. The input ending before is damage.
func (in *input) skip(n int64) error {
	for n > 0 {
		step := int(min(n, int64(len(in.window))))
		if _, err := in.take(step); err != nil {
			return err
		}
		n -= int64(step)
	}
	return nil
}

// zeros takes all that is left, and reports whether nothing but zeros was.
func (in *input) zeros() (bool, error) {
	for {
		b, err := in.peek(len(in.window))
		if err != nil || len(b) == 0 {
			return err == nil, err
		}
		if !allZero(b) {
			return false, nil
		}
		in.from += len(b)
	}
}

// read is one read of the source, which also judges how that ends.
func (in *input) read(dst []byte) int {
	n := 0
	for range maxEmptyReads {
		var err error
		n, err = in.r.Read(dst)
		in.got += int64(n)
		in.err = in.judge(err)
		if n > 0 || in.err != nil {
			return n
		}
	}
	in.err = io.ErrNoProgress
	return n
}

func (in *input) judge(err error) error {
	switch {
	case in.size >= 0 && in.got > in.size:
		return damaged(in.format, in.size, "more data follows after the %d bytes that were announced", in.size)
	case errors.Is(err, io.EOF) && in.size >= 0 && in.got < in.size:
		return damaged(in.format, in.got, "it ends after %d of the %d bytes that were announced", in.got, in.size)
	case errors.Is(err, io.EOF):
		return io.EOF
	}
	return err
}

func (in *input) truncated() error {
	return damaged(in.format, in.got, "it is cut off: its own header or tables promise more than the %d bytes that came", in.got)
}
