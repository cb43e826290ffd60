package ovf

import (
	"bufio"
	"io"
	"slices"
)

// sourceBuffer is what is read at once while the archive's headers are looked
// at; members' data is read straight into blocks.
const sourceBuffer = 128 << 10

// source is the archive's input with what has to be known about it: how far it
// was read, and how many zeros were seen last.
type source struct {
	r       *bufio.Reader
	offset  int64 // bytes given out so far
	zeros   int64 // length of the run of zeros that ends at offset, while metered
	metered bool
	failed  error // what the input itself failed with, other than io.EOF
}

func newSource(r io.Reader) *source {
	return &source{r: bufio.NewReaderSize(r, sourceBuffer)}
}

// Read is io.Reader. It hides all else that the input can do: archive/tar would
// seek over data that has to be hashed.
func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.offset += int64(n)
	if s.metered {
		s.meter(p[:n])
	}
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}

// startMeter begins a new run of zeros at the present offset.
func (s *source) startMeter() {
	s.metered, s.zeros = true, 0
}

func (s *source) meter(p []byte) {
	for i, c := range slices.Backward(p) {
		if c != 0 {
			s.zeros = int64(len(p) - 1 - i)
			return
		}
	}
	s.zeros += int64(len(p))
}
