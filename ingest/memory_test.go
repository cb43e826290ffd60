package ingest_test

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"spliced/block"
	"spliced/block/mem"
	"spliced/test/ovatest"
)

// discard is a pool whose volumes forget what they are given, at once.
type discard struct{ block.Pool }

type sink struct {
	block.Volume
	written *atomic.Int64
}

func (s sink) WriteAt(p []byte, _ int64) (int, error) {
	s.written.Add(int64(len(p)))
	return len(p), nil
}

type discarding struct {
	discard
	written atomic.Int64
}

func (d *discarding) Create(ctx context.Context, name string, size int64) (block.Volume, error) {
	v, err := d.Pool.Create(ctx, name, size)
	return sink{v, &d.written}, err
}

// Memory doesn't grow with the upload. This test doesn't run in parallel with
// others: it looks at the whole heap.
func TestMemoryIsConstant(t *testing.T) {
	size := int64(8 << 30)
	if testing.Short() || raceEnabled {
		size = 320 << 20
	}
	const bound = 160 << 20
	var base runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&base)
	s, w := pipe(t, patience)
	sent := make(chan error, 1)
	go func() {
		block, err := ovatest.Data(8<<20), error(nil)
		for left := size; left > 0 && err == nil; left -= int64(len(block)) {
			_, err = w.Write(block)
		}
		sent <- errors.Join(err, w.Close())
	}()
	var peak uint64
	stop, sampled := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(sampled)
		for {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapInuse)
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	p := &discarding{discard: discard{mem.New(room)}}
	staged, err := takeImage(t.Context(), p, s, request())
	close(stop)
	<-sampled
	ok(t, errors.Join(err, <-sent, p.Close()))
	if staged.Size != size || p.written.Load() != size {
		t.Errorf("%d bytes, %d written", staged.Size, p.written.Load())
	}
	if took := int64(peak) - int64(base.HeapInuse); took > bound {
		t.Errorf("%d MiB of heap for %d MiB", took>>20, size>>20)
	} else {
		t.Logf("%d MiB of heap for %d MiB", took>>20, size>>20)
	}
}
