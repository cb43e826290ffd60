package job_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"spliced/api"
	"spliced/job"
	"spliced/rpc"
)

// The states that subscribers hear of, and that are recorded, in their order.
func TestStates(t *testing.T) {
	t.Parallel()
	f := start(t, nil)
	var mu sync.Mutex
	var heard []api.JobState
	stop := f.Subscribe(func(j api.Job) {
		mu.Lock()
		defer mu.Unlock()
		heard = append(heard, j.State)
	})
	id := f.begin(t, job.Spec{Kind: "image.upload", Pool: "p", Name: "n", UID: 7, Work: func(ctx context.Context, r *job.Run) (string, error) {
		r.NeedsFinalize()
		n, err := r.Finalized(ctx)
		r.Committing()
		if n != 5 {
			err = errors.New("wrong bytes")
		}
		return "Imported.", err
	}})
	pending := f.await(t, id, api.JobPending)
	if !pending.NeedsFinalize || pending.Started == nil {
		t.Errorf("pending: %+v", pending)
	}
	_, err := f.Finalize(id, 5)
	ok(t, err)
	done := f.await(t, id, api.JobSucceeded)
	if done.Message != "Imported." || done.Failure != nil || done.Ended == nil || done.NeedsFinalize || done.UID != 7 || done.Kind != "image.upload" {
		t.Errorf("in the end: %+v", done)
	}
	if kept, there := f.records.get(id); !there || kept.State != api.JobSucceeded || kept.Message != "Imported." {
		t.Errorf("recorded: %+v", kept)
	}
	stop()
	mu.Lock()
	defer mu.Unlock()
	heard = slices.Compact(heard)
	if want := []api.JobState{api.JobRunning, api.JobPending, api.JobCommitting, api.JobSucceeded}; !slices.Equal(heard, want) {
		t.Errorf("heard of %v", heard)
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	f := start(t, nil)
	at := int64(5)
	for name, c := range map[string]struct {
		work  job.Work
		state api.JobState
		code  rpc.Code
	}{
		"told": {func(context.Context, *job.Run) (string, error) {
			return "", rpc.Errorf(rpc.BadImage, "Bad.").WithOffset(at).WithMember("m").WithHint("Mend it.")
		}, api.JobFailed, rpc.BadImage},
		"unknown":   {func(context.Context, *job.Run) (string, error) { return "", syscall.EIO }, api.JobFailed, rpc.InternalError},
		"cancelled": {func(context.Context, *job.Run) (string, error) { return "", rpc.Errorf(rpc.Cancelled, "No.") }, api.JobCancelled, rpc.Cancelled},
		"panic":     {func(context.Context, *job.Run) (string, error) { panic("a defect") }, api.JobFailed, rpc.InternalError},
	} {
		id := f.begin(t, job.Spec{Work: c.work})
		j := f.await(t, id, c.state)
		code(t, j, c.code)
		if name == "told" && (j.Failure.Member != "m" || *j.Failure.Offset != at || j.Failure.Hint == "") {
			t.Errorf("details are lost: %+v", j.Failure)
		}
	}
	f.await(t, f.begin(t, job.Spec{Work: quick}), api.JobSucceeded) // the others go on
}

// Within a stage progress never falls; subscribers hear of it once a second.
func TestProgress(t *testing.T) {
	t.Parallel()
	f := start(t, nil)
	var mu sync.Mutex
	events := 0
	stop := f.Subscribe(func(j api.Job) {
		mu.Lock()
		defer mu.Unlock()
		if j.Progress != nil && j.State == api.JobRunning {
			events++
		}
	})
	defer stop()
	told, seen := make(chan struct{}), make(chan struct{})
	var run *job.Run
	id := f.begin(t, job.Spec{Work: func(_ context.Context, r *job.Run) (string, error) {
		run = r
		for n := range int64(1000) {
			r.Progress("copying", n, 1000, "bytes")
		}
		r.Progress("copying", 500, 1000, "bytes")
		close(told)
		<-seen
		r.Progress("committing", 0, -1, "volumes")
		return "Done.", nil
	}})
	<-told
	j, err := f.Show(id)
	ok(t, err)
	if p := j.Progress; p == nil || p.Stage != "copying" || p.Done != 999 || *p.Total != 1000 || p.Unit != "bytes" {
		t.Errorf("progress %+v", j.Progress)
	}
	close(seen)
	done := f.await(t, id, api.JobSucceeded)
	if p := done.Progress; p.Stage != "committing" || p.Done != 0 || p.Total != nil {
		t.Errorf("progress %+v", p)
	}
	run.Progress("late", 1, 1, "bytes") // a note of the worker may come after its end
	if j, err := f.Show(id); err != nil || j.Seq != done.Seq || j.Progress.Stage != "committing" {
		t.Errorf("after the end: %+v, %v", j, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if events == 0 || events > 3 {
		t.Errorf("%d events for 1000 notes within a moment", events)
	}
}

func TestWait(t *testing.T) {
	t.Parallel()
	f := start(t, nil)
	id := f.begin(t, job.Spec{Work: untilDone})
	running := f.await(t, id, api.JobRunning)
	brief, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if j, err := f.Wait(brief, id, &running.Seq); err != nil || j.State != api.JobRunning {
		t.Errorf("when the time is over: %+v, %v", j, err)
	}
	before := running.Seq - 1
	if j, err := f.Wait(t.Context(), id, &before); err != nil || j.Seq != running.Seq {
		t.Errorf("with an old seq: %+v, %v", j, err)
	}
	_, err := f.Wait(t.Context(), "none", nil)
	absent(t, err)
	_, err = f.Cancel(id)
	ok(t, err)
	if j, err := f.Wait(t.Context(), id, nil); err != nil || j.State != api.JobCancelled {
		t.Errorf("in the end: %+v, %v", j, err)
	}
}

// Cancel ends a job wherever it is; work that succeeds all the same has succeeded.
func TestCancel(t *testing.T) {
	t.Parallel()
	f := start(t, func(o *job.Options) { o.Limit = 1 })
	cancel := func(id string) {
		_, err := f.Cancel(id)
		ok(t, err)
	}
	running := f.begin(t, job.Spec{Work: untilDone})
	f.await(t, running, api.JobRunning)

	var began sync.WaitGroup
	began.Add(1)
	queued := f.begin(t, job.Spec{Work: func(ctx context.Context, _ *job.Run) (string, error) {
		defer began.Done()
		return "", context.Cause(ctx)
	}})
	if j, err := f.Show(queued); err != nil || j.State != api.JobQueued {
		t.Errorf("beyond the limit: %+v, %v", j, err)
	}
	cancel(queued)
	began.Wait() // it is called, so that it can give back what it holds
	code(t, f.await(t, queued, api.JobCancelled), rpc.Cancelled)
	cancel(running)
	code(t, f.await(t, running, api.JobCancelled), rpc.Cancelled)

	pending := f.begin(t, job.Spec{Work: func(ctx context.Context, r *job.Run) (string, error) {
		_, err := r.Finalized(ctx)
		return "", err
	}})
	f.await(t, pending, api.JobPending)
	cancel(pending)
	f.await(t, pending, api.JobCancelled)

	for end, work := range map[api.JobState]job.Work{
		api.JobCancelled: func(ctx context.Context, r *job.Run) (string, error) {
			r.Committing()
			<-ctx.Done()
			return "", errors.New("cannot import it: the line broke")
		},
		api.JobSucceeded: func(ctx context.Context, r *job.Run) (string, error) {
			r.Committing()
			<-ctx.Done()
			return "Done.", nil
		},
	} {
		id := f.begin(t, job.Spec{Work: work})
		f.await(t, id, api.JobCommitting)
		cancel(id)
		f.await(t, id, end)
		_, err := f.Cancel(id)
		invalid(t, err)
	}
	_, err := f.Cancel("none")
	absent(t, err)
}

func TestFinalize(t *testing.T) {
	t.Parallel()
	f := start(t, func(o *job.Options) { o.Pending = 50 * time.Millisecond })
	gate := make(chan struct{})
	told := job.Spec{Work: func(ctx context.Context, r *job.Run) (string, error) {
		r.NeedsFinalize()
		<-gate
		n, err := r.Finalized(ctx)
		if err == nil && n != 5 {
			err = errors.New("wrong bytes")
		}
		return "Done.", err
	}}
	// What the caller said while the work still ran counts, also when it has gone
	// since.
	gone := make(chan struct{})
	close(gone)
	told.Gone = gone
	var ids []string
	for range 3 {
		ids = append(ids, f.begin(t, told))
	}
	for _, id := range ids {
		for {
			if _, err := f.Finalize(id, 5); err == nil {
				break
			}
			seq := int64(0)
			_, err := f.Wait(t.Context(), id, &seq)
			ok(t, err)
		}
		_, err := f.Finalize(id, 6)
		invalid(t, err) // only once
	}
	close(gate)
	for _, id := range ids {
		f.await(t, id, api.JobSucceeded)
		_, err := f.Finalize(id, 5)
		invalid(t, err)
	}
	wait := func(ctx context.Context, r *job.Run) (string, error) {
		_, err := r.Finalized(ctx)
		return "", err
	}
	code(t, f.await(t, f.begin(t, job.Spec{Work: wait, Gone: gone}), api.JobFailed), rpc.BadSource)
	code(t, f.await(t, f.begin(t, job.Spec{Work: wait}), api.JobFailed), rpc.Stalled)
	_, err := f.Finalize("none", 1)
	absent(t, err)
}
