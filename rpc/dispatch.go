package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/sourcegraph/jsonrpc2"
)

// Handle runs a request. The library calls it from its reading goroutine, so
// the work goes on in another one.
func (s *session) Handle(_ context.Context, lib *jsonrpc2.Conn, lr *jsonrpc2.Request) {
	if s.remote == nil {
		s.remote = s.newRemote(lib)
	}
	id := lr.ID.Num
	s.mu.Lock()
	r := s.open[id]
	s.mu.Unlock()
	c := &Call{Peer: s.peer, Method: r.method, remote: s.remote, stopping: s.life.stopping, fds: r.fds}
	go s.serve(lib, id, r, c)
}

func (s *session) newRemote(lib *jsonrpc2.Conn) *Remote {
	return &Remote{
		id:   s.srv.ids.Add(1),
		gone: s.gone,
		notify: func(ctx context.Context, method string, params any) error {
			return lib.Notify(ctx, method, params)
		},
	}
}

// serve runs one call from its first instruction to its answer.
func (s *session) serve(lib *jsonrpc2.Conn, id uint64, r *request, c *Call) {
	defer s.life.calls.leave()
	defer s.calls.leave()
	s.srv.calls.Add(1)
	defer s.srv.calls.Add(-1)
	result, err := s.invoke(r, c)
	c.closeFDs()
	reply := &jsonrpc2.Response{ID: jsonrpc2.ID{Num: id}}
	if err == nil {
		err = s.setResult(reply, result, r.method)
	}
	if err != nil {
		setError(reply, s.tell(err, r))
	}
	s.out.wait()                               // not in WriteObject: the library holds a lock there that Notify needs
	if lib.SendResponse(s.ctx, reply) != nil { // the peer is gone
		s.forget(id)
	}
}

// invoke runs the function. A panic in it ends the call, not the daemon.
func (s *session) invoke(r *request, c *Call) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.srv.log().Error("call panicked", slog.String("method", r.method), slog.String("id", string(r.id)),
				slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
			result, err = nil, Errorf(InternalError, "Cannot finish %s: the daemon met a fault that its log describes under id %s.", r.method, r.id)
		}
	}()
	return r.row.invoke(s.ctx, c, r.params)
}

// setResult encodes a result, within the limit.
func (s *session) setResult(reply *jsonrpc2.Response, result any, method string) error {
	if err := reply.SetResult(result); err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	if n := len(*reply.Result); n > s.srv.limits.Reply {
		return Errorf(Limit, "Cannot send the result of %s: it has %d bytes, and the limit is %d.", method, n, s.srv.limits.Reply)
	}
	return nil
}

// tell turns a failure into what the peer may read, and logs what it may not.
func (s *session) tell(err error, r *request) *Error {
	fault, known := asError(err, r.method)
	if fault.Code == Cancelled && s.ctx.Err() != nil && s.life.ended() {
		return goingDown(r.method)
	}
	if !known {
		s.srv.log().Error("call went wrong", slog.String("method", r.method), slog.Any("cause", err),
			slog.Uint64("peer_uid", uint64(s.peer.UID)))
	}
	return fault
}

// setError puts an Error into the library's shape.
func setError(reply *jsonrpc2.Response, fault *Error) {
	wire := fault.wire()
	reply.Result = nil
	reply.Error = &jsonrpc2.Error{Code: int64(fault.Code), Message: wire.Message}
	reply.Error.SetError(wire.Data)
}

// forget takes a request off the list of open ones.
func (s *session) forget(id uint64) *request {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.open[id]
	if r != nil {
		delete(s.open, id)
		s.bytes -= r.size
	}
	return r
}

// WriteObject sends what the library made: a notification as it is, a reply
// under the id that the peer had given its request.
func (s *session) WriteObject(obj any) error {
	text, err := json.Marshal(obj)
	if err != nil {
		return fmt.Errorf("encode a message: %w", err)
	}
	var reply struct {
		ID     uint64          `json:"id"`
		Result json.RawMessage `json:"result"`
		Error  json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(text, &reply); err != nil {
		return fmt.Errorf("encode a message: %w", err)
	}
	if reply.Result == nil && reply.Error == nil {
		if len(text) > s.srv.limits.Reply {
			return Errorf(Limit, "Cannot send a notification of %d bytes: the limit is %d.", len(text), s.srv.limits.Reply)
		}
		return s.tidings(append(text, '\n'))
	}
	r := s.forget(reply.ID)
	if r == nil {
		return ErrClosed
	}
	return s.out.put(letter{line: replyLine(r.id, reply.Result, reply.Error)})
}

// replyLine writes one answer: with an error where there is one.
func replyLine(id, result, fault json.RawMessage) []byte {
	line := fmt.Appendf(nil, `{"jsonrpc":"2.0","id":%s,`, id)
	if fault != nil {
		line = fmt.Appendf(line, `"error":%s`, fault)
	} else {
		line = fmt.Appendf(line, `"result":%s`, result)
	}
	return append(line, '}', '\n')
}

// silent is for the library, whose messages go to stderr otherwise: the session
// reports what matters itself.
type silent struct{}

// Printf drops the message.
func (silent) Printf(string, ...any) {}
