package ingest

import "time"

// Limits bound one upload.
type Limits struct {
	MaxVirtualSize int64         // bytes of a disk
	Stall          time.Duration // without a byte from the source, or a write ended; 0: no bound
}

// Progress is told how far a stage is: done of total, total -1 when nobody
// knows. It is called from one goroutine at a time.
type Progress func(stage string, done, total int64, unit string)
