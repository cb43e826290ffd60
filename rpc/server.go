package rpc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// A Server answers requests on Unix sockets. Its fields must not change after
// the first use.
type Server struct {
	// Methods is what can be called.
	Methods []Method
	// Policy grants access to a peer, from its UID, GID and Groups. Without
	// one, nobody who connects to a listener has any.
	Policy func(Peer) Access
	// Limits bound what peers can take; the zero value is good.
	Limits Limits
	// Log gets what peers must not see. Nil: nothing is logged.
	Log *slog.Logger

	once   sync.Once
	table  map[string]*Method
	limits Limits
	fault  error

	ids   atomic.Uint64 // of connections
	calls atomic.Int64

	mu    sync.Mutex
	conns int
	byUID map[uint32]int
}

// lastWords is how long calls have to answer once their context has ended.
const lastWords = time.Second

// ErrStuck says that calls went on after the drain, although their context ended.
var ErrStuck = errors.New("calls did not end in time")

func (s *Server) prepare() error {
	s.once.Do(func() {
		s.limits = s.Limits.orDefaults()
		s.byUID = map[uint32]int{}
		s.table, s.fault = table(s.Methods)
	})
	return s.fault
}

func (s *Server) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}

// Stats tells how many peers are connected and how many calls run now.
func (s *Server) Stats() (conns, calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns, int(s.calls.Load())
}

// Serve answers the peers that connect to ln until ctx is done, then drains:
// ln is closed, new requests are answered with DaemonRestart, running calls may
// go on for Limits.Grace, then their contexts end and all connections close.
//
// It returns nil after that, ErrStuck when calls went on regardless, or why ln
// can't be listened to any more; in that case it drains too.
func (s *Server) Serve(ctx context.Context, ln *net.UnixListener) error {
	if err := s.prepare(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	life := newLife(ctx)
	stop := context.AfterFunc(ctx, func() { _ = ln.Close() })
	defer stop()
	var sessions sync.WaitGroup
	err := s.accept(ctx, ln, life, &sessions)
	cancel()
	return errors.Join(err, s.drain(life, &sessions))
}

// ServeConn is Serve for one connection, with full access and no question who
// the peer is: for a socketpair between processes that trust each other. It
// also returns when the peer is gone.
func (s *Server) ServeConn(ctx context.Context, conn *net.UnixConn) error {
	if err := s.prepare(); err != nil {
		_ = conn.Close()
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	life := newLife(ctx)
	var sessions sync.WaitGroup
	sessions.Go(func() {
		defer cancel()
		newSession(s, life, conn, Peer{Access: AccessAdmin}).run(ctx)
	})
	<-ctx.Done()
	return s.drain(life, &sessions)
}

// accept starts a session for each peer.
func (s *Server) accept(ctx context.Context, ln *net.UnixListener, life *life, sessions *sync.WaitGroup) error {
	const longest = time.Second
	pause := 5 * time.Millisecond
	for {
		conn, err := ln.AcceptUnix()
		switch {
		case err == nil:
			pause = 5 * time.Millisecond
			s.welcome(ctx, conn, life, sessions)
		case ctx.Err() != nil:
			return nil //nolint:nilerr // the listener was closed because the end was asked for
		case !passing(err):
			return fmt.Errorf("wait for peers: %w", err)
		default:
			s.log().Warn("cannot accept a connection", slog.Any("cause", err))
			if !rest(ctx, pause) {
				return nil
			}
			pause = min(2*pause, longest)
		}
	}
}

// passing tells failures of accept(2) that end by themselves: of the peer, or
// for want of descriptors or memory.
func passing(err error) bool {
	for _, errno := range []unix.Errno{unix.ECONNABORTED, unix.EINTR, unix.EMFILE, unix.ENFILE, unix.ENOBUFS, unix.ENOMEM} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// rest waits, and reports false when ctx ended first.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// welcome serves a peer, or says why not.
func (s *Server) welcome(ctx context.Context, conn *net.UnixConn, life *life, sessions *sync.WaitGroup) {
	peer, err := peerOf(conn)
	if err != nil {
		s.log().Warn("peer refused", slog.Any("cause", err))
		_ = conn.Close()
		return
	}
	if s.Policy != nil {
		peer.Access = s.Policy(peer)
	}
	if fault := s.seat(peer); fault != nil {
		s.log().Debug("peer refused", slog.Uint64("peer_uid", uint64(peer.UID)), slog.Any("cause", fault))
		refuse(conn, fault)
		return
	}
	sessions.Go(func() {
		defer s.unseat(peer)
		newSession(s, life, conn, peer).run(ctx)
	})
}

// seat counts a peer in.
func (s *Server) seat(peer Peer) *Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case peer.Access <= AccessNone:
		return Errorf(Denied, "Cannot serve user %d: it has no access.", peer.UID)
	case s.conns >= s.limits.Conns:
		return Errorf(Limit, "Cannot serve one more connection: there are %d, which is the limit.", s.conns)
	case s.byUID[peer.UID] >= s.limits.ConnsPerUID:
		return Errorf(Limit, "Cannot serve one more connection: user %d has %d, which is the limit.", peer.UID, s.byUID[peer.UID])
	}
	s.conns++
	s.byUID[peer.UID]++
	return nil
}

func (s *Server) unseat(peer Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conns--
	s.byUID[peer.UID]--
	if s.byUID[peer.UID] == 0 {
		delete(s.byUID, peer.UID)
	}
}

// refuse tells a peer why, and closes. One line always fits into the buffer of
// a new socket, so this can't block.
func refuse(conn *net.UnixConn, fault *Error) {
	_ = conn.SetWriteDeadline(time.Now().Add(lastWords))
	_, _ = conn.Write(replyLine([]byte(nullID), nil, fault.text())) // nobody else can be told
	_ = conn.Close()
}
