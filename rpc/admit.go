package rpc

import (
	"encoding/json"
	"fmt"
	"os"
)

// A request is one that was accepted and is not answered yet.
type request struct {
	envelope
	fds    []*os.File
	size   int
	row    *Method
	result json.RawMessage // once it is there
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
