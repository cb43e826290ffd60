package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spliced/api"
	"spliced/rpc"
)

func TestMain(m *testing.M) {
	time.Local = time.UTC // tables show the caller's own time
	goleak.VerifyTestMain(m)
}

// stub is a method of the fake daemon that takes that many descriptors.
func stub[P, R any](name string, fds int, fn func(c *rpc.Call, p P) (R, error)) rpc.Method {
	return rpc.Bind(rpc.Method{Name: name, MinFDs: fds, MaxFDs: fds}, func(_ context.Context, c *rpc.Call, p P) (R, error) {
		return fn(c, p)
	})
}

// says is a method that always answers the same.
func says[R any](name string, result R) rpc.Method {
	return rpc.Bind(rpc.Method{Name: name, MaxFDs: 1}, func(context.Context, *rpc.Call, anyParams) (R, error) { return result, nil })
}

// fails is a method that always fails.
func fails(name string, fault *rpc.Error) rpc.Method {
	return rpc.Bind(rpc.Method{Name: name, MaxFDs: 1}, func(context.Context, *rpc.Call, anyParams) (api.None, error) { return api.None{}, fault })
}

// anyParams are all parameters that any method has; their own tests look at them.
type anyParams struct {
	ID     string      `json:"id,omitempty"`
	Name   string      `json:"name,omitempty"`
	Pool   string      `json:"pool,omitempty"`
	Match  string      `json:"match,omitempty"`
	Source *api.Source `json:"source,omitempty"`
	Since  *int64      `json:"since,omitempty"`

	Descriptor bool   `json:"descriptor,omitempty"`
	Profile    string `json:"profile,omitempty"`
}

// onePool is what most tests run with.
func onePool() rpc.Method { return says("pool.list", []api.Pool{{Name: "vms", Driver: "dir"}}) }

// serve runs a fake daemon until the test ends, and returns its socket's path.
func serve(t *testing.T, methods ...rpc.Method) string {
	t.Helper()
	path := filepath.Join(shortDir(t), "s")
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	srv := &rpc.Server{
		Methods: methods, Limits: rpc.Limits{Grace: time.Second},
		Policy: func(rpc.Peer) rpc.Access { return rpc.AccessAdmin },
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Errorf("the fake daemon ended with: %v", err)
		}
	})
	return path
}

// shortDir is t.TempDir for sockets, whose paths have 107 bytes at the most.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "splicectl") //nolint:usetesting // the name of the test makes it too long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// result is how a run of the program ended.
type result struct {
	code     int
	out, err string
}

// ctl runs the program with nothing in stdin.
func ctl(t *testing.T, socket string, args ...string) result {
	t.Helper()
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	return ctlWith(t.Context(), null, socket, args...)
}

func ctlWith(ctx context.Context, stdin *os.File, socket string, args ...string) result {
	var out, err bytes.Buffer
	code := run(ctx, append([]string{"--socket", socket}, args...), stdin, &out, &err)
	return result{code, out.String(), err.String()}
}

// want compares how a run ended.
func (r result) want(t *testing.T, code int, out, err string) {
	t.Helper()
	if r.code != code || r.out != out || r.err != err {
		t.Errorf("exit %d, want %d\nstdout:\n%s\nwant:\n%s\nstderr:\n%s\nwant:\n%s", r.code, code, r.out, out, r.err, err)
	}
}

// A fakeJob goes through states that a test pushes. Each job.wait sees the next.
type fakeJob struct {
	mu        sync.Mutex
	states    []api.Job
	changed   chan struct{}
	cancelled int
	finalized []api.Size
	onCancel  func() // runs in place of the job's end
}

func newFakeJob(states ...api.Job) *fakeJob {
	f := &fakeJob{changed: make(chan struct{})}
	for _, s := range states {
		f.push(s)
	}
	return f
}

// at is a state of the fake job.
func at(state api.JobState, progress *api.Progress) api.Job {
	return api.Job{ID: "j1", Kind: "image.upload", Pool: "vms", Name: "web", State: state, Progress: progress}
}

// ending is the last state of the fake job.
func ending(state api.JobState, message string, failure *api.JobFailure) api.Job {
	job := at(state, nil)
	job.Message, job.Failure = message, failure
	return job
}

func copied(done, total int64) *api.Progress {
	return &api.Progress{Stage: "copying", Done: done, Total: &total, Unit: "bytes"}
}

func (f *fakeJob) push(job api.Job) {
	f.mu.Lock()
	defer f.mu.Unlock()
	job.Seq = int64(len(f.states))
	f.states = append(f.states, job)
	close(f.changed)
	f.changed = make(chan struct{})
}

// next returns the state that follows since, or without since the last one.
func (f *fakeJob) next(since *int64) (job api.Job, ok bool, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	last := len(f.states) - 1
	switch {
	case since != nil && int(*since) < last:
		return f.states[*since+1], true, nil
	case last >= 0 && f.states[last].State.Ended():
		return f.states[last], true, nil
	}
	return api.Job{}, false, f.changed
}

func (f *fakeJob) wait(c *rpc.Call, p api.JobWait) (api.Job, error) {
	for {
		job, ok, changed := f.next(p.Since)
		if ok {
			return job, nil
		}
		select {
		case <-changed:
		case <-c.Closed():
			return api.Job{}, rpc.Errorf(rpc.Cancelled, "The caller is gone.")
		case <-c.Stopping():
			return api.Job{}, rpc.Errorf(rpc.DaemonRestart, "The daemon is being stopped.")
		}
	}
}

func (f *fakeJob) cancel(*rpc.Call, api.JobRef) (api.Result, error) {
	f.mu.Lock()
	f.cancelled++
	end := f.onCancel
	f.mu.Unlock()
	if end != nil {
		end()
	} else {
		f.push(ending(api.JobCancelled, "The job was cancelled.", &api.JobFailure{Code: 12, Kind: "cancelled"}))
	}
	return api.Result{Job: "j1", Message: "Asked the job to end."}, nil
}

func (f *fakeJob) finalize(_ *rpc.Call, p api.JobFinalize) (api.Result, error) {
	f.mu.Lock()
	f.finalized = append(f.finalized, p.Bytes)
	f.mu.Unlock()
	f.push(ending(api.JobSucceeded, "Imported.", nil))
	return api.Result{Message: "Told."}, nil
}

// calls tells how often the job was cancelled, and with what it was finalized.
func (f *fakeJob) calls() (cancelled int, finalized []api.Size) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cancelled, f.finalized
}

func (f *fakeJob) methods() []rpc.Method {
	return []rpc.Method{
		onePool(),
		stub("job.wait", 0, f.wait), stub("job.cancel", 0, f.cancel), stub("job.finalize", 0, f.finalize),
	}
}

// takes is an upload method that reads its source to the end.
func takes[P any](name string, read chan<- []byte, seen *P) rpc.Method {
	return stub(name, 1, func(c *rpc.Call, p P) (api.Result, error) {
		f, err := c.TakeFD(0)
		if err != nil {
			return api.Result{}, err
		}
		defer func() { _ = f.Close() }()
		content, err := io.ReadAll(f)
		if err != nil {
			return api.Result{}, err
		}
		*seen = p
		read <- content
		return api.Result{Job: "j1", Message: "It works."}, nil
	})
}

// starts is a method that only starts the job.
func starts(name string) rpc.Method {
	return stub(name, 1, func(*rpc.Call, api.ImageUpload) (api.Result, error) {
		return api.Result{Job: "j1", Message: `Job "j1" works on it.`}, nil
	})
}

// pipe gives a stream with that content and an end.
func pipe(t *testing.T, content string) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.WriteString(content); err != nil { // it fits the pipe's buffer
		t.Fatal(err)
	}
	_ = w.Close()
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// lasting is pipe for more than a pipe's buffer takes.
func lasting(t *testing.T, content string) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stdin")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// fifo makes a named pipe, which whoever opens it waits at for the other side.
func fifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
