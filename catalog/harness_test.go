package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"spliced/api"
	"spliced/block"
	"spliced/block/dir"
	"spliced/block/fault"
	"spliced/block/mem"
	"spliced/catalog"
	"spliced/ingest"
	"spliced/job"
	"spliced/rpc"
	"spliced/store"
	"spliced/test/ovatest"
	"spliced/worker"
)

// dieAt, in the environment, makes this program a worker that kills itself at its
// nth call to the pool.
const dieAt = "SPLICED_TEST_DIE_AT"

func TestMain(m *testing.M) {
	if nth := os.Getenv(dieAt); nth != "" {
		if err := work(nth); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1) //nolint:forbidigo // this is a process of its own
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func work(nth string) error {
	line, err := worker.Line()
	if err != nil {
		return err
	}
	var n int
	if _, err := fmt.Sscan(nth, &n); err != nil {
		return err
	}
	plan := fault.NewPlan()
	plan.Before(func(c fault.Call) {
		if c.Number == n {
			_ = unix.Kill(os.Getpid(), unix.SIGKILL)
		}
	})
	open := func(ctx context.Context, s worker.PoolSpec) (block.Pool, error) {
		p, err := dir.Open(ctx, s.Path)
		return fault.New(p, plan), err
	}
	return worker.Serve(context.Background(), line, open, nil, slog.New(slog.DiscardHandler))
}

const patience = 20 * time.Second

func ok(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// lasting is a pool that workers open again and again.
type lasting struct{ block.Pool }

func (lasting) Close() error { return nil }

// Locate says that the volumes are files: domains are written, and never run.
func (lasting) Locate(context.Context) (block.Location, error) {
	return block.Location{Folder: "/pool"}, nil
}

// A fixture is a catalogue over a pool in memory, or in a folder.
type fixture struct {
	t     *testing.T
	state string
	pool  block.Pool
	open  worker.OpenPool
	start worker.Start // nil: inside, with open
	more  []worker.PoolSpec
	name  string // of the host
	fill  int    // how full pools may get, 0: no limit
	idle  bool   // it is made, and does not run
	here  catalog.Host
	host  worker.OpenHost // nil: there is no libvirt

	files   *store.Store
	jobs    *job.Jobs
	catalog *catalog.Catalog
	stop    func()
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, name: "here", state: filepath.Join(t.TempDir(), "state"), pool: lasting{mem.New(8 << 30)}}
	f.open = func(context.Context, worker.PoolSpec) (block.Pool, error) { return f.pool, nil }
	return f
}

// under lays a plan over the pool.
func (f *fixture) under(rules ...fault.Rule) *fault.Plan {
	plan := fault.NewPlan(rules...)
	pool := f.pool
	f.open = func(context.Context, worker.PoolSpec) (block.Pool, error) { return lasting{fault.New(pool, plan)}, nil }
	return plan
}

// up starts what the daemon would.
func (f *fixture) up() {
	f.t.Helper()
	var err error
	f.files, err = store.Open(f.t.Context(), f.state, store.Options{})
	ok(f.t, err)
	records := store.NewCollection[api.Job](f.files, "jobs", 1)
	items, _, err := records.All()
	ok(f.t, err)
	var known []api.Job
	for _, i := range items {
		known = append(known, i.Value)
	}
	log := slog.New(slog.DiscardHandler)
	f.jobs = job.New(job.Options{Limit: 4, Pending: patience, Records: records, Known: known, Logger: log})
	start := f.start
	if start == nil {
		start = worker.Inside(func(ctx context.Context, s worker.PoolSpec) (block.Pool, error) { return f.open(ctx, s) }, f.host)
	}
	f.catalog, err = catalog.New(catalog.Options{
		Store: f.files, Jobs: f.jobs, Start: start, Host: f.name, Logger: log, Fill: f.fill, Here: f.here, Version: "test",
		Pools:  append(f.more, worker.PoolSpec{Name: "local", Driver: worker.DriverDir, Path: filepath.Join(filepath.Dir(f.state), "pool")}),
		Limits: ingest.Limits{MaxVirtualSize: 1 << 40, Stall: patience},
	})
	ok(f.t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(f.t.Context()))
	ended := make(chan error, 2)
	go func() { ended <- f.jobs.Run(ctx) }()
	go func() {
		if f.idle {
			ended <- nil
			return
		}
		ended <- f.catalog.Run(ctx)
	}()
	f.stop = sync.OnceFunc(func() {
		cancel()
		err := errors.Join(<-ended, <-ended)
		f.catalog.Wait()
		if err := errors.Join(err, f.files.Close()); err != nil {
			f.t.Error(err)
		}
	})
	f.t.Cleanup(f.stop)
}

// lacking skips a test that needs what isn't there, or fails it where
// SPLICED_REQUIRE demands it.
func lacking(t *testing.T, what, reason string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), what) {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

func caller() catalog.Caller { return catalog.Caller{UID: 7, User: "me"} }

func source(t *testing.T, data []byte) *os.File {
	t.Helper()
	fd, err := unix.MemfdCreate("source", unix.MFD_CLOEXEC)
	ok(t, err)
	file := os.NewFile(uintptr(fd), "source")
	_, err = file.Write(data)
	ok(t, err)
	return file
}

func disk() []byte { return ovatest.Data(64 << 10) }

func (f *fixture) uploadImage(name string) (api.Job, error) {
	return f.catalog.UploadImage(api.ImageUpload{Pool: "local", Name: name}, source(f.t, disk()), caller())
}

func (f *fixture) uploadOVA(name string) (api.Job, error) {
	return f.catalog.UploadOVA(api.OVAUpload{Pool: "local", Name: name}, source(f.t, ovatest.OVA(disk())), caller())
}

func (f *fixture) ovas(match string) []api.OVASummary {
	f.t.Helper()
	list, err := f.catalog.OVAs(match)
	ok(f.t, err)
	ovas, err := list.Decode()
	ok(f.t, err)
	return ovas
}

func (f *fixture) removeOVA(name string) (api.Job, error) {
	return f.catalog.RemoveOVA(api.OVARemove{Name: name, Cascade: true}, caller())
}

func (f *fixture) removeImage(name string) (api.Job, error) {
	return f.catalog.RemoveImage(api.ImageRemove{Pool: "local", Name: name}, caller())
}

// end waits for a job that was started, and returns how it ended.
func (f *fixture) end(j api.Job, err error) (api.Job, error) {
	f.t.Helper()
	if err != nil {
		return j, err
	}
	ctx, cancel := context.WithTimeout(f.t.Context(), patience)
	defer cancel()
	j, err = f.jobs.Wait(ctx, j.ID, nil)
	ok(f.t, err)
	switch {
	case !j.State.Ended():
		f.t.Fatalf("the job is still %s", j.State)
	case j.Failure != nil:
		return j, rpc.Errorf(rpc.Code(j.Failure.Code), "%s", j.Message)
	}
	return j, nil
}

func (f *fixture) done(j api.Job, err error) api.Job {
	f.t.Helper()
	j, err = f.end(j, err)
	ok(f.t, err)
	return j
}

// code demands a failure of one of the codes.
func code(t *testing.T, err error, want ...rpc.Code) {
	t.Helper()
	var e *rpc.Error
	if !errors.As(err, &e) || !slices.Contains(want, e.Code) {
		t.Errorf("got %v, want one of %v", err, want)
	}
}

// holds compares the volumes of the pool with what should be there.
func (f *fixture) holds(want ...string) {
	f.t.Helper()
	names, err := f.pool.List(f.t.Context())
	ok(f.t, err)
	if !slices.Equal(names, slices.Sorted(slices.Values(want))) {
		f.t.Errorf("the pool holds %q, want %q", names, want)
	}
}

// settled waits until nothing is left to be reconciled, and demands that there
// is no intent.
func (f *fixture) settled() {
	f.t.Helper()
	eventually(f.t, "nothing left to reconcile", func() bool { return f.catalog.Left() == 0 })
	if left := f.kept("intents"); len(left) != 0 {
		f.t.Errorf("intents are left: %q", left)
	}
}

// kept lists the records of a kind.
func (f *fixture) kept(kind string) []string {
	f.t.Helper()
	entries, err := os.ReadDir(filepath.Join(f.state, kind))
	if err != nil {
		return nil
	}
	var names []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names
}

// eventually looks again and again until it is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for over := time.After(patience); !so(); {
		select {
		case <-tick.C:
		case <-over:
			t.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// volume makes a volume that a job made.
func (f *fixture) volume(name, madeBy string) {
	f.t.Helper()
	v, err := f.pool.Create(f.t.Context(), name, 512)
	ok(f.t, err)
	if madeBy != "" {
		ok(f.t, v.SetMetadata(f.t.Context(), map[string]string{ingest.MetaJob: madeBy}))
	}
	ok(f.t, v.Close())
}
