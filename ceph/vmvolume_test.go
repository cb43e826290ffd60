package ceph_test

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"spliced/block"
	"spliced/block/dir"
	"spliced/ingest"
)

// TestVolumesForVMs makes a VM's volumes on a cluster in each way that there is,
// and has others look at them.
func TestVolumesForVMs(t *testing.T) {
	t.Parallel()
	c := config(t)
	p := open(t, c)
	defer closed(t, p)
	folder, err := dir.Open(t.Context(), filepath.Join(t.TempDir(), "pool"))
	if err != nil {
		t.Fatal(err)
	}
	pools := func(name string) (block.Pool, error) {
		if name == "dir" {
			return folder, nil
		}
		return p, nil
	}
	order := func(o ingest.VolumeOrder) {
		t.Helper()
		staged, err := ingest.MakeVolume(t.Context(), pools, o, nil, ingest.Limits{}, func(string, int64, int64, string) {})
		if err != nil || staged.Size != o.Size {
			t.Fatalf("%+v: %+v, %v", o, staged, err)
		}
	}
	const tib = int64(1) << 40
	create(t, p, "ova", tib)
	v, err := p.Open(t.Context(), "ova")
	if err != nil {
		t.Fatal(err)
	}
	_, err = v.WriteAt([]byte("the end"), tib-7)
	if err := errors.Join(err, v.Snapshot(t.Context(), ingest.Snapshot), v.Close()); err != nil {
		t.Fatal(err)
	}

	order(ingest.VolumeOrder{Pool: "rbd", Staging: "clone", Size: tib + 5, Source: &ingest.VolumeSource{Pool: "rbd", Volume: "ova"}})
	same(t, p, "clone", tib-7, "the end\x00\x00\x00\x00\x00")
	order(ingest.VolumeOrder{Pool: "dir", Staging: "copy", Size: tib, Source: &ingest.VolumeSource{Pool: "rbd", Volume: "ova"}})
	same(t, folder, "copy", tib-7, "the end")
	v, err = folder.Open(t.Context(), "copy")
	if err == nil {
		err = errors.Join(v.Snapshot(t.Context(), ingest.Snapshot), v.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	order(ingest.VolumeOrder{Pool: "rbd", Staging: "back", Size: tib, Source: &ingest.VolumeSource{Pool: "dir", Volume: "copy"}})
	same(t, p, "back", 0, "data")
	same(t, p, "back", tib-7, "the end")

	order(ingest.VolumeOrder{Pool: "rbd", Staging: "fs", Size: 64 << 20, Filesystem: "ext4"})
	image := filepath.Join(t.TempDir(), "fs")
	cli(t, c, "rbd", "export", c.Pool+"/fs", image)
	if out, err := exec.CommandContext(t.Context(), "e2fsck", "-f", "-n", image).CombinedOutput(); err != nil {
		t.Errorf("e2fsck: %v\n%s", err, out)
	}
	if err := folder.Close(); err != nil {
		t.Error(err)
	}
}

// same compares what a volume has at off.
func same(t *testing.T, p block.Pool, name string, off int64, want string) {
	t.Helper()
	v, err := p.Open(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(want))
	_, err = v.ReadAt(got, off)
	if err := errors.Join(err, v.Close()); err != nil || !bytes.Equal(got, []byte(want)) {
		t.Errorf("%s has %q at %d, want %q: %v", name, got, off, want, err)
	}
}
