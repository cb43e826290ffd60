package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"

	"github.com/sourcegraph/jsonrpc2"
	"golang.org/x/sys/unix"
)

// A Conn is the calling end of a connection to a Server. All of its methods may
// be called from any goroutine.
type Conn struct {
	conn   *net.UnixConn
	in     *reader
	out    *outbox
	notify func(method string, params json.RawMessage)
	lib    *jsonrpc2.Conn
	tasks  sync.WaitGroup
	read   chan struct{} // closed when nothing is read any more

	params json.RawMessage // of the notification that is being handed to the library

	mu    sync.Mutex
	last  uint64
	open  map[uint64]*reply
	fault *Error // the last answer that was for no call of ours
}

// A reply is what a call waits for. The library is only told that there is one.
type reply struct {
	fds    []int // to be sent with the request; nil once they are
	result json.RawMessage
	fault  *Error
}

// NewConn takes over a connected socket. Each notification from the server is
// given to notify, one after the other; it must return soon, because no answer
// is read meanwhile. Nil drops them. The connection closes when ctx is done.
func NewConn(ctx context.Context, conn *net.UnixConn, notify func(method string, params json.RawMessage)) *Conn {
	limits := Limits{}.orDefaults()
	limits.Frame, limits.FrameTimeout, limits.FDs = limits.Reply+firstRead, 0, 0
	limits.QueuedBytes = limits.Reply
	c := &Conn{
		conn: conn, in: newReader(conn, limits), out: newOutbox(conn, limits),
		notify: notify, read: make(chan struct{}), open: map[uint64]*reply{},
	}
	// What can't be written shows in the reading half: there may be words of farewell.
	c.tasks.Go(func() { _ = c.out.run() })
	c.lib = jsonrpc2.NewConn(ctx, (*caller)(c), (*caller)(c), jsonrpc2.SetLogger(silent{}))
	c.tasks.Go(func() {
		<-c.lib.DisconnectNotify()
		c.out.close()
	})
	return c
}

// Call sends a request and waits for its answer, which it decodes into result
// (a pointer, or nil to drop it); members that result doesn't have are ignored.
// Parameters are anything that encodes to a JSON object; nil sends none. The
// files go along as descriptors 0, 1, …; they stay the caller's, and may be
// closed as soon as Call returns.
//
// It returns the server's *Error, ErrClosed when the connection is gone (with
// the server's reason, if it gave one), or what ctx says. When ctx ends first,
// the request may still be carried out.
func (c *Conn) Call(ctx context.Context, method string, params, result any, files ...*os.File) error {
	fds, err := duplicate(files)
	if err != nil {
		return err
	}
	r := &reply{fds: fds}
	id := c.register(r)
	defer c.forget(id)
	options := []jsonrpc2.CallOption{jsonrpc2.PickID(jsonrpc2.ID{Num: id})}
	if len(fds) > 0 {
		options = append(options, jsonrpc2.ExtraField("fds", len(fds)))
	}
	err = c.lib.Call(ctx, method, params, nil, options...)
	switch {
	case errors.Is(err, jsonrpc2.ErrClosed), errors.Is(err, ErrClosed):
		return c.why()
	case err != nil:
		return fmt.Errorf("call %s: %w", method, err)
	case r.fault != nil:
		return r.fault
	case result == nil:
		return nil
	}
	if err := json.Unmarshal(r.result, result); err != nil {
		return fmt.Errorf("read the result of %s: %w", method, err)
	}
	return nil
}

// Done returns a channel that is closed when the connection is gone.
func (c *Conn) Done() <-chan struct{} { return c.lib.DisconnectNotify() }

// Close ends the connection; calls that wait return ErrClosed. It may be called
// more than once, and on a connection that is gone.
func (c *Conn) Close() error {
	err := c.lib.Close()
	<-c.read
	c.tasks.Wait()
	if errors.Is(err, jsonrpc2.ErrClosed) {
		return nil
	}
	return err
}

// why says how the connection ended.
func (c *Conn) why() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fault == nil {
		return ErrClosed
	}
	return c.fault.WithCause(ErrClosed)
}

func (c *Conn) register(r *reply) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	c.open[c.last] = r
	return c.last
}

// forget ends the wait for a reply, and gives back descriptors that were not sent.
func (c *Conn) forget(id uint64) {
	closeFDs(c.takeFDs(id))
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.open, id)
}

// takeFDs returns the descriptors that go with a request, once.
func (c *Conn) takeFDs(id uint64) []int {
	c.mu.Lock()
	defer c.mu.Unlock()
	r := c.open[id]
	if r == nil {
		return nil
	}
	fds := r.fds
	r.fds = nil
	return fds
}

func duplicate(files []*os.File) (fds []int, err error) {
	for _, f := range files {
		fd, err := duplicateOne(f)
		if err != nil {
			closeFDs(fds)
			return nil, fmt.Errorf("pass %s: %w", f.Name(), err)
		}
		fds = append(fds, fd)
	}
	return fds, nil
}

// duplicateOne goes round os.File.Fd, which may clear O_NONBLOCK.
func duplicateOne(f *os.File) (fd int, err error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return -1, err
	}
	var duping error
	err = raw.Control(func(from uintptr) {
		fd, duping = unix.FcntlInt(from, unix.F_DUPFD_CLOEXEC, 0)
	})
	return fd, errors.Join(err, duping)
}
