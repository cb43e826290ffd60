package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"spliced/block"
	"spliced/block/dir"
	"spliced/block/fault"
	"spliced/block/mem"
	"spliced/ingest"
	"spliced/test/ovatest"
)

// foreign makes a volume that is nobody's of ours, under a name like ours.
func foreign(tb testing.TB, p block.Pool, name string) {
	tb.Helper()
	v, err := p.Create(tb.Context(), name, 10)
	ok(tb, err)
	ok(tb, errors.Join(v.SetMetadata(tb.Context(), map[string]string{ingest.MetaJob: "another"}), v.Close()))
}

func moves(names ...string) []ingest.Move {
	var list []ingest.Move
	for i, n := range names {
		list = append(list, ingest.Move{
			From: fmt.Sprintf("%s%d", ingest.StagingPrefix(job), i+1), To: n,
			Metadata: map[string]string{ingest.MetaJob: job, ingest.MetaFormat: "vmdk"},
		})
	}
	return list
}

// twoDisks is an appliance that takes every path that makes volumes.
func twoDisks() []byte {
	a := ovatest.OneDisk("d.vmdk", 512<<10)
	a.Disks = append(a.Disks, ovatest.Disk{ID: "d2", File: "f1"}, ovatest.Disk{ID: "d3", Capacity: 1000})
	a.Systems[0].Disks = []string{"d1", "d2", "d3"}
	return ovatest.Archive(ovatest.Member{Name: "readme", Data: ovatest.Data(1000)},
		ovatest.Member{Name: "d.vmdk", Data: ovatest.VMDK(small())}, a.Member())
}

// A flow that is to survive the failure of any of its calls to the pool.
type faultCase struct {
	name   string
	before func(t *testing.T, p block.Pool) // past the plan
	flow   func(ctx context.Context, t *testing.T, p block.Pool) error
	leaves []string // after success
}

func faultCases() []faultCase {
	finals := []string{"ova_a_sda", "ova_a_sdb", "ova_a_sdc"}
	stage := func(ctx context.Context, t *testing.T, p block.Pool) error {
		t.Helper()
		_, err := takeOVA(ctx, p, pipeSource(t, twoDisks(), 1<<20), appliance())
		return err
	}
	staged := func(t *testing.T, p block.Pool) {
		t.Helper()
		for _, m := range moves(finals...) {
			v, err := p.Create(t.Context(), m.From, 1000)
			ok(t, err)
			ok(t, v.Close())
		}
	}
	return []faultCase{
		{name: "image", leaves: []string{request().Staging}, flow: func(ctx context.Context, t *testing.T, p block.Pool) error {
			t.Helper()
			_, err := takeImage(ctx, p, pipeSource(t, ovatest.Data(4<<20+1), 1<<20), request())
			return err
		}},
		{name: "ova", leaves: []string{"spliced." + job + ".2", "spliced." + job + ".3", "spliced." + job + ".4"}, flow: stage},
		{name: "commit", before: staged, leaves: finals, flow: func(ctx context.Context, _ *testing.T, p block.Pool) error {
			return ingest.Commit(ctx, p, moves(finals...), silent)
		}},
		{name: "remove", before: func(t *testing.T, p block.Pool) {
			t.Helper()
			staged(t, p)
			ok(t, ingest.Commit(t.Context(), p, moves(finals...), silent))
		}, flow: func(ctx context.Context, _ *testing.T, p block.Pool) error {
			return ingest.Remove(ctx, p, job, finals, silent)
		}},
	}
}

// Each call to the pool fails once, before or after it was carried out. Either
// all is there in the end, or Undo leaves nothing; what is not ours stays.
func TestEachPoolCallFails(t *testing.T) {
	t.Parallel()
	finals := []string{"ova_a_sda", "ova_a_sdb", "ova_a_sdc"}
	for _, c := range faultCases() {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, after %v", c.name, after), func(t *testing.T) {
				t.Parallel()
				n := 1
				for ; ; n++ {
					inner := mem.New(room)
					foreign(t, inner, "ova_a_sdd")
					if c.before != nil {
						c.before(t, hide{inner})
					}
					plan := fault.NewPlan(fault.Rule{Nth: n, Err: syscall.EIO, After: after})
					p := fault.New(inner, plan)
					err := c.flow(t.Context(), t, p)
					if plan.Fired() == 0 {
						ok(t, err)
						if got := volumes(t, hide{inner}); !slices.Equal(got, slices.Sorted(slices.Values(c.leaves))) {
							t.Errorf("success leaves %q, want %q", got, c.leaves)
						}
						ok(t, inner.Close())
						break
					}
					if !errors.Is(err, syscall.EIO) {
						t.Errorf("call %d failed, the flow says %v", n, err)
					}
					undone(t, inner, finals, "ova_a_sdd")
					ok(t, inner.Close()) // all volumes are closed
				}
				if n < 4 {
					t.Errorf("only %d calls", n-1)
				}
			})
		}
	}
}

// hide keeps the foreign volume out of the way of setup.
type hide struct{ block.Pool }

func (h hide) List(ctx context.Context) ([]string, error) {
	names, err := h.Pool.List(ctx)
	return slices.DeleteFunc(names, func(n string) bool { return n == "ova_a_sdd" }), err
}

// Undo itself may fail at any call, and be called again.
func TestUndoFailsAndIsRepeated(t *testing.T) {
	t.Parallel()
	finals := []string{"ova_a_sda", "ova_a_sdb"}
	for n := 1; ; n++ {
		inner := mem.New(room)
		_, err := takeOVA(t.Context(), inner, pipeSource(t, ovatest.OVA(small()), 1<<20), appliance())
		ok(t, err)
		ok(t, ingest.Commit(t.Context(), inner, moves("ova_a_sda"), silent))
		_, err = takeOVA(t.Context(), inner, pipeSource(t, ovatest.OVA(small()), 1<<20), appliance())
		ok(t, err)
		foreign(t, inner, "ova_a_sdb")
		plan := fault.NewPlan(fault.Rule{Nth: n, Err: syscall.EIO})
		p := fault.New(inner, plan)
		err = ingest.Undo(t.Context(), p, job, finals)
		if plan.Fired() == 0 {
			ok(t, err)
			return
		}
		if !errors.Is(err, syscall.EIO) {
			t.Errorf("call %d failed, Undo says %v", n, err)
		}
		undone(t, inner, finals, "ova_a_sdb")
	}
}

func TestNameTakenAtCommit(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		foreign(t, p, "web")
		ok(t, ingest.ImageFree(t.Context(), p, "we"))
		kind(t, ingest.ImageFree(t.Context(), p, "web"), ingest.Taken)
		_, err := takeImage(t.Context(), p, pipeSource(t, ovatest.Data(512), 512), request())
		ok(t, err)
		err = ingest.Commit(t.Context(), p, moves("web"), silent)
		kind(t, err, ingest.Taken)
		if !errors.Is(err, fs.ErrExist) {
			t.Errorf("got %v", err)
		}
		undone(t, p, []string{"web"}, "web")
		ok(t, p.Remove(t.Context(), "web"))
	})
}

// Names that only begin alike are no disks of an OVA.
func TestOVAFree(t *testing.T) {
	t.Parallel()
	p := p0(t)
	for _, name := range []string{"ova_foo_sda", "ova_foo_bar_sda", "ova_a.b_sdaa", "ova_x_cd0", "ova_y"} {
		foreign(t, p, name)
	}
	for name, free := range map[string]bool{
		"foo": false, "foo_bar": false, "fo": true, "bar": true, "oo": true, "a.b": false, "axb": true, "x": false, "y": true,
		"foo_b": true,
	} {
		if err := ingest.OVAFree(t.Context(), p, name); (err == nil) != free {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRemoveSparesOthers(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		foreign(t, p, "theirs")
		_, err := takeImage(t.Context(), p, pipeSource(t, ovatest.Data(512), 512), request())
		ok(t, err)
		ok(t, ingest.Commit(t.Context(), p, moves("ours"), silent))
		ok(t, p.Clone(t.Context(), "ours", ingest.Snapshot, "clone"))
		names := []string{"gone", "theirs", "ours"}
		var clones *ingest.ClonesError
		if err := ingest.Removable(t.Context(), p, job, names); !errors.As(err, &clones) || clones.Volume != "ours" || !errors.Is(err, block.ErrHasClones) {
			t.Errorf("with a clone: %v", err)
		}
		if err := ingest.Remove(t.Context(), p, job, names, silent); !errors.Is(err, block.ErrHasClones) {
			t.Errorf("removed with a clone: %v", err)
		}
		ok(t, p.Remove(t.Context(), "clone"))
		ok(t, ingest.Removable(t.Context(), p, job, names))
		ok(t, ingest.Remove(t.Context(), p, job, names, silent))
		undone(t, p, names, "theirs")
		ok(t, p.Remove(t.Context(), "theirs"))
	})
}

// A full pool is told as what it is, and is as empty as before afterwards.
func TestPoolFull(t *testing.T) {
	t.Parallel()
	image := ovatest.Data(8 << 20)
	archive := ovatest.OVA(image)
	full := func(t *testing.T, p block.Pool) {
		t.Helper()
		before, err := p.Room(t.Context())
		ok(t, err)
		for name, take := range map[string]func() error{
			"image": func() error {
				_, err := takeImage(t.Context(), p, pipeSource(t, image, 1<<20), request())
				return err
			},
			"ova": func() error {
				_, err := takeOVA(t.Context(), p, pipeSource(t, archive, 1<<20), appliance())
				return err
			},
		} {
			err := take()
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("%s: %v", name, err)
			}
			refused(t, p, err)
		}
		_, err = takeImage(t.Context(), p, pipeSource(t, ovatest.Data(1<<20), 1<<20), request())
		ok(t, err)
		undone(t, p, nil)
		if after, err := p.Room(t.Context()); err != nil || after.Free < before.Free-64<<10 {
			t.Errorf("room before %+v, after %+v, %v", before, after, err)
		}
		ok(t, p.Close())
	}
	t.Run("mem", func(t *testing.T) { full(t, mem.New(6<<20)) })
	t.Run("dir", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "mnt")
		ok(t, unix.Mkdir(path, 0o700))
		if err := unix.Mount("none", path, "tmpfs", 0, "size=6m"); err != nil {
			if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), "mount") {
				t.Fatalf("can't mount a tmpfs: %v", err)
			}
			t.Skipf("can't mount a tmpfs: %v", err)
		}
		t.Cleanup(func() { ok(t, unix.Unmount(path, unix.MNT_DETACH)) })
		p, err := dir.Open(t.Context(), path)
		ok(t, err)
		full(t, p)
	})
}

// A write that never ends can't be waited for: a cancel comes back all the same.
func TestCancelWhileAWriteHangs(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	inner := mem.New(room)
	plan := fault.NewPlan(fault.Rule{Op: fault.WriteAt, Times: fault.Forever, Block: release})
	hanging := make(chan struct{}, 100)
	plan.Before(func(c fault.Call) {
		if c.Op == fault.WriteAt {
			hanging <- struct{}{}
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-hanging
		cancel()
	}()
	begun := time.Now()
	_, err := takeImage(ctx, fault.New(inner, plan), pipeSource(t, ovatest.Data(20<<20), 1<<20), request())
	if !errors.Is(err, ingest.ErrAbandoned) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("took %v", took)
	}
	close(release) // in a worker its end would do that
}

// Storage that stops answering is given up after the limit, also when it doesn't
// even tell its room.
func TestStalledStorage(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	plan := fault.NewPlan(
		fault.Rule{Op: fault.WriteAt, Times: fault.Forever, Block: release},
		fault.Rule{Op: fault.Room, Times: fault.Forever, Block: release},
	)
	l := limits()
	l.Stall = time.Second
	_, err := ingest.Image(t.Context(), fault.New(mem.New(room), plan), pipeSource(t, ovatest.Data(5<<20), 1<<20), request(), l, silent, started)
	if !errors.Is(err, block.ErrUnavailable) || !errors.Is(err, ingest.ErrAbandoned) {
		t.Errorf("got %v", err)
	}
	close(release)
}

// A full Ceph pool holds writes instead of failing them.
func TestFullStorageThatHangs(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	plan := fault.NewPlan(fault.Rule{Op: fault.WriteAt, Times: fault.Forever, Block: release})
	_, err := takeImage(t.Context(), fault.New(mem.New(0), plan), pipeSource(t, ovatest.Data(5<<20), 1<<20), request())
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	close(release)
}
