package catalog_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"spliced/api"
	"spliced/block"
	"spliced/block/fault"
	"spliced/block/mem"
	"spliced/catalog"
	"spliced/failure"
	"spliced/ingest"
	"spliced/rpc"
	"spliced/store"
	"spliced/test/ovatest"
	"spliced/worker"
)

// addPool gives the fixture another pool.
func (f *fixture) addPool(name string) block.Pool {
	f.more = append(f.more, worker.PoolSpec{Name: name, Driver: worker.DriverDir, Path: "/" + name})
	pool, open := lasting{mem.New(8 << 30)}, f.open
	f.open = func(ctx context.Context, s worker.PoolSpec) (block.Pool, error) {
		if s.Name == name {
			return pool, nil
		}
		return open(ctx, s)
	}
	return pool
}

// plant puts a record where it is kept, behind the store's back.
func plant[T any](f *fixture, kind, name string, value T) {
	f.t.Helper()
	from := filepath.Join(f.t.TempDir(), "state")
	files, err := store.Open(f.t.Context(), from, store.Options{})
	ok(f.t, err)
	ok(f.t, errors.Join(store.NewCollection[T](files, kind, 1).Put(name, value), files.Close()))
	text, err := os.ReadFile(filepath.Join(from, kind, name+".yaml"))
	ok(f.t, err)
	ok(f.t, os.MkdirAll(filepath.Join(f.state, kind), 0o700))
	ok(f.t, os.WriteFile(filepath.Join(f.state, kind, name+".yaml"), text, 0o600))
}

func (f *fixture) uploadImageTo(pool, name string) (api.Job, error) {
	return f.catalog.UploadImage(api.ImageUpload{Pool: pool, Name: name}, source(f.t, disk()), caller())
}

// closed demands that a source was closed.
func closed(t *testing.T, src *os.File) {
	t.Helper()
	if _, err := src.Stat(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("the source is still open: %v", err)
	}
}

// Whatever becomes of an upload, its source is closed, and what is refused is
// refused for what it is and leaves nothing.
func TestUploadsRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.done(f.uploadOVA("there"))
	data := ovatest.OVA(disk())
	broken := bytes.Clone(data)
	broken[len(broken)/2] ^= 1
	d, v := ovatest.OneDisk("disk.vmdk", 64<<10).Member(), ovatest.Member{Name: "disk.vmdk", Data: ovatest.VMDK(disk())}
	bare := ovatest.Archive(d, v)
	wrong := ovatest.Archive(d, ovatest.Manifest(d, ovatest.Member{Name: v.Name, Data: disk()}), v)
	none := strings.Repeat("0", 64)
	for _, c := range []struct {
		name   string
		upload func(*os.File) (api.Job, error)
		data   []byte
		want   rpc.Code
	}{
		{"ova: kept", f.ova(api.OVAUpload{Name: "new"}), data, 0},
		{"ova: no such pool", f.ova(api.OVAUpload{Name: "web", Pool: "nowhere"}), data, rpc.NotFound},
		{"ova: taken", f.ova(api.OVAUpload{Name: "there"}), data, rpc.Exists},
		{"ova: not an archive", f.ova(api.OVAUpload{Name: "web"}), disk(), rpc.BadImage},
		{"ova: damaged", f.ova(api.OVAUpload{Name: "web"}), broken, rpc.BadImage},
		{"ova: not what its manifest says", f.ova(api.OVAUpload{Name: "web"}), wrong, rpc.Integrity},
		{"ova: cut off", f.ova(api.OVAUpload{Name: "web"}), data[:len(data)*2/3], rpc.BadImage},
		{"ova: not as announced", f.ova(api.OVAUpload{Name: "web", SHA256: none}), data, rpc.Integrity},
		{"ova: no manifest", f.ova(api.OVAUpload{Name: "web", RequireManifest: true}), bare, rpc.Integrity},
		{"image: no such pool", f.image(api.ImageUpload{Name: "web", Pool: "nowhere"}), disk(), rpc.NotFound},
		{"image: not what it is said to be", f.image(api.ImageUpload{Name: "web", Format: "vmdk"}), disk(), rpc.BadImage},
		{"image: not as announced", f.image(api.ImageUpload{Name: "web", SHA256: none}), disk(), rpc.Integrity},
	} {
		src := source(t, c.data)
		_, err := f.end(c.upload(src))
		closed(t, src)
		f.settled()
		if c.want == 0 {
			ok(t, err)
			continue
		}
		if got := failure.Of(err); err == nil || got.Code != c.want {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want.Kind())
		}
		f.holds("ova_new.record", "ova_new_sda", "ova_there.record", "ova_there_sda")
		if records := f.kept("ovas"); len(records) != 2 || len(f.kept("images-local")) != 0 {
			t.Errorf("%s: records %q", c.name, records)
		}
	}
	f.done(f.uploadOVA("web")) // the name was free all the time
}

func (f *fixture) ova(p api.OVAUpload) func(*os.File) (api.Job, error) {
	if p.Pool == "" {
		p.Pool = "local"
	}
	return func(src *os.File) (api.Job, error) { return f.catalog.UploadOVA(p, src, caller()) }
}

func (f *fixture) image(p api.ImageUpload) func(*os.File) (api.Job, error) {
	if p.Pool == "" {
		p.Pool = "local"
	}
	return func(src *os.File) (api.Job, error) { return f.catalog.UploadImage(p, src, caller()) }
}

// A source that can't prove its end needs its sender's word for it.
func TestLastWord(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	for _, right := range []bool{true, false} {
		r, w, err := os.Pipe()
		ok(t, err)
		j, err := f.image(api.ImageUpload{Name: "web"})(r)
		ok(t, err)
		_, err = w.Write(disk()[:512])
		ok(t, errors.Join(err, w.Close()))
		eventually(t, "the job needs to be finalized", func() bool {
			now, err := f.jobs.Show(j.ID)
			return err == nil && now.NeedsFinalize
		})
		sent := int64(512)
		if !right {
			sent++
		}
		_, err = f.jobs.Finalize(j.ID, sent)
		ok(t, err)
		_, err = f.end(j, nil)
		closed(t, r)
		f.settled()
		if right {
			ok(t, err)
			f.reads("web", disk()[:512])
			f.done(f.removeImage("web"))
			continue
		}
		code(t, err, rpc.Integrity)
		f.holds()
	}
}

// A record that comes in between at the last moment wins; nothing of the job
// stays, and nothing of the other is touched.
func TestRecordAppearsAtTheLast(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	plan := f.under()
	f.up()
	plan.Before(func(c fault.Call) {
		if c.Op == fault.Snapshot {
			plant(f, "ovas", "web", api.OVA{Name: "web", Pool: "local", Job: other})
		}
	})
	_, err := f.end(f.uploadOVA("web"))
	code(t, err, rpc.Exists)
	f.settled()
	f.holds()
	if o, err := f.catalog.OVA("web", false); err != nil || o.Job != other || len(f.kept("descriptors")) != 0 {
		t.Errorf("the other's record is of job %q, descriptors %q, %v", o.Job, f.kept("descriptors"), err)
	}
}

// Of two removals at once exactly one removes it.
func TestTwoRemovals(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	for n := range 30 {
		f.done(f.uploadImage("web"))
		var failures [2]error
		var both sync.WaitGroup
		for i := range failures {
			both.Go(func() { _, failures[i] = f.end(f.removeImage("web")) })
		}
		both.Wait()
		if (failures[0] == nil) == (failures[1] == nil) {
			t.Fatalf("round %d: %v and %v", n, failures[0], failures[1])
		}
		if lost := failure.Of(errors.Join(failures[:]...)); lost.Code != rpc.Busy && lost.Code != rpc.NotFound {
			t.Errorf("round %d: %v", n, lost)
		}
		f.holds()
	}
	f.settled()
}

// A removal that got the name after the image was removed, or came anew, doesn't
// say that it removed it.
func TestStaleRemoval(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	first := f.done(f.uploadImage("web"))
	f.done(f.removeImage("web"))
	in := catalog.Intent{Action: "removal", Object: "image", Pool: "local", Name: "web", MadeBy: first.ID, Volumes: []string{"web"}}
	for range 2 {
		_, err := f.end(f.catalog.Remove(in, caller()))
		code(t, err, rpc.NotFound)
		f.done(f.uploadImage("web")) // the name is free
		_, err = f.end(f.catalog.Remove(in, caller()))
		code(t, err, rpc.NotFound)
		f.holds("web")
		f.done(f.removeImage("web"))
	}
}

// A volume in use lets its removal be done later; until then the name is kept.
func TestVolumeInUse(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.done(f.uploadOVA("web"))
	free, open := make(chan struct{}), f.open
	f.open = func(ctx context.Context, s worker.PoolSpec) (block.Pool, error) {
		pool, err := open(ctx, s)
		select {
		case <-free:
			return pool, err
		default:
			return fault.New(pool, fault.NewPlan(fault.Rule{Op: fault.Remove, Times: fault.Forever, Err: syscall.EBUSY})), err
		}
	}
	j := f.done(f.removeOVA("web"))
	if !strings.Contains(j.Message, "in use") {
		t.Errorf("the job says %q", j.Message)
	}
	if _, err := f.catalog.OVA("web", false); failure.Of(err).Code != rpc.NotFound {
		t.Errorf("the OVA that was removed is shown, or %v", err)
	}
	_, err := f.uploadOVA("web")
	code(t, err, rpc.Busy)
	f.holds("ova_web.record", "ova_web_sda")
	close(free)
	f.settled()
	f.holds()
	f.done(f.uploadOVA("web"))
}

// A removal that is refused, or given up before it is decided, changes nothing.
func TestRemovalRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.done(f.uploadImage("web"))
	ok(t, f.pool.Clone(t.Context(), "web", ingest.Snapshot, "vm_sda"))
	j, err := f.end(f.removeImage("web"))
	code(t, err, rpc.Busy)
	if !strings.Contains(j.Message, "vm_sda") {
		t.Errorf("the clone isn't named: %q", j.Message)
	}
	ok(t, f.pool.Remove(t.Context(), "vm_sda"))

	reached, release := make(chan struct{}), make(chan struct{})
	f.under(fault.Rule{Op: fault.Open, Block: release}).Before(func(c fault.Call) {
		if c.Op == fault.Open {
			close(reached)
		}
	})
	j, err = f.removeImage("web")
	ok(t, err)
	<-reached
	_, err = f.jobs.Cancel(j.ID)
	ok(t, err)
	_, err = f.end(j, nil)
	close(release)
	code(t, err, rpc.Cancelled)
	f.settled()
	f.holds("web")
	if images, err := f.catalog.Images("", ""); err != nil || len(images) != 1 {
		t.Errorf("%d images, %v", len(images), err)
	}
	_, err = f.removeImage("other")
	if failure.Of(err).Code != rpc.NotFound {
		t.Errorf("removing what isn't there: %v", err)
	}
}

// One name in two pools is two images.
func TestTwoPools(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	far := f.addPool("far")
	f.up()
	f.done(f.uploadImage("web"))
	f.done(f.uploadImageTo("far", "web"))
	f.done(f.removeImage("web"))
	f.holds()
	if names, err := far.List(t.Context()); err != nil || len(names) != 1 {
		t.Errorf("the other pool holds %q, %v", names, err)
	}
	if _, err := f.catalog.Image(t.Context(), "local", "web"); failure.Of(err).Code != rpc.NotFound {
		t.Errorf("what was removed: %v", err)
	}
	v, err := f.catalog.Image(t.Context(), "far", "web")
	if err != nil || v.Pool != "far" || int(v.Size) != len(disk()) || v.Allocated == nil {
		t.Errorf("got %+v, %v", v, err)
	}
}

// A request that comes again, however late, is the job that it was; another
// user's request of the same id isn't.
func TestRequestComesAgain(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	const up, down = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
	again := f.image(api.ImageUpload{Name: "web", RequestID: up})
	remove := func() (api.Job, error) {
		return f.catalog.RemoveImage(api.ImageRemove{Pool: "local", Name: "web", RequestID: down}, caller())
	}
	first := f.done(again(source(t, disk())))
	removed := f.done(remove())
	for n := range 2 {
		src := source(t, disk())
		j, err := again(src)
		ok(t, err)
		closed(t, src)
		r, err := remove()
		ok(t, err)
		if j.ID != first.ID || r.ID != removed.ID || j.State != api.JobSucceeded {
			t.Errorf("got %q and %q, want %q and %q", j.ID, r.ID, first.ID, removed.ID)
		}
		f.holds()
		if n == 0 { // a restart doesn't change it
			f.stop()
			f.up()
		}
	}
	other := catalog.Caller{UID: 8, User: "you"}
	j := f.done(f.catalog.UploadImage(api.ImageUpload{Pool: "local", Name: "web", RequestID: up}, source(t, disk()), other))
	if j.ID == first.ID {
		t.Error("another user got a job that isn't theirs")
	}
}

// What can't be read is told as such.
func TestCorruptRecordIsShownAsSuch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.done(f.uploadOVA("web"))
	f.done(f.uploadImage("web"))
	for _, file := range []string{"ovas/web.yaml", "images-local/web.yaml"} {
		ok(t, os.WriteFile(filepath.Join(f.state, file), []byte("{"), 0o600))
	}
	_, ova := f.catalog.OVA("web", false)
	_, image := f.catalog.Image(t.Context(), "local", "web")
	_, removed := f.end(f.removeOVA("web"))
	_, uploaded := f.end(f.uploadImage("web"))
	for n, err := range []error{ova, image, removed, uploaded} {
		if failure.Of(err).Code != rpc.StateCorrupt {
			t.Errorf("case %d: %v", n, err)
		}
	}
	f.settled()
	f.holds("ova_web.record", "ova_web_sda", "web")
}

// A record that names no job isn't taken for a claim on volumes of nobody.
func TestRecordWithoutJob(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.volume("web", "")
	f.volume("ova_web_sda", "")
	f.up()
	plant(f, "images-local", "web", api.Volume{Pool: "local", Name: "web"})
	disks := []api.OVADisk{{ID: "sda", Volume: "ova_web_sda"}}
	plant(f, "ovas", "web", api.OVA{Pool: "local", Name: "web", Unattached: disks})
	for _, o := range objects() {
		_, err := f.end(o.remove(f))
		code(t, err, rpc.StateCorrupt)
	}
	f.settled()
	f.holds("ova_web_sda", "web")
}

// The remains in a pool that isn't configured any more wait for it, and keep
// their name.
func TestPoolIsGone(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	intent := catalog.Intent{Job: mine, Action: "import", Object: "ova", Pool: "far", Name: "web", Volumes: []string{"ova_web_sda"}}
	plant(f, "intents", mine, intent)
	f.up()
	_, err := f.uploadOVA("web")
	code(t, err, rpc.Busy)
	if f.catalog.Left() != 1 {
		t.Errorf("%d jobs left", f.catalog.Left())
	}
	f.stop()
	f.addPool("far")
	f.up()
	f.settled()
	f.done(f.uploadOVA("web"))
}

// Pools are shown as they are, with the reason when they don't answer.
func TestPools(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.more = []worker.PoolSpec{{Name: "far", Driver: worker.DriverRBD}}
	local := f.open
	f.open = func(ctx context.Context, s worker.PoolSpec) (block.Pool, error) {
		if s.Name == "far" {
			return nil, fmt.Errorf("cannot reach it: %w", block.ErrUnavailable)
		}
		return local(ctx, s)
	}
	f.up()
	for n, p := range f.catalog.PoolsSeen(t.Context()) {
		if want := []string{"far", "local"}[n]; p.Name != want || p.Health == api.HealthFull {
			t.Errorf("at once: %+v, want %q", p, want)
		}
	}
	pools := f.catalog.Pools(t.Context())
	if len(pools) != 2 {
		t.Fatalf("%d pools", len(pools))
	}
	if p := pools[0]; p.Health != api.HealthUnavailable || !strings.Contains(p.Reason, "does not answer") || p.Size != nil {
		t.Errorf("got %+v", p)
	}
	if p := pools[1]; p.Health != api.HealthOK || p.Size == nil || *p.Size != 8<<30 || p.Free == nil {
		t.Errorf("got %+v", p)
	}
}

// A look into an image or an OVA keeps nothing, and says what would be refused.
func TestInspect(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	look := func(data []byte) api.ImagePlan {
		src := source(t, data)
		plan, err := f.catalog.InspectImage(t.Context(), src)
		ok(t, errors.Join(err, src.Close()))
		return plan
	}
	if p := look(ovatest.VMDK(disk())); p.Format != "vmdk" || p.Refused != "" || p.Size == nil || int(*p.Size) != len(disk()) {
		t.Errorf("got %+v", p)
	}
	if p := look([]byte("QFI\xfb\x00\x00\x00\x03" + strings.Repeat("\x00", 504))); p.Refused == "" {
		t.Errorf("a format that isn't taken: %+v", p)
	}
	src := source(t, ovatest.OVA(disk()))
	plan, err := f.catalog.InspectOVA(t.Context(), src)
	if ok(t, errors.Join(err, src.Close())); len(plan.Systems) != 1 || len(plan.Systems[0].Disks) != 1 {
		t.Errorf("got %+v", plan)
	}
	f.holds()
	for format, fine := range map[string]bool{"": true, "raw": true, "vmdk": true, "qcow2": false} {
		if err := catalog.CheckFormat(format); (err == nil) != fine {
			t.Errorf("format %q: %v", format, err)
		}
	}
}
