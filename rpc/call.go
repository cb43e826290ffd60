package rpc

import (
	"context"
	"fmt"
	"os"
	"sync"
)

// A Call is one request while its function runs.
type Call struct {
	Peer   Peer   // who asks
	Method string // the name of the method

	remote   *Remote
	stopping <-chan struct{}

	mu  sync.Mutex
	fds []*os.File // nil where taken
}

// FDs returns how many descriptors came with the request.
func (c *Call) FDs() int { return len(c.fds) }

// TakeFD hands over the descriptor of that index, 0 being the first; whoever takes
// it closes it. One that nobody takes is closed after the call. InvalidParams when
// there is none of that index, or it was taken before.
//
// The descriptor shares its description with the peer: don't lock, truncate or
// seek it, nor set O_NONBLOCK, which os.File.Fd may clear and exec.Cmd calls.
// Use SyscallConn, or pass the file on with Conn.Call.
func (c *Call) TakeFD(index int) (*os.File, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if index < 0 || index >= len(c.fds) {
		return nil, Errorf(InvalidParams, "Cannot take descriptor %d: %d came with the request.", index, len(c.fds)).WithField("fd")
	}
	f := c.fds[index]
	if f == nil {
		return nil, Errorf(InvalidParams, "Cannot take descriptor %d: two parameters point to it.", index).WithField("fd")
	}
	c.fds[index] = nil
	return f, nil
}

// closeFDs closes what was not taken.
func (c *Call) closeFDs() {
	c.mu.Lock()
	defer c.mu.Unlock()
	closeAll(c.fds)
	c.fds = nil
}

// Remote returns the connection that the call came over; it outlives the call.
func (c *Call) Remote() *Remote { return c.remote }

// Notify is Remote().Notify.
func (c *Call) Notify(ctx context.Context, method string, params any) error {
	return c.remote.Notify(ctx, method, params)
}

// Closed is Remote().Closed.
func (c *Call) Closed() <-chan struct{} { return c.remote.Closed() }

// Stopping returns a channel that is closed when the server begins to drain.
// Calls that only wait should then answer with DaemonRestart, so that they don't
// hold up the end.
func (c *Call) Stopping() <-chan struct{} { return c.stopping }

// A Remote is the other end of a connection to a Server. It may be kept for as
// long as the connection lives, as a subscription does, and be a map key.
type Remote struct {
	id     uint64
	gone   chan struct{}
	notify func(ctx context.Context, method string, params any) error
}

// ID numbers the connection; a server never uses a number again.
func (r *Remote) ID() uint64 { return r.id }

// Notify queues a notification and never blocks. A peer that lets its queue
// fill up is disconnected, and every later Notify says so.
func (r *Remote) Notify(ctx context.Context, method string, params any) error {
	if r.notify == nil {
		return nil
	}
	if err := r.notify(ctx, method, params); err != nil {
		return fmt.Errorf("notify the peer of %s: %w", method, err)
	}
	return nil
}

// Closed returns a channel that is closed when the peer is gone for good. A
// peer that only closed its sending half still waits for answers, and is not gone.
func (r *Remote) Closed() <-chan struct{} { return r.gone }
