package e2e

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"spliced/rpc"
)

// TestTwoUploadsOfOneName races two uploads, again and again: exactly one wins,
// and it is whole.
func TestTwoUploadsOfOneName(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		d := newHost(t, p).start(t, splicedProgram)
		before := d.descriptors(t)
		c := d.dial(t)
		rounds := 20
		if p.lingers() {
			rounds = 5
		}
		for n := range rounds {
			name := fmt.Sprintf("web%d", n)
			race(t, d, name)
			d.whole(t, c, name)
			removeOVA(t, c, name)
		}
		must(t, c.Close())
		d.nothing(t, "", before)
	})
}

// race has two callers upload at the same moment.
func race(t *testing.T, d *daemon, name string) {
	t.Helper()
	start, answers := make(chan struct{}), make(chan error, 2)
	var callers sync.WaitGroup
	for _, k := range []kind{fromFile, fromPipe} {
		caller, src := d.dial(t), source(t, k, theAppliance().ova)
		callers.Go(func() {
			<-start
			p := params{"pool": "p", "name": name, "source": params{"fd": 0}, "wait": true}
			answers <- caller.Call(t.Context(), "ova.upload", p, nil, src)
			_ = caller.Close()
			_ = src.Close()
		})
	}
	close(start)
	callers.Wait()
	one, other := <-answers, <-answers
	if one != nil {
		one, other = other, one
	}
	if one != nil || !slices.Contains([]rpc.Code{rpc.Busy, rpc.Exists}, code(other)) {
		t.Errorf("two uploads of %q ended with %v and %v", name, one, other)
	}
}

// TestWrongDescriptors passes what is no source to the real daemon, more often
// than it may have descriptors.
func TestWrongDescriptors(t *testing.T) {
	t.Parallel()
	d := newHost(t, newDir(t)).start(t, splicedProgram)
	before := d.descriptors(t)
	c := d.dial(t)
	for _, path := range []string{"/", "/dev/null", "/proc/self/status"} {
		for range 50 {
			src, err := os.Open(path)
			must(t, err)
			_, err = upload(t, c, "image.upload", "web", src, nil)
			must(t, src.Close())
			if code(err) != rpc.BadSource {
				t.Fatalf("%s as a source: %v", path, err)
			}
		}
	}
	clean(t, c, time.Minute)
	must(t, c.Close())
	d.nothing(t, "", before)
}
