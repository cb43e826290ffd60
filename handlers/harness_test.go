package handlers_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spliced/api"
	"spliced/block"
	"spliced/block/dir"
	"spliced/catalog"
	"spliced/client"
	"spliced/handlers"
	"spliced/ingest"
	"spliced/job"
	"spliced/rpc"
	"spliced/store"
	"spliced/test/hosttest"
	"spliced/test/ovatest"
	"spliced/worker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// descriptors tells what this process has open, by number.
func descriptors() map[string]string {
	open := map[string]string{}
	names, _ := filepath.Glob("/proc/self/fd/*")
	for _, name := range names {
		if is, err := os.Readlink(name); err == nil { // not the one that read the folder
			open[filepath.Base(name)] = is
		}
	}
	return open
}

// runtimes tells Go's own descriptors, which it opens when it first needs them.
func runtimes(is string) bool {
	return is == "anon_inode:[eventpoll]" || is == "anon_inode:[eventfd]"
}

const patience = 20 * time.Second

func ok(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// A fixture is a daemon without a process of its own, behind a real socket.
type fixture struct {
	state, pool, socket string
	daemon              *handlers.Daemon
	server              *rpc.Server
	libvirt             *hosttest.Host

	mu     sync.Mutex
	access rpc.Access // of whoever connects from now on
	hang   *hang      // nil: pools answer
}

// A hang is a storage that doesn't answer, and heeds no context.
type hang struct{ reached, over chan struct{} }

// hangPools lets pools hang until the returned function is called.
func (f *fixture) hangPools() (reached <-chan struct{}, over func()) {
	h := &hang{reached: make(chan struct{}, 1), over: make(chan struct{})}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hang = h
	return h.reached, sync.OnceFunc(func() { close(h.over) })
}

func (f *fixture) waitOut() {
	f.mu.Lock()
	h := f.hang
	f.mu.Unlock()
	if h == nil {
		return
	}
	select {
	case h.reached <- struct{}{}:
	default:
	}
	<-h.over
}

// serve builds a daemon with the pool "local" in a folder, and one, "gone", that
// doesn't answer.
func serve(t *testing.T) *fixture {
	t.Helper()
	base, err := os.MkdirTemp("", "h") //nolint:usetesting // t.TempDir is too long for a socket
	ok(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(base) })
	f := &fixture{
		state: filepath.Join(base, "state"), pool: filepath.Join(base, "pool"), socket: filepath.Join(base, "s"),
		access: rpc.AccessAdmin, libvirt: hosttest.New(),
	}
	files, err := store.Open(t.Context(), f.state, store.Options{})
	ok(t, err)
	log := slog.New(slog.DiscardHandler)
	jobs := job.New(job.Options{Limit: 4, Pending: patience, Records: store.NewCollection[api.Job](files, "jobs", 1), Logger: log})
	kept, err := catalog.New(catalog.Options{
		Store: files, Jobs: jobs, Host: "here", Logger: log, Start: worker.Inside(f.open, f.libvirt.Open),
		Pools:  []worker.PoolSpec{{Name: "local", Driver: worker.DriverDir, Path: f.pool}, {Name: "gone", Driver: worker.DriverRBD}},
		Limits: ingest.Limits{MaxVirtualSize: 1 << 30, Stall: patience},
		CheckUserdata: func(content string) error {
			if content == "nonsense" {
				return errors.New("it is nonsense")
			}
			return nil
		},
	})
	ok(t, err)
	f.daemon = &handlers.Daemon{
		Version: "1.2.3", Socket: f.socket, Started: time.Now(), Catalog: kept, Jobs: jobs, Logger: log,
		Limits: api.Limits{Jobs: 4, MaxVirtualSize: 1 << 30, FrameBytes: rpc.MaxFrame, FDs: rpc.MaxFDs},
	}
	f.server = &rpc.Server{Methods: handlers.Table(f.daemon), Policy: f.policy, Log: log, Limits: rpc.Limits{Grace: time.Second}}
	f.run(t, jobs, kept, files)
	return f
}

func (f *fixture) run(t *testing.T, jobs *job.Jobs, kept *catalog.Catalog, files *store.Store) {
	t.Helper()
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: f.socket})
	ok(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 3)
	go func() { ended <- f.server.Serve(ctx, ln) }()
	go func() { ended <- jobs.Run(ctx) }()
	go func() { ended <- kept.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		ok(t, errors.Join(<-ended, <-ended, <-ended))
		kept.Wait()
		ok(t, files.Close())
	})
}

func (f *fixture) open(ctx context.Context, s worker.PoolSpec) (block.Pool, error) {
	f.waitOut()
	if s.Driver == worker.DriverDir {
		return dir.Open(ctx, s.Path)
	}
	return nil, fmt.Errorf("cannot connect: %w", block.ErrUnavailable)
}

func (f *fixture) policy(rpc.Peer) rpc.Access {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.access
}

// dial connects with that much access.
func (f *fixture) dial(t *testing.T, access rpc.Access) *client.Client {
	t.Helper()
	f.mu.Lock()
	f.access = access
	f.mu.Unlock()
	c, err := client.Dial(t.Context(), f.socket)
	ok(t, err)
	t.Cleanup(func() { ok(t, c.Close()) })
	// The policy is asked when the connection is taken, so it has to be before
	// the next one changes it.
	_ = c.Call(t.Context(), "daemon.hello", nil, nil)
	return c
}

// names lists the files of the pool.
func (f *fixture) names(t *testing.T) []string {
	t.Helper()
	p, err := dir.Open(t.Context(), f.pool)
	ok(t, err)
	list, err := p.List(t.Context())
	ok(t, errors.Join(err, p.Close()))
	return list
}

// sent is a file to be passed, closed after the test.
func sent(t *testing.T, data []byte) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "source")
	ok(t, os.WriteFile(path, data, 0o600))
	f, err := os.Open(path)
	ok(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// hole is a file of that many zeros.
func hole(t *testing.T, size int64) *os.File {
	t.Helper()
	f := sent(t, nil)
	ok(t, os.Truncate(f.Name(), size))
	return f
}

// stream is a pipe that data is written into, and that ends then.
func stream(t *testing.T, data []byte) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	ok(t, err)
	go func() {
		_, _ = io.Copy(w, bytes.NewReader(data)) // the reader may have had enough
		_ = w.Close()
	}()
	t.Cleanup(func() { _ = r.Close() })
	return r
}

type params map[string]any

// upload are parameters of an upload into the pool, for which is waited.
func upload(name string, more params) params {
	p := params{"pool": "local", "name": name, "source": params{"fd": 0}, "wait": true}
	maps.Copy(p, more)
	return p
}

func disk() []byte { return ovatest.Data(64 << 10) }

// wire is the failure of a call, as it crossed the wire.
func wire(t *testing.T, err error) *rpc.Error {
	t.Helper()
	var e *rpc.Error
	if !errors.As(err, &e) {
		t.Fatalf("%v (%T) did not come over the wire", err, err)
	}
	return e
}

// sentence holds a text against what protocol.md says of messages.
func sentence(t *testing.T, text string) {
	t.Helper()
	switch {
	case text == "":
		t.Error("an empty message")
	case text[0] < 'A' || text[0] > 'Z':
		t.Errorf("%q does not begin with a capital", text)
	case !strings.HasSuffix(text, "."):
		t.Errorf("%q does not end with a period", text)
	case strings.HasSuffix(text, ".."), strings.Contains(text, "\n"), strings.Contains(text, "%!"):
		t.Errorf("%q is badly put together", text)
	case strings.Contains(strings.ToLower(text), "error"), strings.Contains(text, "failed to"):
		t.Errorf("%q says error", text)
	}
}
