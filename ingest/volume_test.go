package ingest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/block"
	"spliced/block/fault"
	"spliced/block/mem"
	"spliced/ingest"
)

const (
	mib = int64(1) << 20
	gib = int64(1) << 30
	tib = int64(1) << 40
)

// among gives the pools by name.
func among(pools map[string]block.Pool) ingest.Pools {
	return func(name string) (block.Pool, error) {
		p, there := pools[name]
		if !there {
			return nil, fmt.Errorf("pool %q: %w", name, fs.ErrNotExist)
		}
		return p, nil
	}
}

func staging() string { return ingest.StagingPrefix(job) + "1" }

// golden makes a frozen volume with data at its start, across the first chunk's
// end and at its own end, and zeros that were written.
func golden(tb testing.TB, p block.Pool, name string, size int64) {
	tb.Helper()
	v, err := p.Create(tb.Context(), name, size)
	ok(tb, err)
	for _, off := range []int64{0, 4*mib - 1000, size - 3000} {
		_, err := v.WriteAt(bytes.Repeat([]byte{byte(off>>10) | 1}, 3000), off)
		ok(tb, err)
	}
	_, err = v.WriteAt(make([]byte, 300<<10), 8*mib)
	ok(tb, err)
	ok(tb, errors.Join(v.Flush(), v.Snapshot(tb.Context(), ingest.Snapshot), v.Close()))
}

// makeVolume carries out an order on pools "p" and, if it isn't nil, "q".
func makeVolume(ctx context.Context, p, q block.Pool, o ingest.VolumeOrder, content io.Reader) (ingest.StagedDisk, error) {
	pools := map[string]block.Pool{"p": p}
	if q != nil {
		pools["q"] = q
	}
	o.Pool, o.Staging = "p", staging()
	return ingest.MakeVolume(ctx, among(pools), o, content, limits(), silent)
}

func infoOf(tb testing.TB, p block.Pool, name string) block.Info {
	tb.Helper()
	v, err := p.Open(tb.Context(), name)
	ok(tb, err)
	info, err := v.Info(tb.Context())
	ok(tb, errors.Join(err, v.Close()))
	return info
}

func TestVolumeIsAClone(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		const size = 12*mib + 7
		golden(t, p, "ova_a_sda", size)
		for _, larger := range []int64{0, size, size + 5*mib} {
			staged, err := makeVolume(t.Context(), p, nil, ingest.VolumeOrder{
				Size: larger, Source: &ingest.VolumeSource{Pool: "p", Volume: "ova_a_sda"},
			}, nil)
			ok(t, err)
			want := max(size, larger)
			if staged.Volume != staging() || staged.Size != want {
				t.Errorf("staged: %+v", staged)
			}
			holds(t, p, staging(), append(content(t, p, "ova_a_sda"), make([]byte, want-size)...))
			if info := infoOf(t, p, staging()); info.Parent != "ova_a_sda@"+ingest.Snapshot {
				t.Errorf("parent: %q", info.Parent)
			}
			undone(t, p, nil, "ova_a_sda")
		}
	})
}

// A clone takes the same calls for any size, and none that moves data.
func TestCloneIsTheSameWorkForAnySize(t *testing.T) {
	t.Parallel()
	var first []fault.Op
	for _, size := range []int64{gib, tib} {
		inner := mem.New(room)
		golden(t, inner, "ova_a_sda", size)
		plan := fault.NewPlan()
		_, err := makeVolume(t.Context(), fault.New(inner, plan), nil, ingest.VolumeOrder{
			Source: &ingest.VolumeSource{Pool: "p", Volume: "ova_a_sda"},
		}, nil)
		ok(t, err)
		var ops []fault.Op
		for _, c := range plan.Calls() {
			ops = append(ops, c.Op)
		}
		if first == nil {
			first = ops
		}
		if diff := cmp.Diff(first, ops); diff != "" || len(ops) > 6 || plan.Count(fault.ReadAt, fault.WriteAt, fault.Data) > 0 {
			t.Errorf("calls for %d bytes: %v %s", size, ops, diff)
		}
		ok(t, inner.Close())
	}
}

func TestVolumeIsACopyFromAnotherPool(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		const size = 21*mib + 7
		q := mem.New(room)
		golden(t, q, "base", size)
		plan := fault.NewPlan()
		staged, err := makeVolume(t.Context(), p, fault.New(q, plan), ingest.VolumeOrder{
			Size: size + 100, Source: &ingest.VolumeSource{Pool: "q", Volume: "base"},
		}, nil)
		ok(t, err)
		if staged.Size != size+100 || staged.Allocated > 2*mib {
			t.Errorf("staged: %+v", staged)
		}
		holds(t, p, staging(), append(content(t, q, "base"), make([]byte, 100)...))
		read := int64(0)
		for _, c := range plan.Calls() {
			if c.Op == fault.ReadAt {
				read += c.Length
			}
		}
		if read > 2*mib {
			t.Errorf("%d bytes were read, want little more than the data", read)
		}
		ok(t, q.Close())
	})
}

// From a pool to another of its kind: what a file system's holes say counts.
func TestCopyBetweenFolders(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, q block.Pool) {
		t.Helper()
		p := mem.New(room)
		golden(t, q, "base", 100*gib)
		plan := fault.NewPlan()
		_, err := makeVolume(t.Context(), p, fault.New(q, plan), ingest.VolumeOrder{
			Source: &ingest.VolumeSource{Pool: "q", Volume: "base"},
		}, nil)
		ok(t, err)
		if n := plan.Count(fault.ReadAt); n > 20 {
			t.Errorf("%d reads for a few KiB of data", n)
		}
		ok(t, p.Close())
	})
}

func TestBlankVolume(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		staged, err := makeVolume(t.Context(), p, nil, ingest.VolumeOrder{Size: 5*mib + 3}, strings.NewReader("not asked for"))
		ok(t, err)
		if staged.Size != 5*mib+3 || staged.Allocated != 0 {
			t.Errorf("staged: %+v", staged)
		}
		holds(t, p, staging(), make([]byte, 5*mib+3))
	})
}

func TestVolumeOfContent(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		for _, size := range []int64{1, 3000, 4 * mib, 9*mib + 1} {
			data := bytes.Repeat([]byte("content "), int(size/8+1))[:size]
			_, err := makeVolume(t.Context(), p, nil, ingest.VolumeOrder{Size: size, Content: true}, bytes.NewReader(data))
			ok(t, err)
			holds(t, p, staging(), data)
			undone(t, p, nil)
		}
		for _, wrong := range []int64{2999, 3001, 0, 10_000} {
			_, err := makeVolume(t.Context(), p, nil, ingest.VolumeOrder{Size: 3000, Content: true}, bytes.NewReader(make([]byte, wrong)))
			kind(t, err, ingest.Integrity)
			refused(t, p, err, "3000")
		}
	})
}

func TestOrdersThatAreRefused(t *testing.T) {
	t.Parallel()
	p, q := mem.New(room), mem.New(room)
	golden(t, q, "base", 20*mib)
	loose, err := q.Create(t.Context(), "loose", 10)
	ok(t, err)
	ok(t, loose.Close())
	of := func(pool, volume string) *ingest.VolumeSource {
		return &ingest.VolumeSource{Pool: pool, Volume: volume}
	}
	invalid, absent := fs.ErrInvalid, fs.ErrNotExist
	for name, test := range map[string]struct {
		order ingest.VolumeOrder
		is    error // nil: a Refusal
	}{
		"no size":                 {ingest.VolumeOrder{}, invalid},
		"negative size":           {ingest.VolumeOrder{Size: -1}, invalid},
		"two kinds":               {ingest.VolumeOrder{Size: 1 << 30, Content: true, Filesystem: "ext4"}, invalid},
		"unknown filesystem":      {ingest.VolumeOrder{Size: 1 << 30, Filesystem: "ntfs"}, invalid},
		"no such pool":            {ingest.VolumeOrder{Source: of("r", "base")}, absent},
		"no such volume":          {ingest.VolumeOrder{Source: of("q", "absent")}, absent},
		"no such volume here":     {ingest.VolumeOrder{Source: of("p", "absent")}, absent},
		"no snapshot":             {ingest.VolumeOrder{Source: of("q", "loose")}, absent},
		"smaller than its source": {ingest.VolumeOrder{Size: mib, Source: of("q", "base")}, nil},
		"larger than allowed":     {ingest.VolumeOrder{Size: limits().MaxVirtualSize + 1}, nil},
		"too large for vfat":      {ingest.VolumeOrder{Size: tib, Filesystem: "vfat"}, nil},
		"an option of no use":     {ingest.VolumeOrder{Size: gib, Filesystem: "ext4", Args: []string{"-b", "1"}}, nil},
		"too small to format":     {ingest.VolumeOrder{Size: 100, Filesystem: "swap"}, nil},
		"too much memory":         {ingest.VolumeOrder{Size: 16 * tib, Filesystem: "ext4", Args: []string{"-i", "1024"}}, nil},
	} {
		_, err := makeVolume(t.Context(), p, q, test.order, nil)
		var refusal *ingest.Refusal
		if test.is == nil && !errors.As(err, &refusal) || test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%s: %v", name, err)
		}
		undone(t, p, nil)
	}
	ok(t, errors.Join(p.Close(), q.Close()))
}

// Each call to either pool fails once, before or after it was carried out.
func TestEachCallForAVolumeFails(t *testing.T) {
	t.Parallel()
	orders := map[string]ingest.VolumeOrder{
		"clone":  {Size: 30 * mib, Source: &ingest.VolumeSource{Pool: "p", Volume: "base"}},
		"copy":   {Source: &ingest.VolumeSource{Pool: "q", Volume: "base"}},
		"blank":  {Size: mib},
		"format": {Size: 64 * mib, Filesystem: "ext4"},
	}
	for name, order := range orders {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, after %v", name, after), func(t *testing.T) {
				t.Parallel()
				for n := 1; ; n++ {
					p, q := mem.New(room), mem.New(room)
					golden(t, p, "base", 20*mib)
					golden(t, q, "base", 20*mib)
					plan := fault.NewPlan(fault.Rule{Nth: n, Err: syscall.EIO, After: after})
					_, err := makeVolume(t.Context(), fault.New(p, plan), fault.New(q, plan), order, nil)
					fired := plan.Fired() > 0
					if fired != errors.Is(err, syscall.EIO) || !fired && err != nil {
						t.Errorf("call %d failed: %v, the order says %v", n, fired, err)
					}
					ok(t, errors.Join(p.Close(), q.Close())) // all volumes are closed
					undone(t, p, nil, "base")
					if !fired {
						return
					}
				}
			})
		}
	}
}

func TestVolumesOfVMsAreWritableInTheEnd(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		_, err := makeVolume(t.Context(), p, nil, ingest.VolumeOrder{Size: mib}, nil)
		ok(t, err)
		move := moves("web1_sda")[0]
		move.Writable = true
		ok(t, ingest.Commit(t.Context(), p, []ingest.Move{move}, silent))
		v, err := p.Open(t.Context(), "web1_sda")
		ok(t, err)
		_, err = v.WriteAt([]byte("guest"), 100)
		ok(t, errors.Join(err, v.Close()))
		if info := infoOf(t, p, "web1_sda"); len(info.Snapshots) > 0 || info.Metadata[ingest.MetaJob] != job {
			t.Errorf("got %+v", info)
		}
		undone(t, p, []string{"web1_sda"})
	})
}

func TestFlattenedVolumeFreesItsParent(t *testing.T) {
	t.Parallel()
	on(t, func(t *testing.T, p block.Pool) {
		t.Helper()
		golden(t, p, "base", 20*mib)
		_, err := makeVolume(t.Context(), p, nil, ingest.VolumeOrder{Source: &ingest.VolumeSource{Pool: "p", Volume: "base"}}, nil)
		ok(t, err)
		want := content(t, p, "base")
		if err := p.Remove(t.Context(), "base"); !errors.Is(err, block.ErrHasClones) {
			t.Fatalf("Remove with a clone: %v", err)
		}
		ok(t, ingest.Flatten(t.Context(), p, []string{staging()}, silent))
		ok(t, p.Remove(t.Context(), "base"))
		holds(t, p, staging(), want)
		if err := ingest.Flatten(t.Context(), p, []string{staging(), "absent"}, silent); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Flatten of no volume: %v", err)
		}
	})
}

func TestCopyIsGivenUp(t *testing.T) {
	t.Parallel()
	p, q := mem.New(room), mem.New(room)
	golden(t, q, "base", 20*mib)
	ctx, cancel := context.WithCancel(t.Context())
	plan := fault.NewPlan()
	plan.Before(func(c fault.Call) {
		if c.Op == fault.ReadAt {
			cancel()
		}
	})
	_, err := makeVolume(ctx, p, fault.New(q, plan), ingest.VolumeOrder{Source: &ingest.VolumeSource{Pool: "q", Volume: "base"}}, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	ok(t, errors.Join(p.Close(), q.Close()))
	undone(t, p, nil)
}

func TestProgressOfACopyReachesItsEnd(t *testing.T) {
	t.Parallel()
	p, q := mem.New(room), mem.New(room)
	golden(t, q, "base", 20*mib)
	var last []string
	tell := func(stage string, done, total int64, unit string) {
		last = append(last, fmt.Sprint(stage, done, total, unit))
	}
	o := ingest.VolumeOrder{Pool: "p", Staging: staging(), Source: &ingest.VolumeSource{Pool: "q", Volume: "base"}}
	_, err := ingest.MakeVolume(t.Context(), among(map[string]block.Pool{"p": p, "q": q}), o, nil, limits(), tell)
	ok(t, err)
	if want := fmt.Sprint("copying", 20*mib, 20*mib, "bytes"); !slices.Contains(last[len(last)-1:], want) {
		t.Errorf("progress: %q, want %q last", last, want)
	}
}
