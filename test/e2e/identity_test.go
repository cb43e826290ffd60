package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"spliced/api"
	"spliced/client"
	"spliced/test/ovatest"
)

// qemuImg runs qemu-img.
func qemuImg(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "qemu-img", args...).CombinedOutput(); err != nil {
		t.Fatalf("qemu-img %q: %v\n%s", args, err, out)
	}
}

// identical demands that qemu-img finds the volume identical to a raw file, with
// no byte more.
func identical(t *testing.T, p place, volume, raw string) {
	t.Helper()
	info, err := os.Stat(raw)
	must(t, err)
	if got := p.size(t, volume); got != info.Size() {
		t.Errorf("volume %q has %d bytes, the disk %d", volume, got, info.Size())
	}
	out, err := exec.CommandContext(t.Context(), "qemu-img", "compare", "-f", "raw", "-F", "raw", raw, p.qemu(volume)).CombinedOutput()
	if err != nil {
		t.Errorf("volume %q: qemu-img compare: %v\n%s", volume, err, out)
	}
}

// fill writes a disk of size bytes with, in each stride of it, unit bytes that
// don't compress and as many that do; the rest are holes. Its last sector has
// data.
func fill(t *testing.T, path string, size, stride, unit int64) {
	t.Helper()
	f, err := os.Create(path)
	must(t, err)
	must(t, f.Truncate(size))
	random := rand.NewChaCha8([32]byte{})
	block := make([]byte, 2*unit)
	copy(block[unit:], ovatest.Data(int(unit)))
	for at := int64(0); at < size; at += stride {
		_, _ = random.Read(block[:unit])
		_, err := f.WriteAt(block[:min(2*unit, size-at)], at)
		must(t, err)
	}
	_, err = f.WriteAt(block[:512], size-512)
	must(t, err)
	must(t, f.Close())
}

// A written is an image that qemu-img wrote, with the disk that qemu-img reads
// from it.
type written struct{ vmdk, raw string }

// write has qemu-img write a streamOptimized VMDK of the disk, with more
// options.
func write(t *testing.T, disk string, options ...string) written {
	t.Helper()
	w := written{filepath.Join(t.TempDir(), "disk.vmdk"), filepath.Join(t.TempDir(), "disk.raw")}
	args := append([]string{"convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized"}, options...)
	qemuImg(t, append(args, disk, w.vmdk)...)
	qemuImg(t, "convert", "-f", "vmdk", "-O", "raw", w.vmdk, w.raw)
	return w
}

// TestVolumesAreWhatQEMUReads imports what qemu-img wrote and compares.
func TestVolumesAreWhatQEMUReads(t *testing.T) {
	needProgram(t, "qemu", "qemu-img")
	t.Parallel()
	type row struct {
		name string
		written
	}
	var rows []row
	for _, size := range []int64{64<<10 + 512, 4<<20 + 512, 48<<20 - 512} {
		disk := filepath.Join(t.TempDir(), "disk")
		fill(t, disk, size, 1<<20, 192<<10)
		rows = append(rows,
			row{fmt.Sprintf("plain-%d", size), write(t, disk)},
			row{fmt.Sprintf("unordered-%d", size), write(t, disk, "-W", "-m", "16")})
	}
	onBoth(t, func(t *testing.T, p place) {
		d := newHost(t, p).start(t, splicedProgram)
		c := d.dial(t)
		for _, r := range rows {
			vmdk, err := os.ReadFile(r.vmdk)
			must(t, err)
			for _, k := range []kind{fromFile, fromPipe} {
				name := r.name + "-" + string(k)
				_, err := upload(t, c, "image.upload", name, source(t, k, vmdk), params{"wait": true})
				must(t, err)
				identical(t, p, name, r.raw)
			}
			_, err = upload(t, c, "ova.upload", r.name, source(t, fromPipe, oneDisk(t, r.written)), params{"wait": true})
			must(t, err)
			identical(t, p, "ova_"+r.name+"_sda", r.raw)
		}
	})
}

// oneDisk is an appliance of the image.
func oneDisk(t *testing.T, w written) []byte {
	t.Helper()
	vmdk, err := os.ReadFile(w.vmdk)
	must(t, err)
	info, err := os.Stat(w.raw)
	must(t, err)
	return ovatest.Archive(
		ovatest.OneDisk("disk.vmdk", info.Size()).Member(),
		ovatest.Member{Name: "disk.vmdk", Data: vmdk})
}

// TestRawFromAPipe imports a raw image whose size is said, and one whose size
// only its end tells.
func TestRawFromAPipe(t *testing.T) {
	needProgram(t, "qemu", "qemu-img")
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		d := newHost(t, p).start(t, splicedProgram)
		before := d.descriptors(t)
		c := d.dial(t)
		raw := filepath.Join(t.TempDir(), "disk.raw")
		fill(t, raw, 12<<20+512, 1<<20, 192<<10)
		data, err := os.ReadFile(raw)
		must(t, err)
		_, err = upload(t, c, "image.upload", "said", source(t, fromPipe, data), params{"wait": true, "format": "raw", "size": len(data)})
		must(t, err)
		identical(t, p, "said", raw)

		j, err := upload(t, c, "image.upload", "unsaid", source(t, fromPipe, data), params{"format": "raw"})
		must(t, err)
		pending(t, c, j.ID)
		must(t, c.Call(t.Context(), "job.finalize", params{"id": j.ID, "bytes": len(data)}, nil))
		if j = ends(t, c, j.ID); j.State != api.JobSucceeded {
			t.Fatalf("the job ended so: %+v", j)
		}
		identical(t, p, "unsaid", raw)
		for _, name := range []string{"said", "unsaid"} {
			must(t, c.Call(t.Context(), "image.remove", params{"pool": "p", "name": name, "wait": true}, nil))
		}
		must(t, c.Close())
		d.nothing(t, "said", before)
	})
}

// pending waits until a job waits for job.finalize.
func pending(t *testing.T, c *client.Client, id string) {
	t.Helper()
	var j api.Job
	for j.State != api.JobPending {
		p := params{"id": id, "timeout_ms": patience.Milliseconds(), "since": j.Seq}
		seq := j.Seq
		must(t, c.Call(soon(t, patience+time.Second), "job.wait", p, &j))
		if j.State.Ended() || j.Seq == seq {
			t.Fatalf("the job does not wait to hear that it was whole: %+v", j)
		}
	}
}

// sameBytes compares a small volume with what it should hold.
func sameBytes(t *testing.T, p place, volume string, want []byte) {
	t.Helper()
	if !bytes.Equal(p.read(t, volume), want) {
		t.Errorf("volume %q has other bytes", volume)
	}
}
