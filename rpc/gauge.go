package rpc

import "sync"

// A gauge counts what is going on, until it is shut: then nothing new may
// begin, and the end of the last one can be waited for. Unlike a WaitGroup it
// may be entered while somebody waits.
type gauge struct {
	mu   sync.Mutex
	n    int
	shut bool
	idle chan struct{}
}

func newGauge() *gauge { return &gauge{idle: make(chan struct{})} }

// enter reports whether one more may begin; if so, leave must follow.
func (g *gauge) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return false
	}
	g.n++
	return true
}

func (g *gauge) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n--
	if g.shut && g.n == 0 {
		close(g.idle)
	}
}

// close lets nothing new begin, and returns the channel that is closed when
// nothing goes on any more. It may be called again.
func (g *gauge) close() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut && g.n == 0 {
		close(g.idle)
	}
	g.shut = true
	return g.idle
}
