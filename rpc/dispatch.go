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
	answered := json.RawMessage("true") // all that the library learns of the result
	if err == nil {
		err = s.setResult(r, result)
	}
	if err != nil {
		setError(reply, s.tell(err, r))
	} else {
		reply.Result = &answered
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
func (s *session) setResult(r *request, result any) error {
	text, err := encode(result)
	if err != nil {
		return fmt.Errorf("encode the result: %w", err)
	}
	if n := len(text); n > s.srv.limits.Reply {
		return Errorf(Limit, "Cannot send the result of %s: it has %d bytes, and the limit is %d.", r.method, n, s.srv.limits.Reply)
	}
	r.result = text
	return nil
}

// encode gives a result as JSON. That of a List is not read once more.
func encode(result any) (json.RawMessage, error) {
	if list, ok := result.(ready); ok {
		return list.ready(), nil
	}
	return json.Marshal(result)
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
// under the id that the peer had given its request. The result goes round the
// library, which would read megabytes several times over.
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
	return s.out.put(letter{line: replyLine(r.id, r.result, reply.Error)})
}

// replyLine writes one answer: with an error where there is one.
func replyLine(id, result, fault json.RawMessage) []byte {
	kind, body := `,"result":`, result
	if fault != nil {
		kind, body = `,"error":`, fault
	}
	const version, end = `{"jsonrpc":"2.0","id":`, "}\n"
	line := make([]byte, 0, len(version)+len(id)+len(kind)+len(body)+len(end))
	line = append(append(append(line, version...), id...), kind...)
	return append(append(line, body...), end...)
}

// silent is for the library, whose messages go to stderr otherwise: the session
// reports what matters itself.
type silent struct{}

// Printf drops the message.
func (silent) Printf(string, ...any) {}
