package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"sync"

	"spliced/rpc"
)

// DefaultSocket is where the daemon listens unless it is told otherwise.
const DefaultSocket = "/run/spliced/spliced.sock"

// A Client is a connection to the daemon. Its methods may be called from any
// goroutine, several at once.
type Client struct {
	conn *rpc.Conn

	mu       sync.Mutex
	watchers map[chan Event]bool
}

// Dial connects to the daemon's socket at path. The context bounds connecting
// alone. Failures of connect(2) can be asked for with errors.Is: fs.ErrNotExist
// and syscall.ECONNREFUSED where no daemon listens, fs.ErrPermission.
func Dial(ctx context.Context, path string) (*Client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, fmt.Errorf("connect to the daemon: %w", err)
	}
	socket, ok := conn.(*net.UnixConn)
	if !ok { // "unix" gives nothing else
		return nil, fmt.Errorf("connect to the daemon: %s is no Unix socket", path)
	}
	return New(ctx, socket), nil
}

// New makes a Client of a connected socket, which it takes over. Only the values
// of ctx are used.
func New(ctx context.Context, socket *net.UnixConn) *Client {
	c := &Client{watchers: map[chan Event]bool{}}
	c.conn = rpc.NewConn(context.WithoutCancel(ctx), socket, c.deliver)
	return c
}

// Call sends a request and waits for the answer, which it decodes into result
// (a pointer, or nil to drop it). Params is anything that encodes to a JSON
// object, or nil. The files go along as descriptors 0, 1, …, to which parameters
// point: {"source": {"fd": 0}}. They stay the caller's.
//
// It returns an *rpc.Error where the daemon refused or could not do it,
// rpc.ErrClosed when the connection is gone, or what ctx says; in the last case
// the daemon may still do the work.
func (c *Client) Call(ctx context.Context, method string, params, result any, files ...*os.File) error {
	return c.conn.Call(ctx, method, params, result, files...)
}

// Done returns a channel that is closed when the connection is gone.
func (c *Client) Done() <-chan struct{} { return c.conn.Done() }

// Close ends the connection, and with it the channels from Events. It may be
// called more than once.
func (c *Client) Close() error {
	err := c.conn.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for ch := range c.watchers {
		c.drop(ch)
	}
	return err
}

func (c *Client) deliver(method string, params json.RawMessage) {
	if method != eventMethod {
		return
	}
	e := Event{Params: params}
	if json.Unmarshal(params, &e) != nil {
		return // from a daemon that we don't understand; the others may be good
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for ch := range c.watchers {
		push(ch, e)
	}
}
