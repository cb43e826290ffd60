package ovatest

import "encoding/binary"

// Data returns n bytes that tell their own place: each eight of them hold their
// offset, plus one, so that nothing of it is zero for long. What is written to
// the wrong place shows.
func Data(n int) []byte {
	b := make([]byte, n+8)
	for at := 0; at < n; at += 8 {
		binary.BigEndian.PutUint64(b[at:], uint64(at)+1|1<<63)
	}
	return b[:n]
}

// Sparse returns n bytes of which only the ranges [from, to) hold Data.
func Sparse(n int, ranges ...[2]int) []byte {
	b, data := make([]byte, n), Data(n)
	for _, r := range ranges {
		copy(b[r[0]:r[1]], data[r[0]:r[1]])
	}
	return b
}
