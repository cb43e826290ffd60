package ceph_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"spliced/ceph"
)

// BenchmarkFill writes 1 GiB that doesn't compress to a new volume, object by
// object, and tells how much memory the process had at most.
func BenchmarkFill(b *testing.B) {
	for _, writers := range []int{1, 8, 16} {
		for _, features := range []struct {
			name string
			bits uint64
		}{{"layering", 1}, {"lock", 5}, {"map", 5 + 8}, {"default", ceph.Features}} {
			b.Run(fmt.Sprintf("writers=%d/features=%s", writers, features.name), func(b *testing.B) {
				p := open(b, config(b))
				ceph.SetFeatures(p, features.bits)
				fill(b, p, writers)
				if err := p.Close(); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}

func fill(b *testing.B, p *ceph.Pool, writers int) {
	b.Helper()
	const size, object = 1 << 30, 4 << 20
	b.SetBytes(size)
	data := make([]byte, object)
	_, _ = rand.Read(data)
	for b.Loop() {
		v, err := p.Create(b.Context(), "disk", size)
		if err != nil {
			b.Fatal(err)
		}
		offsets := make(chan int64)
		var wg sync.WaitGroup
		for range writers {
			wg.Go(func() {
				for off := range offsets {
					if _, err := v.WriteAt(data, off); err != nil {
						b.Error(err)
					}
				}
			})
		}
		for off := int64(0); off < size; off += object {
			offsets <- off
		}
		close(offsets)
		wg.Wait()
		if err := v.Flush(); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := v.Close(); err != nil {
			b.Fatal(err)
		}
		if err := p.Remove(b.Context(), "disk"); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
	b.ReportMetric(float64(peak(b))/1024, "peak-MiB")
}

// peak is the most memory that the process ever had, in KiB (proc(5), VmHWM).
func peak(tb testing.TB) int {
	tb.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		tb.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "VmHWM:")
	var kib int
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		tb.Fatal(err)
	}
	return kib
}
