package e2e

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
	"spliced/test/ovatest"
)

// tooMuch is an image that doesn't fit.
func tooMuch() []byte { return ovatest.Data(64 << 20) }

// refusesAsFull uploads too much, and demands that it is refused for want of
// room and leaves nothing.
func refusesAsFull(t *testing.T, d *daemon, c *client.Client, before []string) {
	t.Helper()
	for _, k := range []kind{fromFile, fromPipe} {
		more := params{"format": "raw", "wait": true, "size": 64 << 20}
		_, err := upload(t, c, "image.upload", "big", source(t, k, tooMuch()), more)
		if code(err) != rpc.NoSpace {
			t.Errorf("from a %s, the upload ends with: %v", k, err)
		}
		clean(t, c, patience)
		d.nothing(t, "big", before)
		d.nothing(t, "spliced.", before)
	}
}

func TestFullFolder(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		lacking(t, "mount", "only root may mount")
	}
	small := filepath.Join(t.TempDir(), "small")
	must(t, os.Mkdir(small, 0o700))
	must(t, unix.Mount("tmpfs", small, "tmpfs", 0, "size=32m"))
	t.Cleanup(func() { must(t, unix.Unmount(small, 0)) })
	p := dirPlace{filepath.Join(small, "pool")}
	d := newHost(t, p).start(t, splicedProgram)
	c := d.dial(t)
	before := d.descriptors(t)
	refusesAsFull(t, d, c, before)
	d.importOVA(t, c, "fits", fromPipe)
	d.stop(t) // a worker of it would keep the folder mounted
}

func TestFullCephPool(t *testing.T) {
	t.Parallel()
	p, ok := newCeph(t).(cephPlace)
	if !ok {
		t.Fatal("not on Ceph")
	}
	d := newHost(t, p).start(t, splicedProgram)
	c := d.dial(t)
	before := d.descriptors(t)
	p.fill(t)
	refusesAsFull(t, d, c, before)
	p.quota(t, "0")
	eventually(t, patience, func() string { // the manager lifts it within seconds
		var r api.OVAResult
		src := source(t, fromPipe, theAppliance().ova)
		return text(c.Call(t.Context(), "ova.upload", params{"pool": "p", "name": "fits", "source": api.Source{}, "wait": true}, &r, src))
	})
	d.whole(t, c, "fits")
}

// fill has the pool use up a quota, and waits until the cluster has noticed: it
// looks every few seconds only.
func (p cephPlace) fill(t *testing.T) {
	t.Helper()
	p.quota(t, "4194304")
	filler := filepath.Join(t.TempDir(), "filler")
	must(t, os.WriteFile(filler, ovatest.Data(8<<20), 0o600))
	p.rbd(t, "import", "--no-progress", filler, "filler")
	eventually(t, patience, func() string {
		if strings.Contains(string(p.command(t, "ceph", "osd", "pool", "ls", "detail")), "full_quota") {
			return ""
		}
		return "the pool is not full yet"
	})
}

// quota bounds the pool's bytes; 0 lifts it.
func (p cephPlace) quota(t *testing.T, bytes string) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "ceph", "--conf", p.conf, "osd", "pool", "set-quota", p.pool, "max_bytes", bytes)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, out)
	}
}
