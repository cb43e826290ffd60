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

// scmMaxFD is the most descriptors that one sendmsg(2) carries (SCM_MAX_FD in
// the kernel's include/net/scm.h). With room for all of them MSG_CTRUNC can only
// mean that this process has no descriptors left.
const scmMaxFD = 253

// firstRead is the room for the first read: most requests fit.
const firstRead = 4 << 10

// A frame is one line that holds something, and where it stood in the stream.
type frame struct {
	line     []byte // a copy, without surrounding space
	from, to int64  // its bytes in the stream, the LF counted in
}

// A batch is the descriptors that came with one read. The kernel ends a read
// after the bytes that carry descriptors, but puts plain bytes that were sent
// before in front of them: so they belong to some message that has a byte
// between from and to, not to the first one there.
type batch struct {
	from, to int64
	fds      []*os.File
	cut      bool // some were lost: MSG_CTRUNC
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

// waiting refuses descriptors that no message can claim any more, before the
// wait for the next bytes begins.
func (r *reader) waiting() error {
	held := 0
	for _, b := range r.batches {
		held += len(b.fds)
	}
	if held > r.fds || r.used == r.start && len(r.batches) > 0 {
		return undeclared()
	}
	return nil
}

// undeclared is fatal: from here on nobody knows which descriptor belongs where.
func undeclared() *Error {
	return Errorf(InvalidRequest, "Cannot take the descriptors: more came than were declared.").
		WithField("fds").WithHint(`Say how many come with a message in its top-level member "fds".`)
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

// keep queues descriptors that came with n bytes.
func (r *reader) keep(n int, oob []byte, cut bool) error {
	at := r.base + int64(r.used-r.start)
	b := batch{from: at, to: at + int64(n), cut: cut}
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return fmt.Errorf("read the descriptors: %w", err)
	}
	for _, m := range messages {
		if m.Header.Level != unix.SOL_SOCKET || m.Header.Type != unix.SCM_RIGHTS {
			continue
		}
		fds, err := unix.ParseUnixRights(&m)
		if err != nil {
			return fmt.Errorf("read the descriptors: %w", err)
		}
		for _, fd := range fds {
			// ReadMsgUnix has set MSG_CMSG_CLOEXEC. NewFile leaves O_NONBLOCK as it is.
			b.fds = append(b.fds, os.NewFile(uintptr(fd), "passed descriptor"))
		}
	}
	if cut || len(b.fds) > 0 {
		r.batches = append(r.batches, b)
	}
	return nil
}

// take gives a frame the descriptors that it declared, or as many as there are.
// whole is false where some are missing or were lost on the way.
func (r *reader) take(f frame, n int) (fds []*os.File, whole bool) {
	whole = true
	for len(fds) < n && len(r.batches) > 0 && r.batches[0].from < f.to {
		b := &r.batches[0]
		k := min(n-len(fds), len(b.fds))
		fds = append(fds, b.fds[:k]...)
		b.fds = b.fds[k:]
		whole = whole && !b.cut
		if len(b.fds) == 0 {
			r.batches = r.batches[1:]
		}
	}
	return fds, whole && len(fds) == n
}

// stray reports whether descriptors are left over that came before the end of a
// frame which has taken its own: later frames have no claim on them.
func (r *reader) stray(f frame) bool {
	return len(r.batches) > 0 && r.batches[0].to <= f.to
}

// close gives back the descriptors that nobody claimed.
func (r *reader) close() {
	for _, b := range r.batches {
		closeAll(b.fds)
	}
	r.batches = nil
}

// closeAll closes descriptors that nobody wants. What close(2) says is of no
// use here: they were only read from, or not even that.
func closeAll(fds []*os.File) {
	for _, f := range fds {
		if f != nil {
			_ = f.Close()
		}
	}
}
