package rpc

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// scmMaxFD is the most descriptors that one sendmsg(2) carries (SCM_MAX_FD in
// the kernel's include/net/scm.h). With room for all of them MSG_CTRUNC can only
// mean that this process has no descriptors left.
const scmMaxFD = 253

// A batch is the descriptors that came with one read. The kernel ends a read
// after the bytes that carry descriptors, but puts plain bytes that were sent
// before in front of them: so they belong to some message that has a byte
// between from and to, not to the first one there.
type batch struct {
	from, to int64
	fds      []*os.File
	cut      bool // some were lost: MSG_CTRUNC
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
