package job_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spliced/api"
	"spliced/job"
	"spliced/rpc"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

func ok(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// records are Records in memory that can be told to fail.
type records struct {
	mu   sync.Mutex
	kept map[string]api.Job
	fail error
}

func (r *records) Put(name string, j api.Job) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail == nil {
		r.kept[name] = j
	}
	return r.fail
}

func (r *records) Delete(name string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail == nil {
		delete(r.kept, name)
	}
	return r.fail
}

func (r *records) failWith(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail = err
}

func (r *records) get(id string) (api.Job, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	j, there := r.kept[id]
	return j, there
}

func (r *records) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.kept)
}

// A fixture is jobs that run until the test ends, or stop is called.
type fixture struct {
	*job.Jobs
	records *records
	stop    func()
}

func start(t *testing.T, change func(*job.Options)) *fixture {
	t.Helper()
	f := &fixture{records: &records{kept: map[string]api.Job{}}}
	o := job.Options{Limit: 4, Pending: patience, Records: f.records, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&o)
	}
	f.Jobs = job.New(o)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	f.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(f.stop)
	return f
}

// begin starts a job with that work.
func (f *fixture) begin(t *testing.T, spec job.Spec) string {
	t.Helper()
	id := job.NewID(time.Now())
	j, fresh, err := f.Start(id, spec)
	if err != nil || !fresh || j.ID != id {
		t.Fatalf("Start = %+v, %v, %v", j, fresh, err)
	}
	return id
}

// await waits until the job is in a state.
func (f *fixture) await(t *testing.T, id string, want api.JobState) api.Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	seq := int64(-1)
	for {
		j, err := f.Wait(ctx, id, &seq)
		ok(t, err)
		if j.State == want {
			return j
		}
		if j.State.Ended() || ctx.Err() != nil {
			t.Fatalf("job is %s: %s; want %s", j.State, j.Message, want)
		}
		seq = j.Seq
	}
}

// untilDone is work that goes on until it is told to end.
func untilDone(ctx context.Context, _ *job.Run) (string, error) {
	<-ctx.Done()
	return "", context.Cause(ctx)
}

func quick(context.Context, *job.Run) (string, error) { return "Done.", nil }

// code demands the failure of a job.
func code(t *testing.T, j api.Job, want rpc.Code) {
	t.Helper()
	if j.Failure == nil || j.Failure.Code != int(want) || j.Failure.Kind != want.Kind() || j.Message == "" {
		t.Errorf("job ended with %+v, %q; want %s", j.Failure, j.Message, want.Kind())
	}
}

func absent(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func invalid(t *testing.T, err error) {
	t.Helper()
	var e *rpc.Error
	if !errors.As(err, &e) || e.Code != rpc.InvalidState {
		t.Errorf("got %v", err)
	}
}
