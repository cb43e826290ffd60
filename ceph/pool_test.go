package ceph_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"spliced/block"
	"spliced/ceph"
	"spliced/test/cephnode"
)

// create makes a closed volume with some data in it.
func create(t *testing.T, p *ceph.Pool, name string, size int64) {
	t.Helper()
	v, err := p.Create(t.Context(), name, size)
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.WriteAt([]byte("data"), 0)
	if err := errors.Join(err, v.Flush(), v.Close()); err != nil {
		t.Fatal(err)
	}
}

// freeze takes the snapshot base of a closed volume.
func freeze(t *testing.T, p *ceph.Pool, name string) {
	t.Helper()
	v, err := p.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(v.Snapshot(t.Context(), "base"), v.Close()); err != nil {
		t.Fatal(err)
	}
}

func closed(t *testing.T, p *ceph.Pool) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

// within polls until what is asked is so.
func within(t *testing.T, limit time.Duration, what string, ask func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(limit); !ask(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within %v: %s", limit, what)
		}
	}
}

// TestOthersSeeTheImage has Ceph's own program tell what an image is like.
func TestOthersSeeTheImage(t *testing.T) {
	c := config(t)
	p := open(t, c)
	defer closed(t, p)
	const size = 5<<20 + 1
	create(t, p, "disk", size)
	freeze(t, p, "disk")
	if err := p.Clone(t.Context(), "disk", "base", "copy"); err != nil {
		t.Fatal(err)
	}
	var info struct {
		Size       int64    `json:"size"`
		ObjectSize int64    `json:"object_size"`
		Features   []string `json:"features"`
		OpFeatures []string `json:"op_features"`
		Parent     struct {
			Image string `json:"image"`
		} `json:"parent"`
	}
	for _, name := range []string{"disk", "copy"} {
		if err := json.Unmarshal(cli(t, c, "rbd", "info", "--format", "json", c.Pool+"/"+name), &info); err != nil {
			t.Fatal(err)
		}
		if info.Size != size || info.ObjectSize != 4<<20 || !slices.Contains(info.Features, "fast-diff") {
			t.Errorf("%s: %+v", name, info)
		}
	}
	if info.Parent.Image != "disk" || !slices.Contains(info.OpFeatures, "clone-child") {
		t.Errorf("no clone of format 2: %+v", info)
	}
}

// TestRemoveFinishesWhatWasCutOff kills a removal, so to say, after each of its
// steps, and has others' images in the trash beside it.
func TestRemoveFinishesWhatWasCutOff(t *testing.T) {
	c := config(t)
	p := open(t, c)
	defer closed(t, p)
	for _, name := range []string{"marked", "trashed", "half", "foreign", "foreign-marked", "last"} {
		create(t, p, name, 9<<20)
		freeze(t, p, name)
	}
	for _, name := range []string{"marked", "trashed", "half"} {
		cli(t, c, "rbd", "image-meta", "set", c.Pool+"/"+name, "spliced.removed", name)
	}
	cli(t, c, "rbd", "image-meta", "set", c.Pool+"/foreign-marked", "spliced.removed", "its-old-name")
	cli(t, c, "rbd", "snap", "rm", c.Pool+"/half@base")
	for _, name := range []string{"trashed", "half", "foreign", "foreign-marked"} {
		cli(t, c, "rbd", "trash", "mv", c.Pool+"/"+name)
	}
	if err := p.Remove(t.Context(), "last"); err != nil {
		t.Fatal(err)
	}
	if names, err := p.List(t.Context()); err != nil || !slices.Equal(names, []string{"marked"}) {
		t.Errorf("List() = %q, %v", names, err)
	}
	trash := string(cli(t, c, "rbd", "trash", "ls", "--all", c.Pool))
	if strings.Contains(trash, "trashed") || strings.Contains(trash, "half") || strings.Count(trash, "foreign") != 2 {
		t.Errorf("in the trash:\n%s", trash)
	}
}

// TestRemovalsBesideEachOtherEnd has several clients remove volumes at once, each
// of which sees in the trash what the others are about to remove.
func TestRemovalsBesideEachOtherEnd(t *testing.T) {
	const clients, volumes = 6, 6
	c := config(t)
	var group errgroup.Group
	for n := range clients {
		p := open(t, c)
		defer closed(t, p)
		for i := range volumes {
			create(t, p, fmt.Sprintf("v%d-%d", n, i), 9<<20)
			freeze(t, p, fmt.Sprintf("v%d-%d", n, i))
		}
		group.Go(func() error {
			for i := range volumes {
				if err := p.Remove(t.Context(), fmt.Sprintf("v%d-%d", n, i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Error(err)
	}
	if left := cli(t, c, "rbd", "trash", "ls", "--all", c.Pool); len(left) > 0 {
		t.Errorf("in the trash:\n%s", left)
	}
}

// TestRemoveLeavesAVolumeWithForeignClones has a clone that isn't ours, of
// format 1, with a protected snapshot, in another pool.
func TestRemoveLeavesAVolumeWithForeignClones(t *testing.T) {
	c := config(t)
	p := open(t, c)
	defer closed(t, p)
	create(t, p, "disk", 1<<20)
	freeze(t, p, "disk")
	other := config(t)
	cli(t, c, "rbd", "snap", "protect", c.Pool+"/disk@base")
	cli(t, c, "rbd", "clone", "--rbd-default-clone-format", "1", c.Pool+"/disk@base", other.Pool+"/theirs")
	v, err := p.Open(t.Context(), "disk")
	if err != nil {
		t.Fatal(err)
	}
	info, err := v.Info(t.Context())
	if err := errors.Join(err, v.Close()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(info.Children, []string{other.Pool + "/theirs"}) {
		t.Errorf("Children = %q", info.Children)
	}
	if err := p.Remove(t.Context(), "disk"); !errors.Is(err, block.ErrHasClones) {
		t.Errorf("Remove = %v", err)
	}
	cli(t, c, "rbd", "rm", other.Pool+"/theirs")
	if err := p.Remove(t.Context(), "disk"); err != nil {
		t.Errorf("Remove of a protected snapshot = %v", err)
	}
}

func TestForeignNamesAreNotVolumes(t *testing.T) {
	c := config(t)
	p := open(t, c)
	defer closed(t, p)
	cli(t, c, "rbd", "create", "--size", "1M", c.Pool+"/a b")
	if names, err := p.List(t.Context()); err != nil || len(names) != 0 {
		t.Errorf("List() = %q, %v", names, err)
	}
}

func TestOpenSaysWhatIsMissing(t *testing.T) {
	c := config(t)
	for _, test := range []struct {
		change func(*ceph.Config)
		want   error
	}{
		{func(c *ceph.Config) { c.Conf = "/no/such/ceph.conf" }, fs.ErrNotExist},
		{func(c *ceph.Config) { c.Pool = "absent" }, fs.ErrNotExist},
		{func(c *ceph.Config) { c.Namespace = "absent" }, fs.ErrNotExist},
	} {
		bad := c
		test.change(&bad)
		p, err := ceph.Open(t.Context(), bad)
		if err == nil {
			closed(t, p)
		}
		if !errors.Is(err, test.want) {
			t.Errorf("Open(%+v) = %v, want %v", bad, err, test.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ceph.Open(ctx, c); !errors.Is(err, context.Canceled) {
		t.Errorf("Open with a cancelled context = %v", err)
	}
}

func TestCloseRefusesWhileVolumesAreOpen(t *testing.T) {
	p := open(t, config(t))
	v, err := p.Create(t.Context(), "disk", 100)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err == nil {
		t.Fatal("the pool was closed under its volume")
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("second Close = %v", err)
	}
	if _, err := v.ReadAt(make([]byte, 1), 0); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("ReadAt after Close = %v", err)
	}
	closed(t, p)
}

// TestFullPoolAnswers fills a pool to its quota: writes fail instead of waiting,
// and what is there can be removed.
func TestFullPoolAnswers(t *testing.T) {
	t.Parallel() // mostly waits
	c := config(t)
	p := open(t, c)
	defer closed(t, p)
	const quota = 16 << 20
	cli(t, c, "ceph", "osd", "pool", "set-quota", c.Pool, "max_bytes", fmt.Sprint(quota))
	v, err := p.Create(t.Context(), "disk", 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Snapshot(t.Context(), "early"); err != nil {
		t.Fatal(err)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if v, err = p.Create(t.Context(), "big", 1<<30); err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 4<<20)
	data[0] = 1
	var at int64
	within(t, 30*time.Second, "a write is refused", func() bool {
		_, err = v.WriteAt(data, at%(1<<30))
		at += int64(len(data))
		return err != nil
	})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("WriteAt = %v, want ENOSPC", err)
	}
	if err := v.Close(); err != nil {
		t.Error(err)
	}
	room, err := p.Room(t.Context())
	if err != nil || room.Size != quota || room.Free != 0 {
		t.Errorf("Room() = %+v, %v", room, err)
	}
	if v, err := p.Create(t.Context(), "more", 1<<20); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Create = %v, want ENOSPC", err)
		if err == nil {
			_ = v.Close()
		}
	}
	if names, err := p.List(t.Context()); err != nil || !slices.Equal(names, []string{"big", "disk"}) {
		t.Errorf("List() = %q, %v", names, err)
	}
	for _, name := range []string{"big", "disk"} {
		if err := p.Remove(t.Context(), name); err != nil {
			t.Error(err)
		}
	}
	within(t, 30*time.Second, "there is room again", func() bool {
		room, err := p.Room(t.Context())
		return err == nil && room.Free > quota/2
	})
}

func TestDeadMonitorIsUnavailable(t *testing.T) {
	t.Parallel() // mostly waits
	n := cephnode.ForTest(t, cephnode.Options{Pools: []string{"p"}})
	c := ceph.Config{Conf: n.Conf(), User: cephnode.User, Pool: "p", Timeout: 2 * time.Second}
	p := open(t, c)
	defer closed(t, p)
	n.StopMon()
	start := time.Now()
	if late, err := ceph.Open(t.Context(), c); !errors.Is(err, block.ErrUnavailable) {
		t.Errorf("Open = %v", err)
		if err == nil {
			closed(t, late)
		}
	}
	if _, err := p.Room(t.Context()); !errors.Is(err, block.ErrUnavailable) {
		t.Errorf("Room = %v", err)
	}
	if took := time.Since(start); took > 15*time.Second {
		t.Errorf("it took %v", took)
	}
	if err := n.StartMon(); err != nil {
		t.Fatal(err)
	}
	within(t, 20*time.Second, "the pool is back", func() bool {
		_, err := p.Room(t.Context())
		return err == nil
	})
}
