package rpc

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// firstRead is the room for the first read: most requests fit.
const firstRead = 4 << 10

// A frame is one line that holds something, and where it stood in the stream.
type frame struct {
	line     []byte // a copy, without surrounding space
	from, to int64  // its bytes in the stream, the LF counted in
}

// A reader splits what comes over a socket into frames, and keeps the
// descriptors that came along until a frame claims them.
type reader struct {
	conn    *net.UnixConn
	max     int           // the longest line
	timeout time.Duration // for a frame, from first byte to last; 0: none
	fds     int           // the most that one message may bring

	buf     []byte // buf[start:used] is what has come and was not given out
	start   int
	used    int
	looked  int   // buf[start:looked] holds no LF
	base    int64 // where buf[start] stands in the stream
	oob     []byte
	batches []batch
	timed   bool // a deadline is set, for the frame that has begun
}

func newReader(conn *net.UnixConn, limits Limits) *reader {
	return &reader{
		conn:    conn,
		max:     limits.Frame,
		timeout: limits.FrameTimeout,
		fds:     limits.FDs,
		oob:     make([]byte, unix.CmsgSpace(scmMaxFD*4)+unix.CmsgSpace(unix.SizeofUcred)),
	}
}

// next returns the next frame. An *Error is what to tell the peer before the
// connection ends; io.EOF comes after the last frame; everything else is from
// the socket.
func (r *reader) next() (frame, error) {
	for {
		f, ok, err := r.cut()
		if ok || err != nil {
			return f, err
		}
		if err := r.fill(); err != nil {
			return frame{}, err
		}
	}
}

// cut takes the first line that holds something off the buffer.
func (r *reader) cut() (frame, bool, error) {
	for {
		end := bytes.IndexByte(r.buf[r.looked:r.used], '\n')
		if end < 0 {
			r.looked = r.used
			if r.used-r.start > r.max {
				return frame{}, false, r.oversize()
			}
			return frame{}, false, nil
		}
		length := r.looked + end - r.start
		if length > r.max {
			return frame{}, false, r.oversize()
		}
		line := r.buf[r.start : r.start+length]
		f := frame{line: bytes.Clone(bytes.Trim(line, " \t\r")), from: r.base, to: r.base + int64(length) + 1}
		r.start += length + 1
		r.base, r.looked = f.to, r.start
		r.untime()
		if len(f.line) > 0 {
			return f, true, nil
		}
	}
}

func (r *reader) oversize() *Error {
	return Errorf(InvalidRequest, "Cannot read the request: its line is longer than %d bytes.", r.max)
}

// fill reads once from the socket.
func (r *reader) fill() error {
	if err := r.waiting(); err != nil {
		return err
	}
	r.room()
	r.time()
	n, oobn, flags, _, err := r.conn.ReadMsgUnix(r.buf[r.used:], r.oob)
	if oobn > 0 || flags&unix.MSG_CTRUNC != 0 {
		if err := r.keep(max(n, 0), r.oob[:oobn], flags&unix.MSG_CTRUNC != 0); err != nil {
			return err
		}
	}
	if n > 0 { // n is -1 where err is set
		r.used += n
		return nil
	}
	return r.ended(err)
}

// room moves what is left to the front of a buffer with place for at least one
// more byte, and no larger than that takes: an idle connection must cost little.
// This happens once for each read and not for each line, or short lines in a
// long buffer would cost its square.
func (r *reader) room() {
	rest := r.buf[r.start:r.used]
	size := firstRead
	for size <= len(rest) {
		size *= 2
	}
	to := r.buf
	if size != len(r.buf) {
		to = make([]byte, size)
	}
	r.used = copy(to, rest)
	r.buf, r.start, r.looked = to, 0, r.used
}

// time sets the deadline when a frame has begun. Deadlines of package net
// are monotonic, so setting the clock does no harm.
func (r *reader) time() {
	if r.used > r.start && !r.timed && r.timeout > 0 {
		_ = r.conn.SetReadDeadline(time.Now().Add(r.timeout)) // fails only on a closed connection, as the read then does
		r.timed = true
	}
}

// untime ends the deadline with the frame it was for.
func (r *reader) untime() {
	if r.timed {
		_ = r.conn.SetReadDeadline(noDeadline()) // as above
		r.timed = false
	}
}

func noDeadline() time.Time { return time.Time{} }

// ended says why there was nothing to read.
func (r *reader) ended(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return Errorf(InvalidRequest, "Cannot wait longer for the end of the request: its line was not finished within %v.", r.timeout)
	case err != nil && !errors.Is(err, io.EOF):
		return fmt.Errorf("read from the peer: %w", err)
	case len(bytes.Trim(r.buf[r.start:r.used], " \t\r")) > 0:
		return Errorf(ParseError, "Cannot read the request: the connection ended before its line did.").
			WithHint("End each request with a line feed.")
	}
	return io.EOF
}
