package store

import (
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const many = 10_000

// fill makes many records without waiting for the real disk, and lets their
// times settle.
func fill(b *testing.B) *Store {
	b.Helper()
	s, err := open(b.Context(), filepath.Join(b.TempDir(), "state"), Options{}, &faulty{})
	if err != nil {
		b.Fatal(err)
	}
	c := NewCollection[appliance](s, "ovas", 1)
	for i := range many {
		if err := c.Put(fmt.Sprintf("appliance-%05d", i), sample("title")); err != nil {
			b.Fatal(err)
		}
	}
	<-time.After(2 * settling)
	b.Cleanup(func() { _ = s.Close() })
	b.ReportAllocs()
	return s
}

// reportCPU reports the processor's time beside the clock's, which on a busy
// machine tells little.
func reportCPU(b *testing.B) (report func()) {
	b.Helper()
	used := func() int64 {
		var ru unix.Rusage
		if err := unix.Getrusage(unix.RUSAGE_SELF, &ru); err != nil {
			b.Fatal(err)
		}
		return ru.Utime.Nano() + ru.Stime.Nano()
	}
	start := used()
	return func() { b.ReportMetric(float64(used()-start)/float64(b.N)/1e6, "cpu-ms/op") }
}

func BenchmarkOpenAndAll(b *testing.B) {
	s := fill(b)
	defer reportCPU(b)()
	for b.Loop() {
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		var err error
		if s, err = Open(b.Context(), s.dir, Options{}); err != nil {
			b.Fatal(err)
		}
		c := NewCollection[appliance](s, "ovas", 1)
		if all, corrupt, err := c.All(); len(all) != many || corrupt != nil || err != nil {
			b.Fatal(len(all), corrupt, err)
		}
	}
}

func warm(b *testing.B) *Collection[appliance] {
	b.Helper()
	s := fill(b)
	var before, after runtime.MemStats
	c := &Collection[appliance]{
		folder: s.folders["ovas"], codec: codecOf[appliance]("ovas"), schema: "ovas/v1", cache: map[string]*entry[appliance]{},
		watch: watch{disk: s.disk},
	}
	b.Cleanup(c.endWatch)
	runtime.GC()
	runtime.ReadMemStats(&before)
	if _, _, err := c.All(); err != nil {
		b.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/many, "cache-B/record")
	return c
}

// timed does what is measured and reports the clock's percentiles beside the
// processor's time.
func timed(b *testing.B, do func() error) {
	b.Helper()
	var took []time.Duration
	report := reportCPU(b)
	for b.Loop() {
		start := time.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	report()
	slices.Sort(took)
	for _, p := range []int{50, 99} {
		b.ReportMetric(took[len(took)*p/100].Seconds()*1e3, fmt.Sprintf("p%d-ms", p))
	}
}

func complete(n int, err error) error {
	if err == nil && n != many {
		err = fmt.Errorf("there are %d", n)
	}
	return err
}

func BenchmarkAll(b *testing.B) {
	c := warm(b)
	timed(b, func() error {
		all, _, err := c.All()
		return complete(len(all), err)
	})
}

func BenchmarkVersions(b *testing.B) {
	c := warm(b)
	timed(b, func() error {
		all, _, err := c.Versions()
		return complete(len(all), err)
	})
}

func BenchmarkEach(b *testing.B) {
	c := warm(b)
	timed(b, func() error {
		n := 0
		_, err := c.Each(func(*Version[appliance]) { n++ })
		return complete(n, err)
	})
}

func BenchmarkProblems(b *testing.B) {
	c := warm(b)
	timed(b, func() error { _, err := c.Problems(); return err })
}

func BenchmarkList(b *testing.B) {
	c := warm(b)
	timed(b, func() error {
		names, err := c.List()
		return complete(len(names), err)
	})
}

func BenchmarkLook(b *testing.B) {
	c := warm(b)
	timed(b, func() error { _, err := c.Look("appliance-05000"); return err })
}

// BenchmarkLookWhileListing looks while another goroutine lists without a pause.
func BenchmarkLookWhileListing(b *testing.B) {
	c := warm(b)
	done := make(chan struct{})
	var lister sync.WaitGroup
	lister.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
				_, _ = c.Each(func(*Version[appliance]) {})
			}
		}
	})
	timed(b, func() error { _, err := c.Look("appliance-05000"); return err })
	close(done)
	lister.Wait()
}

func BenchmarkUpdate(b *testing.B) {
	s, err := Open(b.Context(), b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // only timed
	c := NewCollection[appliance](s, "ovas", 1)
	if err := c.Put("web", sample("title")); err != nil {
		b.Fatal(err)
	}
	n := int64(0)
	timed(b, func() error {
		v, err := c.Look("web")
		if n++; err == nil {
			v.Value.Memory = n
			_, err = c.Update("web", v.Generation, v.Value)
		}
		return err
	})
}

func BenchmarkPut(b *testing.B) {
	s, err := Open(b.Context(), b.TempDir(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // only timed
	c := NewCollection[appliance](s, "ovas", 1)
	for b.Loop() {
		if err := c.Put("web", sample("title")); err != nil {
			b.Fatal(err)
		}
	}
}
