package mem

import (
	"fmt"
	"syscall"
)

// chunkSize is the unit in which memory is taken, in bytes. Small, so that a
// test with scattered writes stays small too.
const chunkSize = 64 << 10

// A chunk is one piece of data. Clones share the chunks of their parent, which
// is frozen; a chunk is written to only by the image that owns it.
type chunk struct {
	owner *image
	data  [chunkSize]byte
}

// span is the part of one chunk that a range of a volume covers.
type span struct {
	index    int64 // of the chunk
	from, to int   // within the chunk
}

// firstSpan cuts the part that lies in one chunk off the front of a range.
func firstSpan(off, length int64) span {
	from := off % chunkSize
	to := min(from+length, chunkSize)
	return span{index: off / chunkSize, from: int(from), to: int(to)}
}

// len is the number of bytes that the span covers.
func (s span) len() int { return s.to - s.from }

// own returns the chunk at index, made or copied so that m may write to it.
// syscall.ENOSPC when the pool is full. The caller holds m's lock.
func (m *image) own(index int64) (*chunk, error) {
	have := m.chunks[index]
	if have != nil && have.owner == m {
		return have, nil
	}
	if !m.pool.take(chunkSize) {
		return nil, fmt.Errorf("the memory pool is full: %w", syscall.ENOSPC)
	}
	c := &chunk{owner: m}
	if have != nil {
		c.data = have.data
	}
	m.chunks[index] = c
	m.owned++
	return c, nil
}

// flatten makes all chunks the image's own. The caller holds the pool's lock.
func (m *image) flatten() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for index := range m.chunks {
		if _, err := m.own(index); err != nil {
			return err
		}
	}
	m.parent, m.parentSnapshot = nil, ""
	return nil
}

// drop forgets the chunk at index. The caller holds m's lock.
func (m *image) drop(index int64) {
	c := m.chunks[index]
	if c == nil {
		return
	}
	delete(m.chunks, index)
	if c.owner == m {
		m.owned--
		m.pool.give(chunkSize)
	}
}

// zero makes a range read as zeros, whole chunks by forgetting them. The
// caller holds m's lock.
func (m *image) zero(off, length int64) error {
	end := off + length
	for _, index := range m.within(off, end) {
		start := index * chunkSize
		if off <= start && min(start+chunkSize, m.size) <= end {
			m.drop(index)
			continue
		}
		c, err := m.own(index)
		if err != nil {
			return err
		}
		clear(c.data[max(off-start, 0):min(end-start, chunkSize)])
	}
	return nil
}

// within lists the chunks that are there and touch the range: their number
// bounds the work, however large the range is.
func (m *image) within(off, end int64) []int64 {
	var found []int64
	for index := range m.chunks {
		if start := index * chunkSize; start < end && start+chunkSize > off {
			found = append(found, index)
		}
	}
	return found
}
