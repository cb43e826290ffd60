package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"spliced/client"
	"spliced/rpc"
)

// TestFullFolder imports more than a file system holds.
func TestFullFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "small")
	must(t, os.Mkdir(path, 0o700))
	if err := unix.Mount("spliced-e2e", path, "tmpfs", 0, "size=32m"); err != nil {
		lacking(t, "mount", "can't mount a tmpfs: "+err.Error())
	}
	t.Cleanup(func() { must(t, unix.Unmount(path, unix.MNT_DETACH)) })
	overfill(t, dirPlace{filepath.Join(path, "pool")}, func() {})
}

// TestFullCluster imports more than the pool's quota allows.
func TestFullCluster(t *testing.T) {
	t.Parallel()
	p, ok := newCeph(t).(cephPlace)
	if !ok {
		t.Fatal("it is another place")
	}
	quota := func(bytes string) { p.command(t, "ceph", "osd", "pool", "set-quota", p.pool, "max_bytes", bytes) }
	quota("16777216")
	overfill(t, p, func() { quota("0") })
}

// overfill uploads to a pool until it is full, and once more after there is room
// again.
func overfill(t *testing.T, p place, makeRoom func()) {
	t.Helper()
	d := newHost(t, p).start(t, splicedProgram)
	before := d.descriptors(t)
	c := d.dial(t)
	src, _ := pipe(t, endless)
	begun := time.Now()
	_, err := upload(t, c, "image.upload", "big", src, params{"format": "raw", "size": int64(1) << 40, "force": true, "wait": true})
	if !slices.Contains([]rpc.Code{rpc.NoSpace, rpc.Stalled}, code(err)) {
		t.Errorf("an upload into a full pool: %v", err)
	}
	t.Logf("refused after %v: %v", time.Since(begun), err)
	must(t, src.Close())
	clean(t, c, time.Minute)
	if left := p.volumes(t, ""); len(left) > 0 {
		t.Errorf("in the pool are: %q", left)
	}
	makeRoom()
	again(t, d, c)
	must(t, c.Close())
	d.nothing(t, "", before)
}

// again imports once the pool is seen to have room.
func again(t *testing.T, d *daemon, c *client.Client) {
	t.Helper()
	eventually(t, time.Minute, func() string {
		_, err := upload(t, c, "ova.upload", "next", source(t, fromFile, theAppliance().ova), params{"wait": true})
		if err != nil && code(err) != rpc.NoSpace {
			t.Fatal(err)
		}
		return text(err)
	})
	d.whole(t, c, "next")
	removeOVA(t, c, "next")
}
