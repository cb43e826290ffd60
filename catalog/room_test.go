package catalog_test

import (
	"os"
	"testing"

	"spliced/api"
	"spliced/block/mem"
	"spliced/rpc"
)

// small gives the fixture a pool with the room for sixteen disks of the tests, of
// which the guard lets twelve be used.
func (f *fixture) small() {
	f.fill = 75
	f.pool = lasting{mem.New(int64(16 * len(disk())))}
}

func (f *fixture) uploadSized(name string, said int, force bool) (api.Job, error) {
	size := api.Size(said)
	return f.catalog.UploadImage(api.ImageUpload{Pool: "local", Name: name, Size: &size, Force: force}, source(f.t, disk()), caller())
}

// A pool is filled to its limit and not beyond, unless that is forced.
func TestPoolFill(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.small()
	f.up()
	var kept []string
	for name := 'a'; name < 'a'+12; name++ {
		f.done(f.uploadSized(string(name), len(disk()), false))
		kept = append(kept, string(name))
	}
	_, err := f.end(f.uploadSized("more", len(disk()), false))
	code(t, err, rpc.NoSpace)
	f.holds(kept...)
	f.done(f.uploadSized("more", len(disk()), true))
	f.holds(append(kept, "more")...)
	_, err = f.end(f.uploadSized("last", len(disk()), false))
	code(t, err, rpc.NoSpace)
	f.settled()
}

// What an upload announces is counted before its first byte has come, and no
// longer when it has ended.
func TestPoolFillCountsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.small()
	f.up()
	src, sender, err := os.Pipe()
	ok(t, err)
	size := api.Size(11 * len(disk()))
	first, err := f.catalog.UploadImage(api.ImageUpload{Pool: "local", Name: "slow", Format: "raw", Size: &size}, src, caller())
	ok(t, err)
	eventually(t, "the first upload is under way", func() bool {
		j, err := f.jobs.Show(first.ID)
		return err == nil && j.Progress != nil
	})
	_, err = f.end(f.uploadSized("second", 2*len(disk()), false))
	code(t, err, rpc.NoSpace)
	ok(t, sender.Close())
	_, err = f.end(first, nil)
	code(t, err, rpc.BadImage)
	f.done(f.uploadSized("second", len(disk()), false))
	f.holds("second")
}
