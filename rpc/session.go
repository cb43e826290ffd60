package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
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
