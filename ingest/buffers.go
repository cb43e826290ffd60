package ingest

import "sync"

// buffers lends byte slices of one size; what is given back is used again.
type buffers struct {
	size int
	pool sync.Pool
}

func newBuffers(size int) *buffers {
	b := &buffers{size: size}
	b.pool.New = func() any {
		buf := make([]byte, size)
		return &buf
	}
	return b
}

func (b *buffers) get() *[]byte {
	buf, ok := b.pool.Get().(*[]byte)
	if !ok {
		panic("ingest: a stranger in the buffer pool")
	}
	return buf
}

func (b *buffers) put(buf *[]byte) { b.pool.Put(buf) }
