package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
	"spliced/test/ovatest"
)

// An uploaded is what the tests upload: two disks, of which one ends a sector
// behind an object and the other a sector behind a grain.
type uploaded struct {
	ova   []byte
	disks [][]byte
}

var theAppliance = sync.OnceValue(func() uploaded {
	const mib = 1 << 20
	disks := [][]byte{
		ovatest.Sparse(8*mib+512, [2]int{0, mib}, [2]int{4*mib - 512, 5 * mib}, [2]int{8 * mib, 8*mib + 512}),
		ovatest.Sparse(2*mib+64<<10+512, [2]int{mib, mib + 4096}, [2]int{2*mib + 64<<10, 2*mib + 64<<10 + 512}),
	}
	var a ovatest.Appliance
	var members []ovatest.Member
	var ids []string
	for i, disk := range disks {
		file, id, href := fmt.Sprintf("f%d", i), fmt.Sprintf("d%d", i), fmt.Sprintf("disk%d.vmdk", i)
		a.Files = append(a.Files, ovatest.File{ID: file, Href: href})
		a.Disks = append(a.Disks, ovatest.Disk{ID: id, File: file, Capacity: int64(len(disk))})
		ids = append(ids, id)
		members = append(members, ovatest.Member{Name: href, Data: ovatest.VMDK(disk)})
	}
	a.Systems = []ovatest.System{{ID: "vm", Disks: ids}}
	members = append([]ovatest.Member{a.Member()}, members...)
	members = append(members, ovatest.Manifest(members...))
	return uploaded{ova: ovatest.Archive(members...), disks: disks}
})

// A kind of source.
type kind string

const (
	fromFile kind = "file"
	fromPipe kind = "pipe"
)

// source is an open descriptor that gives data. It is closed by the test's end,
// or before.
func source(t *testing.T, k kind, data []byte) *os.File {
	t.Helper()
	if k == fromFile {
		path := filepath.Join(t.TempDir(), "upload")
		must(t, os.WriteFile(path, data, 0o600))
		f, err := os.Open(path)
		must(t, err)
		t.Cleanup(func() { _ = f.Close() })
		return f
	}
	r, _ := pipe(t, func(w io.Writer) error {
		_, err := io.Copy(w, bytes.NewReader(data))
		return err
	})
	return r
}

// pipe is the reading end of a pipe into which send writes. The answer of send
// is on the channel once it has ended, which it has when the test does: when
// nobody holds the reading end any more, writing fails.
func pipe(t *testing.T, send func(w io.Writer) error) (*os.File, <-chan error) {
	t.Helper()
	r, w, err := os.Pipe()
	must(t, err)
	sent, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		sent <- errors.Join(send(w), w.Close())
	}()
	t.Cleanup(func() {
		_ = r.Close()
		select {
		case <-ended:
		case <-time.After(patience):
			t.Error("somebody still holds the reading end of the pipe")
		}
	})
	return r, sent
}

// dial connects to the daemon.
func (d *daemon) dial(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), d.socket)
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// params are a request's.
type params map[string]any

// upload starts an upload and returns its job.
func upload(t *testing.T, c *client.Client, method, name string, src *os.File, more params) (api.Job, error) {
	t.Helper()
	p := params{"pool": "p", "name": name, "source": api.Source{}}
	maps.Copy(p, more)
	var r api.Result
	err := c.Call(t.Context(), method, p, &r, src)
	return api.Job{ID: r.Job, Message: r.Message}, err
}

// importOVA uploads the appliance, waits, and demands that it is there whole.
func (d *daemon) importOVA(t *testing.T, c *client.Client, name string, k kind) {
	t.Helper()
	if _, err := upload(t, c, "ova.upload", name, source(t, k, theAppliance().ova), params{"wait": true}); err != nil {
		t.Fatalf("the import of %q: %v", name, err)
	}
	d.whole(t, c, name)
}

// whole demands that the OVA is listed, and its volumes are what was uploaded.
func (d *daemon) whole(t *testing.T, c *client.Client, name string) {
	t.Helper()
	var o api.OVA
	if err := c.Call(t.Context(), "ova.show", params{"name": name}, &o); err != nil {
		t.Errorf("the OVA is not there: %v", err)
		return
	}
	volumes := o.Volumes()
	if len(volumes) != 2 {
		t.Errorf("the OVA has %d disks", len(volumes))
		return
	}
	for i, v := range volumes {
		if want := theAppliance().disks[i]; !bytes.Equal(d.place.read(t, v.Volume), want) {
			t.Errorf("volume %q has other bytes than the disk", v.Volume)
		}
	}
}

// removeOVA removes an OVA and waits until it has gone.
func removeOVA(t *testing.T, c *client.Client, name string) {
	t.Helper()
	must(t, c.Call(t.Context(), "ova.remove", params{"name": name, "cascade": true, "wait": true}, nil))
	clean(t, c, time.Minute)
}

// ends waits for a job's end.
func ends(t *testing.T, c *client.Client, id string) api.Job {
	t.Helper()
	var j api.Job
	must(t, c.Call(t.Context(), "job.wait", params{"id": id, "timeout_ms": patience.Milliseconds()}, &j))
	if !j.State.Ended() {
		t.Fatalf("the job is still %s: %+v", j.State, j)
	}
	return j
}

// byRequest finds a job by the request that started it; nil when there is none.
func byRequest(t *testing.T, c *client.Client, request string) *api.Job {
	t.Helper()
	var jobs []api.Job
	must(t, c.Call(t.Context(), "job.list", nil, &jobs))
	for _, j := range jobs {
		if j.RequestID == request {
			return &j
		}
	}
	return nil
}

func newRequest() string { return uuid.NewString() }

// code is the failure's code, 0 where it is none of the daemon's.
func code(err error) rpc.Code {
	var wire *rpc.Error
	if !errors.As(err, &wire) {
		return 0
	}
	return wire.Code
}

// soon bounds a call.
func soon(t *testing.T, within time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	t.Cleanup(cancel)
	return ctx
}
