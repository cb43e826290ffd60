package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sourcegraph/jsonrpc2"
)

// A caller is a Conn as the JSON-RPC library sees it. The library matches
// answers with calls; what is in them goes past it.
type caller Conn

// errNonsense ends a connection whose server can't be understood.
var errNonsense = errors.New("the server sent what is neither an answer nor a notification")

// ReadObject gives the library the number of the next answer, or the name of
// the next notification.
func (c *caller) ReadObject(v any) error {
	for {
		f, err := c.in.next()
		if err != nil {
			return c.end(err)
		}
		short, err := c.sort(f)
		if err != nil {
			return c.end(err)
		}
		if short != nil {
			return json.Unmarshal(short, v)
		}
	}
}

func (c *caller) end(why error) error {
	c.in.close()
	close(c.read)
	return why
}

// sort puts an answer where its call finds it. It returns nil for what concerns
// no call.
func (c *caller) sort(f frame) (short []byte, err error) {
	var m struct {
		ID     *uint64         `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
		Result json.RawMessage `json:"result"`
		Error  *Error          `json:"error"`
	}
	if err := json.Unmarshal(f.line, &m); err != nil {
		return nil, fmt.Errorf("read an answer: %w", err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case m.Method != "":
		c.params = m.Params
		return fmt.Appendf(nil, `{"method":%s}`, quote(m.Method)), nil
	case m.ID != nil && (m.Result != nil || m.Error != nil):
		if r := c.open[*m.ID]; r != nil {
			r.result, r.fault = m.Result, m.Error
		}
		return fmt.Appendf(nil, `{"id":%d,"result":true}`, *m.ID), nil
	case m.Error != nil:
		c.fault = m.Error
		return nil, nil
	}
	return nil, errNonsense
}

// Handle passes a notification on.
func (c *caller) Handle(_ context.Context, _ *jsonrpc2.Conn, r *jsonrpc2.Request) {
	if c.notify != nil && r.Notif {
		c.notify(r.Method, c.params)
	}
}

// WriteObject sends a request, and with it the descriptors that it declares.
func (c *caller) WriteObject(obj any) error {
	text, err := json.Marshal(obj)
	if err != nil {
		return fmt.Errorf("encode a request: %w", err)
	}
	var request struct {
		ID uint64 `json:"id"`
	}
	if err := json.Unmarshal(text, &request); err != nil {
		return fmt.Errorf("encode a request: %w", err)
	}
	fds := (*Conn)(c).takeFDs(request.ID)
	if err := c.out.put(letter{line: append(text, '\n'), free: true, fds: fds}); err != nil {
		closeFDs(fds)
		return err
	}
	return nil
}

// Close is the library's way to end the connection.
func (c *caller) Close() error { return c.conn.Close() }
