package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"sync"
)

// digestBlock is how much is hashed at a time, and digestBlocks how many such
// blocks may wait.
const (
	digestBlock  = 1 << 20
	digestBlocks = 4
)

// A digester hashes what is read through it, on a goroutine of its own: the
// reader goes on while the hash is computed. It ends with sum or abandon,
// whichever is called first.
//
// A copy that was abandoned may still be reading: what it reads then is not
// hashed any more.
type digester struct {
	source io.Reader
	blocks *buffers
	work   chan *hashed
	sums   chan string

	mu    sync.Mutex // guards what follows, and the closing of work
	cur   *hashed
	ended bool
}

type hashed struct {
	buf *[]byte
	n   int
}

func newDigester(r io.Reader) *digester {
	d := &digester{
		source: r, blocks: newBuffers(digestBlock),
		work: make(chan *hashed, digestBlocks), sums: make(chan string, 1),
	}
	go d.hash()
	return d
}

func (d *digester) hash() {
	h := sha256.New()
	for b := range d.work {
		_, _ = h.Write((*b.buf)[:b.n]) // hash.Hash never fails
		d.blocks.put(b.buf)
	}
	d.sums <- hex.EncodeToString(h.Sum(nil))
}

// Read reads from the source and takes note of what it got.
func (d *digester) Read(p []byte) (int, error) {
	n, err := d.source.Read(p)
	d.mu.Lock()
	defer d.mu.Unlock()
	for rest := p[:n]; len(rest) > 0 && !d.ended; {
		if d.cur == nil {
			d.cur = &hashed{buf: d.blocks.get()}
		}
		m := copy((*d.cur.buf)[d.cur.n:], rest)
		d.cur.n += m
		rest = rest[m:]
		if d.cur.n == digestBlock {
			d.flush()
		}
	}
	return n, err
}

func (d *digester) flush() {
	if d.cur != nil {
		d.work <- d.cur
		d.cur = nil
	}
}

// sum ends the digester and returns the SHA-256 of all that was read, in
// hexadecimal.
func (d *digester) sum() string {
	d.abandon()
	return <-d.sums
}

// abandon ends the digester; it may be called again, and after sum.
func (d *digester) abandon() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.ended {
		d.ended = true
		d.flush()
		close(d.work)
	}
}
