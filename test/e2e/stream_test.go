package e2e

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"spliced/client"
	"spliced/test/ovatest"
)

// TestBytesArriveWhileTheyAreSent has a sender of 4 GiB wait after each eighth
// until the pool has grown, so that it never gets to its end with a receiver
// that keeps what it gets anywhere else.
func TestBytesArriveWhileTheyAreSent(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		const size, eighths = 4 << 30, 8
		d := newHost(t, p).start(t, splicedProgram)
		before := d.descriptors(t)
		c := d.dial(t)
		sent, goOn := make(chan int), make(chan struct{})
		src, _ := pipe(t, func(w io.Writer) error {
			for n := range eighths {
				if err := sendSparse(w, size/eighths); err != nil {
					return err
				}
				select {
				case sent <- n + 1:
					<-goOn
				case <-t.Context().Done():
					return t.Context().Err()
				}
			}
			return nil
		})
		done := make(chan error, 1)
		go func() {
			p := params{"pool": "p", "name": "big", "source": params{"fd": 0}, "format": "raw", "size": size, "wait": true}
			done <- c.Call(t.Context(), "image.upload", p, nil, src)
		}()
		for range eighths {
			held(t, d, p, <-sent)
			goOn <- struct{}{}
		}
		must(t, <-done)
		if got := p.size(t, "big"); got != size {
			t.Errorf("the volume has %d bytes", got)
		}
		must(t, c.Call(t.Context(), "image.remove", params{"pool": "p", "name": "big", "wait": true}, nil))
		must(t, c.Close())
		d.nothing(t, "big", before)
	})
}

// perEighth is how many bytes of data each eighth of the big disk has.
const perEighth = 8 * dataRun

// dataRun is the data at the head of each 64 MiB: one object of RBD.
const dataRun = 4 << 20

// sendSparse sends n bytes of which one in 16 isn't zero.
func sendSparse(w io.Writer, n int) error {
	unit := make([]byte, 64<<20)
	copy(unit, ovatest.Data(dataRun))
	for ; n > 0; n -= len(unit) {
		if _, err := w.Write(unit); err != nil {
			return err
		}
	}
	return nil
}

// held looks at the pool while the sender is held after so many eighths: most of
// what was sent has to be there, and nothing anywhere else.
func held(t *testing.T, d *daemon, p place, eighths int) {
	t.Helper()
	// What waits for writes under way and for its object to be complete is bounded.
	const waiting = 64 << 20
	want := int64(eighths)*perEighth - waiting
	eventually(t, patience, func() string {
		if got := p.used(t); got < want {
			return fmt.Sprintf("after %d eighths there are %d bytes in the pool, less than %d", eighths, got, want)
		}
		return ""
	})
	if left, err := os.ReadDir(d.tmp); err != nil || len(left) > 0 {
		t.Errorf("in TMPDIR are: %v %v", left, err)
	}
	if got := diskUsage(t, d.state); got > 256<<10 {
		t.Errorf("the state folder has %d bytes", got)
	}
}

// TestMemoryIsAConstant measures the daemon and its worker, together, while they
// import disks of different sizes into Ceph.
func TestMemoryIsAConstant(t *testing.T) {
	needProgram(t, "qemu", "qemu-img")
	p := newCeph(t)
	d := newHost(t, p).start(t, splicedProgram)
	c := d.dial(t)
	disk := filepath.Join(t.TempDir(), "disk")
	for _, r := range []struct {
		name                string
		size, stride, units int64
	}{{"1GiB", 1 << 30, 4 << 20, 512 << 10}, {"8GiB", 8 << 30, 4 << 20, 64 << 10}} {
		fill(t, disk, r.size, r.stride, r.units)
		vmdk := filepath.Join(t.TempDir(), "disk.vmdk")
		qemuImg(t, "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", "-W", "-m", "4", disk, vmdk)
		src, err := os.Open(vmdk)
		must(t, err)
		d.modest(t, c, r.name+" VMDK", src, params{})
		must(t, src.Close())
	}
	dense, _ := pipe(t, func(w io.Writer) error {
		unit := ovatest.Data(64 << 20)
		for range 16 {
			if _, err := w.Write(unit); err != nil {
				return err
			}
		}
		return nil
	})
	d.modest(t, c, "1GiB raw", dense, params{"format": "raw", "size": 1 << 30})
}

// modest demands that an import takes less than 200 MiB of memory.
func (d *daemon) modest(t *testing.T, c *client.Client, what string, src *os.File, more params) {
	t.Helper()
	stop, peak := make(chan struct{}), make(chan int64)
	go func() { peak <- d.peak(stop) }()
	more["wait"] = true
	name := strings.ReplaceAll(what, " ", "-")
	_, err := upload(t, c, "image.upload", name, src, more)
	close(stop)
	got := <-peak
	must(t, err)
	t.Logf("%s: daemon and worker had %d MiB at most", what, got>>20)
	if got == 0 || got >= 200<<20 {
		t.Errorf("%s: daemon and worker had %d bytes", what, got)
	}
	must(t, c.Call(t.Context(), "image.remove", params{"pool": "p", "name": name, "wait": true}, nil))
}

// peak samples the host's processes until stop: the largest sum, in bytes, of
// the highest resident sizes of those that lived at the same time.
func (h *host) peak(stop <-chan struct{}) int64 {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var peak int64
	for {
		var sum int64
		for _, pid := range h.processes() {
			sum += highWater(pid)
		}
		peak = max(peak, sum)
		select {
		case <-stop:
			return peak
		case <-tick.C:
		}
	}
}

// highWater is a process's highest resident size in bytes (proc(5): VmHWM).
func highWater(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0 // it has ended
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kib, _ := strconv.ParseInt(number, 10, 64)
	return kib << 10
}
