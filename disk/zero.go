package disk

import "bytes"

// allZero reports whether b holds nothing but zeros. Comparing b with itself,
// one byte on, runs at the speed of memory and needs no second buffer.
func allZero(b []byte) bool {
	return len(b) == 0 || b[0] == 0 && bytes.Equal(b[:len(b)-1], b[1:])
}
