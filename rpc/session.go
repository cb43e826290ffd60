package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"

	"github.com/sourcegraph/jsonrpc2"
)

// A session is one connection to a Server. To the JSON-RPC library it is both
// the ObjectStream and the Handler: the library learns of each request only its
// method and a number that the session gave it, and hands back a reply with that
// number. So ids of every legal form come back as they were written, two requests
// with one id get two answers, and parameters are decoded once.
type session struct {
	srv   *Server
	life  *life
	conn  *net.UnixConn
	in    *reader
	out   *outbox
	peer  Peer
	gone  chan struct{} // closed when the peer is gone
	once  sync.Once     // for gone
	calls *gauge
	ctx   context.Context //nolint:containedctx // the lifetime of the connection's calls: ends when the peer is gone
	stop  context.CancelFunc
	tasks sync.WaitGroup
	read  chan struct{} // closed when nothing is read any more

	remote *Remote // made with the first request, by the reading goroutine

	mu    sync.Mutex
	last  uint64
	open  map[uint64]*request
	bytes int // of the frames of open requests
}

// A request is one that was accepted and is not answered yet.
type request struct {
	envelope
	fds  []*os.File
	size int
	row  *Method
}

func newSession(srv *Server, life *life, conn *net.UnixConn, peer Peer) *session {
	s := &session{
		srv: srv, life: life, conn: conn, peer: peer,
		in:    newReader(conn, srv.limits),
		out:   newOutbox(conn, srv.limits),
		gone:  make(chan struct{}),
		calls: newGauge(),
		read:  make(chan struct{}),
		open:  map[uint64]*request{},
	}
	s.ctx, s.stop = context.WithCancel(life.ctx)
	return s
}

// run serves the connection until it ends and all its calls have returned.
func (s *session) run(ctx context.Context) {
	s.tasks.Go(s.write)
	lib := jsonrpc2.NewConn(context.WithoutCancel(ctx), s, s, jsonrpc2.SetLogger(silent{}))
	s.tasks.Go(func() { s.untilClosed(lib) })
	<-lib.DisconnectNotify()
	s.hangUp()
	s.out.close()
	<-s.calls.close()
	<-s.read
	s.tasks.Wait()
}

// write is the goroutine that owns sending. A peer that can't be written to is
// as good as gone.
func (s *session) write() {
	if err := s.out.run(); err != nil {
		s.srv.log().Debug("peer dropped", slog.Any("cause", err), slog.Uint64("peer_uid", uint64(s.peer.UID)))
		_ = s.Close()
	}
}

// untilClosed ends the connection when the server says so, after what is
// queued was written.
func (s *session) untilClosed(lib *jsonrpc2.Conn) {
	select {
	case <-s.life.over:
		s.out.flush()
		_ = lib.Close()
	case <-lib.DisconnectNotify():
	}
}

// hangUp tells calls and subscriptions that the peer is gone.
func (s *session) hangUp() {
	s.once.Do(func() { close(s.gone) })
	s.stop()
}

// Close is the library's way to end the connection.
func (s *session) Close() error { return s.conn.Close() }

// ReadObject gives the library the next request that may run. Everything that
// can be answered without running anything is answered here.
func (s *session) ReadObject(v any) error {
	for {
		s.out.wait() // a peer that doesn't read its answers gets no more of them
		f, err := s.in.next()
		if err != nil {
			return s.end(err)
		}
		id, method, err := s.accept(f)
		if err != nil {
			return s.end(err)
		}
		if id != 0 {
			return json.Unmarshal(fmt.Appendf(nil, `{"id":%d,"method":%s}`, id, quote(method)), v)
		}
	}
}

// quote writes a string as JSON.
func quote(text string) []byte {
	quoted, err := json.Marshal(text)
	if err != nil { // encoding/json has no failure for strings
		return []byte(`""`)
	}
	return quoted
}

// accept makes a frame a request under a number of ours. The number is 0 where
// the frame is dealt with, and err ends the connection.
func (s *session) accept(f frame) (id uint64, method string, err error) {
	e, fault := open(f.line, s.srv.limits)
	fds, whole := s.in.take(f, e.fds)
	if s.in.stray(f) {
		closeAll(fds)
		s.answer(e.id, undeclared())
		return 0, "", errTold
	}
	if fault == nil && !whole {
		fault = Errorf(InvalidParams, "Cannot take the descriptors: fewer came than the %d declared.", e.fds).WithField("fds").
			WithHint("Send them with the first byte of the message; the daemon may also have run out of descriptors.")
	}
	if e.id == nil { // a notification: no method is one, and none may be answered
		closeAll(fds)
		return 0, "", nil
	}
	r := &request{envelope: e, fds: fds, size: len(f.line)}
	if fault == nil {
		fault = s.admit(r)
	}
	if fault != nil {
		closeAll(fds)
		s.answer(e.id, fault)
		return 0, "", nil
	}
	return s.register(r), e.method, nil
}

// admit decides whether a request may run.
func (s *session) admit(r *request) *Error {
	r.row = s.srv.table[r.method]
	switch {
	case r.row == nil:
		return Errorf(MethodNotFound, "Cannot call %q: there is no such method.", clip(r.method)).
			WithHint("rpc.discover lists the methods.")
	case s.peer.Access < r.row.Access:
		return Errorf(Denied, "Cannot call %s: it needs %v access, and user %d has %v.", r.method, r.row.Access, s.peer.UID, s.peer.Access)
	}
	if fault := r.row.checkFDs(len(r.fds)); fault != nil {
		return fault
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	limits := s.srv.limits
	if len(s.open) >= limits.InFlight || len(s.open) > 0 && s.bytes+r.size > limits.InFlightBytes {
		return Errorf(Limit, "Cannot call %s: %d requests of this connection are running.", r.method, len(s.open)).
			WithHint(fmt.Sprintf("Wait for answers: at most %d requests and %d bytes of them run at once.", limits.InFlight, limits.InFlightBytes))
	}
	return s.enter(r.method)
}

// enter counts a request as running, unless the end has begun.
func (s *session) enter(method string) *Error {
	if s.life.calls.enter() {
		if s.calls.enter() {
			return nil
		}
		s.life.calls.leave()
	}
	return goingDown(method)
}

func goingDown(method string) *Error {
	return Errorf(DaemonRestart, "Cannot finish %s: the daemon is going down.", method).WithHint("Connect again in a moment.")
}

// clip shortens a text from outside for a message.
func clip(text string) string {
	const most = 64
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}

func (s *session) register(r *request) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	s.open[s.last] = r
	s.bytes += r.size
	return s.last
}

// errTold ends a connection whose peer was already told why.
var errTold = errors.New("the peer broke the protocol")

// end returns when the connection may be closed: after the last answers, where
// the peer can still read them.
func (s *session) end(why error) error {
	defer close(s.read)
	defer s.in.close()
	var fault *Error
	cut := errors.As(why, &fault)
	if cut {
		s.answer([]byte(nullID), fault)
	}
	switch {
	case errors.Is(why, io.EOF), cut && fault.Code == ParseError: // nothing more will come
		s.tasks.Go(s.watch)
		<-s.calls.close()
		s.out.flush()
	case cut, errors.Is(why, errTold): // whatever runs must end at once, and may still answer
		s.stop()
		within(s.calls.close(), lastWords)
		s.out.flush()
	}
	return why
}

// watch tells the calls when a peer that closed its sending half is gone
// altogether. It ends with the connection.
func (s *session) watch() {
	waitGone(s.conn)
	s.hangUp()
}

// answer sends a failure that the library knows nothing of.
func (s *session) answer(id json.RawMessage, fault *Error) {
	if id == nil {
		id = []byte(nullID)
	}
	_ = s.out.put(letter{line: replyLine(id, nil, fault.text())}) // a peer that is gone can't be told
}

// tidings queues a notification. A peer that lets them pile up is dropped then
// and there: its calls learn of it as of any other end.
func (s *session) tidings(line []byte) error {
	err := s.out.put(letter{line: line, free: true})
	if errors.Is(err, errSlow) {
		s.srv.log().Info("peer dropped", slog.Any("cause", err), slog.Uint64("peer_uid", uint64(s.peer.UID)))
		s.out.close()
		_ = s.Close()
	}
	return err
}
