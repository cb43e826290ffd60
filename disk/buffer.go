package disk

import (
	"sync"
	"sync/atomic"
)

// A buffer is memory on loan from a lender, for as many payloads as share it.
type buffer struct {
	data []byte
	refs atomic.Int32
	home *sync.Pool
}

func (b *buffer) release() {
	if b.refs.Add(-1) == 0 {
		b.home.Put(b)
	}
}

// bufferStep is the unit in which the sizes of buffers differ: payloads of
// compressed grains have all sizes, and a buffer wastes less than this.
const bufferStep = 4 << 10

// A lender lends buffers of up to a largest size, and lends those again that
// came back.
type lender struct {
	step    int // sizes are multiples of it
	classes []sync.Pool
}

func newLender(largest, step int) *lender {
	return &lender{step: step, classes: make([]sync.Pool, (largest+step-1)/step)}
}

// lend returns a buffer of at least n bytes (1 to the largest) with one
// reference.
func (l *lender) lend(n int) *buffer {
	class := (n - 1) / l.step
	home := &l.classes[class]
	b, ok := home.Get().(*buffer)
	if !ok {
		b = &buffer{data: make([]byte, (class+1)*l.step), home: home}
	}
	b.refs.Store(1)
	return b
}
