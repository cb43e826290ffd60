package rpc

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// ErrClosed says that a connection is gone, or going.
var ErrClosed = errors.New("the connection is closed")

// errSlow says that the peer let its queue fill up.
var errSlow = errors.New("the peer does not read what it is sent")

// writePiece is how much a peer must read within the write deadline: so a long
// answer may take longer than the deadline, as long as it moves.
const writePiece = 64 << 10

// A letter is one line on its way out.
type letter struct {
	line []byte
	free bool          // nobody asked for it: refused when too many of its kind wait
	fds  []int         // owned; sent with the first byte, then closed
	sent chan struct{} // closed when everything before it is written; nil for lines
}

// An outbox queues lines and writes them in order.
//
// Answers are always taken, because there are never more than requests; whoever
// makes them calls wait before, so that a peer which reads slowly is slowed
// down and not cut off. What is sent of one's own accord can't wait, so it is
// counted apart, and refused when too much of it is there.
type outbox struct {
	conn     *net.UnixConn
	deadline time.Duration
	most     int // lines of either kind
	mostLen  int // bytes of either kind

	mu     sync.Mutex
	room   sync.Cond // on mu: something was taken off the queue, or it was closed
	queue  []letter
	asked  load
	free   load
	closed bool

	wake chan struct{} // one token: there is something to do
	done chan struct{} // closed when run has returned
}

// A load is how many lines wait, and how long they are together.
type load struct{ lines, bytes int }

func (o *outbox) full(l load) bool { return l.lines >= o.most || l.bytes >= o.mostLen }

// of returns the load that a letter counts for.
func (o *outbox) of(l letter) *load {
	if l.free {
		return &o.free
	}
	return &o.asked
}

func newOutbox(conn *net.UnixConn, limits Limits) *outbox {
	o := &outbox{
		conn:     conn,
		deadline: limits.WriteTimeout,
		most:     limits.Queued,
		mostLen:  limits.QueuedBytes,
		wake:     make(chan struct{}, 1),
		done:     make(chan struct{}),
	}
	o.room.L = &o.mu
	return o
}

// wait returns when there is room for an answer, or the outbox is closed.
func (o *outbox) wait() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for !o.closed && o.full(o.asked) {
		o.room.Wait()
	}
}

// put queues a line, which must end with LF, and its descriptors. It never
// blocks: ErrClosed, or errSlow when a free letter finds no room.
func (o *outbox) put(l letter) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed:
		return ErrClosed
	case l.free && o.full(o.free):
		return errSlow
	}
	o.queue = append(o.queue, l)
	o.of(l).lines++
	o.of(l).bytes += len(l.line)
	o.poke()
	return nil
}

func (o *outbox) poke() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// flush waits until everything that is queued now is written, or can't be.
func (o *outbox) flush() {
	sent := make(chan struct{})
	if o.put(letter{sent: sent}) != nil {
		return
	}
	select {
	case <-sent:
	case <-o.done:
	}
}

// close makes run return after the line that it is writing; the rest is dropped.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.room.Broadcast()
	o.poke()
}

// run writes until close is called or the peer can't be written to.
func (o *outbox) run() error {
	defer close(o.done)
	defer o.drop()
	for range o.wake {
		for {
			l, more, open := o.pop()
			if !open {
				return nil
			}
			if !more {
				break
			}
			if err := o.write(l); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *outbox) pop() (l letter, more, open bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return letter{}, false, false
	}
	if len(o.queue) == 0 {
		return letter{}, false, true
	}
	l = o.queue[0]
	o.queue[0] = letter{}
	o.queue = o.queue[1:]
	o.of(l).lines--
	o.of(l).bytes -= len(l.line)
	o.room.Broadcast()
	return l, true, true
}

func (o *outbox) write(l letter) error {
	if l.sent != nil {
		close(l.sent)
		return nil
	}
	defer closeFDs(l.fds)
	rest := l.line
	for first := true; len(rest) > 0; first = false {
		piece := rest[:min(len(rest), writePiece)]
		_ = o.conn.SetWriteDeadline(time.Now().Add(o.deadline)) // fails only on a closed connection, as the write then does
		n, err := o.writePiece(piece, l.fds, first)
		if err != nil {
			return fmt.Errorf("write to the peer: %w", err)
		}
		rest = rest[n:]
	}
	return nil
}

// writePiece sends the descriptors with the first byte of the first piece: that
// tells the peer to which message they belong.
func (o *outbox) writePiece(piece []byte, fds []int, first bool) (int, error) {
	if !first || len(fds) == 0 {
		return o.conn.Write(piece)
	}
	n, _, err := o.conn.WriteMsgUnix(piece, unix.UnixRights(fds...), nil)
	return n, err
}

// drop forgets what was not written.
func (o *outbox) drop() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.room.Broadcast()
	for _, l := range o.queue {
		closeFDs(l.fds)
	}
	o.queue = nil
}

// closeFDs closes duplicates that were, or were to be, passed on.
func closeFDs(fds []int) {
	for _, fd := range fds {
		_ = unix.Close(fd) // nothing was written through it
	}
}
