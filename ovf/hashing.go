package ovf

import (
	"crypto/sha1" //nolint:gosec // manifests of older tools hold nothing else; it proves integrity, never authorship
	"crypto/sha256"
	"crypto/sha512"
	"hash"
	"sync"
	"sync/atomic"
)

// An Algorithm names a digest algorithm.
type Algorithm string

// The algorithms that manifests use (DSP0243, section 5.1).
const (
	SHA1   Algorithm = "sha1"
	SHA256 Algorithm = "sha256"
	SHA512 Algorithm = "sha512"
)

// newHash returns a fresh state of a, or nil for an unknown one.
func (a Algorithm) newHash() hash.Hash {
	switch a {
	case SHA1:
		return sha1.New() //nolint:gosec // see the import
	case SHA256:
		return sha256.New()
	case SHA512:
		return sha512.New()
	}
	return nil
}

const (
	// blockSize is how much of a member is read at once.
	blockSize = 512 << 10
	// leastRead is how much is waited for: blocks of a few bytes each would
	// cost more to hand around than to hash.
	leastRead = 64 << 10
	// blockCount bounds the memory of an archive's data to 4 MiB: enough for
	// the slowest digest to lag a little behind the one who reads.
	blockCount = 8
)

// A block is a piece of a member's data, shared between the reader of the
// member and its digests until all have released it.
type block struct {
	data  []byte
	users atomic.Int32
	home  chan *block
}

func (b *block) release() {
	if b.users.Add(-1) == 0 {
		b.home <- b // never blocks: home has room for every block
	}
}

// newBlocks returns the free blocks of one archive. Their memory is taken when
// they are used first.
func newBlocks() chan *block {
	home := make(chan *block, blockCount)
	for range blockCount {
		home <- &block{home: home}
	}
	return home
}

// hashers computes a member's digests, each on a goroutine of its own that
// lives until sums is called.
type hashers struct {
	wg    sync.WaitGroup
	lanes []lane
}

type lane struct {
	algorithm Algorithm
	state     hash.Hash
	blocks    chan *block
}

func startHashers(algorithms []Algorithm) *hashers {
	h := &hashers{}
	for _, a := range algorithms {
		l := lane{algorithm: a, state: a.newHash(), blocks: make(chan *block, blockCount)}
		h.lanes = append(h.lanes, l)
		h.wg.Go(func() {
			for b := range l.blocks {
				l.state.Write(b.data)
				b.release()
			}
		})
	}
	return h
}

// feed hands a block to all digests; the caller keeps a share of its own.
func (h *hashers) feed(b *block) {
	b.users.Store(int32(len(h.lanes)) + 1) //nolint:gosec // at most three
	for _, l := range h.lanes {
		l.blocks <- b
	}
}

// sums ends the goroutines and returns the digests. It is called once.
func (h *hashers) sums() map[Algorithm][]byte {
	for _, l := range h.lanes {
		close(l.blocks)
	}
	h.wg.Wait()
	sums := make(map[Algorithm][]byte, len(h.lanes))
	for _, l := range h.lanes {
		sums[l.algorithm] = l.state.Sum(nil)
	}
	return sums
}
