package rpc

import (
	"context"
	"sync"
	"time"
)

// A life is the time from the start of Serve to the end of its last call, in
// three steps: stopping, then the end of ctx, then over.
type life struct {
	stopping <-chan struct{}    // closed when no new calls may begin
	ctx      context.Context    //nolint:containedctx // what calls run under: outlives stopping by the grace
	end      context.CancelFunc // ends ctx
	calls    *gauge
	over     chan struct{} // closed when connections must close
}

func newLife(ctx context.Context) *life {
	l := &life{stopping: ctx.Done(), calls: newGauge(), over: make(chan struct{})}
	l.ctx, l.end = context.WithCancel(context.WithoutCancel(ctx))
	return l
}

// ended reports whether the calls were told to end.
func (l *life) ended() bool { return l.ctx.Err() != nil }

// drain goes through the steps. It is called when stopping is closed.
func (s *Server) drain(l *life, sessions *sync.WaitGroup) error {
	idle := l.calls.close()
	within(idle, s.limits.Grace)
	l.end()
	within(idle, lastWords)
	close(l.over)
	gone := make(chan struct{})
	go func() {
		sessions.Wait()
		close(gone)
	}()
	if !within(gone, s.limits.WriteTimeout+lastWords) {
		return ErrStuck
	}
	return nil
}

// within reports whether done was closed before the time was up.
func within(done <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-done:
		return true
	case <-t.C:
		return false
	}
}
