package bench

import (
	"io"
	"math/rand/v2"
)

// Data lies in runs of these lengths, in bytes, all in whole blocks: neither a
// VMDK's grains nor a volume's objects begin where a file does.
const (
	blockSize = 4 << 10
	runMin    = 256 << 10
	runMax    = 32 << 20
)

// A run is a piece of the disk that holds data, in bytes.
type run struct {
	offset, length int64
}

// layout spreads total bytes of data over a disk of size bytes, both whole
// blocks and not zero, in runs with gaps between them, the same each time.
func layout(total, size int64) []run {
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // chance must repeat itself
	var runs []run
	for left := total; left > 0; {
		n := min(left, (runMin+random.Int64N(runMax-runMin))/blockSize*blockSize)
		runs = append(runs, run{length: n})
		left -= n
	}
	// A gap is of any length up to twice its even share of the free room.
	share := (size - total) / blockSize / int64(len(runs))
	var offset int64
	for i := range runs {
		if share > 0 {
			offset += random.Int64N(2*share) * blockSize
		}
		offset = min(offset, size-total) // never past what the rest needs
		runs[i].offset = offset
		offset += runs[i].length
		total -= runs[i].length
	}
	return runs
}

// A spreader writes a stream of data into runs of w, one after the other.
type spreader struct {
	w    io.WriterAt
	runs []run
	done int64 // bytes written of the first run
}

func (s *spreader) put(data []byte) error {
	for len(data) > 0 {
		if len(s.runs) == 0 {
			return io.ErrShortWrite
		}
		r := s.runs[0]
		n := min(int64(len(data)), r.length-s.done)
		if _, err := s.w.WriteAt(data[:n], r.offset+s.done); err != nil {
			return err
		}
		data, s.done = data[n:], s.done+n
		if s.done == r.length {
			s.runs, s.done = s.runs[1:], 0
		}
	}
	return nil
}
