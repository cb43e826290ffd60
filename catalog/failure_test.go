package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"spliced/api"
	"spliced/block"
	"spliced/block/dir"
	"spliced/block/fault"
	"spliced/rpc"
	"spliced/worker"
)

// An object and how it comes and goes.
type object struct {
	name           string
	upload, remove func(*fixture) (api.Job, error)
	volumes        []string
	record         string
}

func objects() []object {
	return []object{
		{
			"image", func(f *fixture) (api.Job, error) { return f.uploadImage("web") },
			func(f *fixture) (api.Job, error) { return f.removeImage("web") },
			[]string{"web"},
			"images-local",
		},
		{
			"ova", func(f *fixture) (api.Job, error) { return f.uploadOVA("web") },
			func(f *fixture) (api.Job, error) { return f.removeOVA("web") },
			[]string{"ova_web.record", "ova_web_sda"},
			"ovas",
		},
	}
}

// whole demands that the object is there with its volume, or nothing of it.
func (o object) whole(f *fixture, there bool) {
	f.t.Helper()
	want := 0
	if there {
		want = 1
		f.holds(o.volumes...)
	} else {
		f.holds()
	}
	if got := f.kept(o.record); len(got) != want {
		f.t.Errorf("records %q, want %d", got, want)
	}
}

// came demands that all that an upload writes is there, or nothing of it: with an
// OVA its descriptor, and a template and a profile.
func (o object) came(f *fixture, there bool) {
	f.t.Helper()
	o.whole(f, there)
	want := 0
	if there && o.record == "ovas" {
		want = 1
	}
	for _, kind := range []string{"descriptors", "system-templates", "profiles"} {
		if got := f.kept(kind); len(got) != want {
			f.t.Errorf("%q of %s, want %d", got, kind, want)
		}
	}
}

// Each call to the pool fails once during an upload and a removal: the object is
// there or not, as the job said, and its name is free.
func TestEachPoolCallFails(t *testing.T) {
	t.Parallel()
	for _, o := range objects() {
		t.Run(o.name, func(t *testing.T) {
			t.Parallel()
			for n := 1; ; n++ {
				f := newFixture(t)
				plan := f.under(fault.Rule{Nth: n, Err: syscall.EIO})
				f.up()
				_, err := f.end(o.upload(f))
				f.settled()
				o.came(f, err == nil)
				if err != nil {
					f.done(o.upload(f))
				}
				_, err = f.end(o.remove(f))
				f.settled()
				o.whole(f, err != nil)
				if err != nil {
					f.done(o.remove(f))
				}
				f.stop()
				if plan.Fired() == 0 {
					break
				}
			}
		})
	}
}

// A worker that is killed at any of its calls fails its job, and nothing stays.
func TestWorkerDies(t *testing.T) {
	t.Parallel()
	o := objects()[1]
	for n := 1; ; n++ {
		f := newFixture(t)
		path := filepath.Join(filepath.Dir(f.state), "pool")
		pool, err := dir.Open(t.Context(), path)
		ok(t, err)
		f.pool = pool
		lock, err := os.Open(os.DevNull)
		ok(t, err)
		started := 0
		f.start = func(ctx context.Context) (*worker.Worker, error) {
			at := n
			if started++; started > 1 {
				at = 0 // those that clean up live
			}
			// The race detector would let each sleep for a second at its end.
			env := append(os.Environ(), "GORACE=atexit_sleep_ms=0", fmt.Sprintf("%s=%d", dieAt, at))
			return worker.Process{Path: "/proc/self/exe", Args: []string{"worker"}, Env: env, Lock: lock, Stderr: os.Stderr}.Start(ctx)
		}
		f.up()
		_, err = f.end(o.upload(f))
		f.settled()
		o.came(f, err == nil)
		f.stop()
		ok(t, errors.Join(pool.Close(), lock.Close()))
		if err == nil {
			if n < 10 {
				t.Errorf("only %d calls", n-1)
			}
			return
		}
		code(t, err, rpc.InternalError)
	}
}

func TestWorkerCannotStart(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	broken := true
	inside := worker.Inside(func(context.Context, worker.PoolSpec) (block.Pool, error) { return f.pool, nil }, nil)
	f.start = func(ctx context.Context) (*worker.Worker, error) {
		if broken {
			return nil, fmt.Errorf("cannot start a worker: %w", syscall.EAGAIN)
		}
		return inside(ctx)
	}
	f.up()
	_, err := f.end(f.uploadOVA("web"))
	code(t, err, rpc.InternalError)
	f.stop()
	broken = false
	f.up()
	f.settled()
	f.done(f.uploadOVA("web"))
	f.holds("ova_web.record", "ova_web_sda")
}

// Storage that doesn't answer for a while delays the clean-up, no more.
func TestStorageComesBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.done(f.uploadOVA("old"))
	away := make(chan struct{})
	open := f.open
	f.open = func(ctx context.Context, s worker.PoolSpec) (block.Pool, error) {
		select {
		case <-away:
			return open(ctx, s)
		default:
			return nil, block.ErrUnavailable
		}
	}
	_, err := f.end(f.uploadOVA("web"))
	code(t, err, rpc.ClusterUnavailable)
	_, err = f.end(f.removeOVA("old"))
	code(t, err, rpc.ClusterUnavailable)
	if _, err := f.catalog.OVA("old", false); err != nil {
		t.Errorf("a removal that was refused: %v", err)
	}
	if f.catalog.Left() != 1 {
		t.Errorf("%d jobs left", f.catalog.Left())
	}
	close(away)
	f.settled()
	f.done(f.uploadOVA("web"))
	f.done(f.removeOVA("old"))
	f.holds("ova_web.record", "ova_web_sda")
}

// A cancel while the data is copied leaves nothing.
func TestCancel(t *testing.T) {
	t.Parallel()
	for _, at := range []fault.Op{fault.Create, fault.WriteAt, fault.Rename, fault.Snapshot} {
		f := newFixture(t)
		release, reached := make(chan struct{}), make(chan struct{})
		f.under(fault.Rule{Op: at, Block: release}).Before(func(c fault.Call) {
			if c.Op == at {
				select {
				case <-reached:
				default:
					close(reached)
				}
			}
		})
		f.up()
		j, err := f.uploadOVA("web")
		ok(t, err)
		<-reached
		_, err = f.jobs.Cancel(j.ID)
		ok(t, err)
		close(release)
		_, err = f.end(j, nil)
		if err != nil {
			code(t, err, rpc.Cancelled)
		}
		f.settled()
		objects()[1].came(f, err == nil)
		f.stop()
	}
}

func TestClonesStandInTheWay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.done(f.uploadOVA("web"))
	ok(t, f.pool.Clone(t.Context(), "ova_web_sda", "spliced", "vm_sda"))
	_, err := f.end(f.removeOVA("web"))
	code(t, err, rpc.Busy)
	f.settled()
	f.holds("ova_web.record", "ova_web_sda", "vm_sda")
	ok(t, f.pool.Remove(t.Context(), "vm_sda"))
	f.done(f.removeOVA("web"))
	f.holds()
}

// A volume that is somebody else's keeps its name from us, and is never touched.
func TestForeignVolumes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.volume("web", "")
	f.volume("ova_web_sda", "theirs")
	f.up()
	_, err := f.end(f.uploadImage("web"))
	code(t, err, rpc.Exists)
	_, err = f.end(f.uploadOVA("web"))
	code(t, err, rpc.Exists)
	f.settled()
	f.holds("ova_web_sda", "web")
}

// A full state folder refuses jobs, and leaves no half of anything.
func TestStateFolderFull(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ok(t, os.Mkdir(f.state, 0o700))
	if err := unix.Mount("none", f.state, "tmpfs", 0, "size=1m"); err != nil {
		lacking(t, "mount", "can't mount a tmpfs: "+err.Error())
	}
	t.Cleanup(func() { ok(t, unix.Unmount(f.state, unix.MNT_DETACH)) })
	f.up()
	f.done(f.uploadImage("before"))
	fill := filepath.Join(f.state, "fill")
	file, err := os.Create(fill)
	ok(t, err)
	for err == nil {
		_, err = file.Write(make([]byte, 4096))
	}
	ok(t, file.Close())
	_, err = f.uploadImage("web")
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	// Room for the job's own record and intent, but not for more: whatever fails,
	// fails whole.
	for size := int64(1<<20 - 4096); size > 900<<10; size -= 4096 {
		ok(t, os.Truncate(fill, size))
		_, err := f.end(f.uploadOVA("web"))
		_, absent := f.catalog.OVA("web", true)
		if (err == nil) != (absent == nil) {
			t.Fatalf("upload: %v, record: %v", err, absent)
		}
		if err == nil {
			f.holds("before", "ova_web.record", "ova_web_sda")
			break
		}
		f.holds("before")
		if left := slices.Concat(f.kept("descriptors"), f.kept("system-templates"), f.kept("profiles")); len(left) != 0 {
			t.Fatalf("of an upload that failed there is %q", left)
		}
	}
	ok(t, os.Remove(fill))
	f.settled()
}

// A panic in a worker's code fails its job alone.
func TestWorkerPanics(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.under().Before(func(c fault.Call) {
		if c.Op == fault.Rename {
			panic("a defect")
		}
	})
	f.up()
	_, err := f.end(f.uploadOVA("web"))
	code(t, err, rpc.InternalError)
	f.settled()
	f.holds()
}
