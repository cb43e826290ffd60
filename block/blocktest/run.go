package blocktest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"spliced/block"
)

const (
	mib = 1 << 20

	maxSize = int64(1) << 40 // bytes of the largest volume that is made
)

// options is what a driver says about itself.
type options struct {
	busy  bool
	again func(t *testing.T, pool block.Pool) block.Pool
}

// An Option tells the suite something about the driver under test.
type Option func(*options)

// BusyWhileOpen says that Remove answers syscall.EBUSY while the volume is
// open; without it the suite never removes an open volume.
func BusyWhileOpen() Option { return func(o *options) { o.busy = true } }

// Again gives the suite a second pool on the same storage as the one that it
// got, as another process or host would have it. The suite closes it.
func Again(open func(t *testing.T, pool block.Pool) block.Pool) Option {
	return func(o *options) { o.again = open }
}

// Run holds the driver to the contract. Each call of open makes an empty pool,
// which the suite closes.
func Run(t *testing.T, open func(t *testing.T) block.Pool, opts ...Option) {
	t.Helper()
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	for _, c := range slices.Concat(dataCases(), sizeCases(), freezeCases(), sparseCases(), flattenCases(), nameCases(), raceCases()) {
		t.Run(c.name, func(t *testing.T) {
			s := &suite{T: t, options: o, pool: open(t)}
			t.Cleanup(s.closeAll)
			c.body(s)
		})
	}
}

// A testCase is one clause of the contract.
type testCase struct {
	name string
	body func(*suite)
}

// A suite is one running case: its pool, and what it has to close.
type suite struct {
	*testing.T
	options options
	pool    block.Pool

	mu     sync.Mutex
	opened []block.Volume
	second block.Pool
}

// ctx ends with the test.
func (s *suite) ctx() context.Context { return s.Context() }

// other is a second pool on the same storage, or the same pool where the
// driver knows no other.
func (s *suite) other() block.Pool {
	s.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.options.again == nil {
		return s.pool
	}
	if s.second == nil {
		s.second = s.options.again(s.T, s.pool)
	}
	return s.second
}

// create makes a volume or ends the test.
func (s *suite) create(name string, size int64) block.Volume {
	s.Helper()
	v, err := s.pool.Create(s.ctx(), name, size)
	if err != nil {
		s.Fatalf("Create(%q, %d): %v", name, size, err)
	}
	return s.keep(v)
}

// openVolume opens a volume or ends the test.
func (s *suite) openVolume(name string) block.Volume {
	s.Helper()
	v, err := s.pool.Open(s.ctx(), name)
	if err != nil {
		s.Fatalf("Open(%q): %v", name, err)
	}
	return s.keep(v)
}

// keep notes that v is to be closed with the test, if not before.
func (s *suite) keep(v block.Volume) block.Volume {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened = append(s.opened, v)
	return v
}

// closeVolume closes v now.
func (s *suite) closeVolume(v block.Volume) {
	s.Helper()
	s.mu.Lock()
	s.opened = slices.DeleteFunc(s.opened, func(o block.Volume) bool { return o == v })
	s.mu.Unlock()
	s.ok(v.Close(), "Close of a volume")
}

// reopen closes v and opens the volume of that name.
func (s *suite) reopen(v block.Volume, name string) block.Volume {
	s.Helper()
	s.closeVolume(v)
	return s.openVolume(name)
}

// closeAll closes volumes and pools at the end of the case.
func (s *suite) closeAll() {
	for _, v := range s.opened {
		s.ok(v.Close(), "Close of a volume")
	}
	if s.second != nil {
		s.ok(s.second.Close(), "Close of the second pool")
	}
	s.ok(s.pool.Close(), "Close of the pool")
}
