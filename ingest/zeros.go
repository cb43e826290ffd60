package ingest

import (
	"bytes"
	"iter"
)

// dataRuns yields the runs [from, to) of data that aren't zeros, looking at
// blocks of unit bytes.
func dataRuns(data []byte, unit int) iter.Seq2[int, int] {
	zeros := make([]byte, min(unit, len(data)))
	return func(yield func(int, int) bool) {
		from := -1
		for at := 0; at < len(data); at += unit {
			block := data[at:min(at+unit, len(data))]
			empty := bytes.Equal(block, zeros[:len(block)])
			if !empty && from < 0 {
				from = at
			}
			if empty && from >= 0 {
				if !yield(from, at) {
					return
				}
				from = -1
			}
		}
		if from >= 0 {
			yield(from, len(data))
		}
	}
}
