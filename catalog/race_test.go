package catalog_test

import (
	"fmt"
	"sync"
	"testing"

	"spliced/api"
	"spliced/rpc"
)

// Of two that want one name exactly one gets it, and the other leaves nothing.
func TestTwoUploadsOfOneName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	var names []string
	for n := range 50 {
		for _, c := range []struct {
			volumes []string
			upload  func(string) (api.Job, error)
		}{
			{[]string{fmt.Sprintf("img%d", n)}, f.uploadImage},
			{[]string{fmt.Sprintf("ova_img%d.record", n), fmt.Sprintf("ova_img%d_sda", n)}, f.uploadOVA},
		} {
			var failures [2]error
			var both sync.WaitGroup
			for i := range failures {
				both.Go(func() { _, failures[i] = f.end(c.upload(fmt.Sprintf("img%d", n))) })
			}
			both.Wait()
			if (failures[0] == nil) == (failures[1] == nil) {
				t.Fatalf("round %d: %v and %v", n, failures[0], failures[1])
			}
			for _, err := range failures {
				if err != nil {
					code(t, err, rpc.Exists, rpc.Busy)
				}
			}
			names = append(names, c.volumes...)
		}
	}
	f.settled()
	f.holds(names...)
}

// An upload and a removal of one name: the name is there whole afterwards, or
// not at all.
func TestUploadAgainstRemoval(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	there := false
	for n := range 30 {
		var uploaded, removed error
		var both sync.WaitGroup
		both.Go(func() { _, uploaded = f.end(f.uploadOVA("web")) })
		both.Go(func() { _, removed = f.end(f.removeOVA("web")) })
		both.Wait()
		if uploaded != nil {
			code(t, uploaded, rpc.Exists, rpc.Busy)
		}
		if uploaded == nil && removed != nil {
			there = true
		}
		if removed == nil && uploaded != nil {
			there = false
		}
		_, err := f.catalog.OVA("web", true)
		if uploaded == nil || removed == nil || n == 0 {
			there = err == nil // both, in some order
		}
		if there {
			f.holds("ova_web.record", "ova_web_sda")
		} else {
			f.holds()
		}
	}
	f.settled()
}

// The same request many times at once is one job, and nobody is told otherwise.
func TestSameRequestAtATime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	for n := range 20 {
		p := api.ImageUpload{Pool: "local", Name: fmt.Sprintf("img%d", n), RequestID: fmt.Sprintf("00000000-0000-4000-8000-%012d", n)}
		var mu sync.Mutex
		ids := map[string]bool{}
		var calls sync.WaitGroup
		for range 8 {
			src := source(t, disk())
			calls.Go(func() {
				j, err := f.catalog.UploadImage(p, src, caller())
				if err != nil {
					t.Errorf("round %d: %v", n, err)
				}
				mu.Lock()
				defer mu.Unlock()
				ids[j.ID] = true
			})
		}
		calls.Wait()
		if len(ids) != 1 {
			t.Fatalf("round %d: %d jobs", n, len(ids))
		}
	}
}

// Names that look alike are different objects, and their volumes too.
func TestNamesThatLookAlike(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	names := []string{"foo", "foo_sda", "foo_sda_sda", "Foo", "foo."}
	for _, name := range names {
		f.done(f.uploadOVA(name))
		f.done(f.uploadImage(name))
	}
	for i, name := range names {
		f.done(f.removeOVA(name))
		f.done(f.removeImage(name))
		var left []string
		for _, other := range names[i+1:] {
			left = append(left, other, "ova_"+other+".record", "ova_"+other+"_sda")
		}
		f.holds(left...)
	}
	f.settled()
}
