package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"spliced/api"
	"spliced/rpc"
)

// errCancelled is the cause of a context that job.cancel ended.
func errCancelled() error { return rpc.Errorf(rpc.Cancelled, "the job was cancelled.") }

// A Run is what a job's work reports to. Its methods may be called from any
// goroutine until the work returns.
type Run struct {
	jobs  *Jobs
	entry *entry
}

// ID is the job's id.
func (r *Run) ID() string { return r.entry.job.ID }

// Progress reports how far a stage is, total -1 when nobody knows. Within a
// stage what falls back is not told, nor what comes after the job's end.
func (r *Run) Progress(stage string, done, total int64, unit string) {
	j, e := r.jobs, r.entry
	j.mu.Lock()
	defer j.mu.Unlock()
	if e.job.State.Ended() {
		return
	}
	p := api.Progress{Stage: stage, Done: done, Unit: unit}
	if total >= 0 {
		p.Total = &total
	}
	if old := e.job.Progress; old != nil && old.Stage == stage && old.Done >= done {
		return
	}
	e.job.Progress = &p
	j.touch(e)
	if time.Since(e.told) >= time.Second {
		e.told = time.Now()
		j.tell(e.job)
	}
}

// maxLog bounds a job's log: lines, and bytes of each.
const maxLog, maxLogLine = 200, 400

// Log adds a line to the job's log, of which the last ones are kept.
func (r *Run) Log(line string) {
	j := r.jobs
	j.mu.Lock()
	defer j.mu.Unlock()
	if r.entry.job.State.Ended() {
		return
	}
	if len(line) > maxLogLine {
		line = strings.ToValidUTF8(line[:maxLogLine], "") + "…"
	}
	log := append(slices.Clone(r.entry.job.Log), line) // others may hold the slice
	r.entry.job.Log = log[max(0, len(log)-maxLog):]
	j.touch(r.entry)
}

// Committing says that the work is past the point where it waits for anything
// but the storage.
func (r *Run) Committing() { r.jobs.enter(r.entry, api.JobCommitting) }

// NeedsFinalize tells the caller that job.finalize will be asked for.
func (r *Run) NeedsFinalize() {
	j := r.jobs
	j.mu.Lock()
	defer j.mu.Unlock()
	r.entry.job.NeedsFinalize = true
	j.touch(r.entry)
	j.tell(r.entry.job)
}

// Finalized waits until the caller says how many bytes it sent. It fails when
// the caller's connection closes first, or nobody says it in time.
func (r *Run) Finalized(ctx context.Context) (int64, error) {
	r.jobs.enter(r.entry, api.JobPending)
	select {
	case n := <-r.entry.finalize: // said already, and it stays said when the caller is gone
		return n, nil
	default:
	}
	timer := time.NewTimer(r.jobs.o.Pending)
	defer timer.Stop()
	select {
	case n := <-r.entry.finalize:
		return n, nil
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	case <-r.jobs.closed:
		return 0, errRestart()
	case <-r.entry.spec.Gone:
		return 0, rpc.Errorf(rpc.BadSource, "its sender went away without saying that the upload was whole.")
	case <-timer.C:
		return 0, rpc.Errorf(rpc.Stalled, "nobody said within %v that the upload was whole.", r.jobs.o.Pending)
	}
}

// run takes a job from its queue to its end.
func (j *Jobs) run(ctx context.Context, e *entry) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	j.mu.Lock()
	e.cancel = cancel
	if e.cancelBy != nil {
		cancel(e.cancelBy)
	}
	j.mu.Unlock()
	select {
	case j.slots <- struct{}{}:
		defer func() { <-j.slots }()
		j.enter(e, api.JobRunning)
	case <-ctx.Done():
	}
	message, err := j.work(ctx, e)
	j.end(e, message, err, context.Cause(ctx))
}

// work calls the job's function; a panic in it fails the job alone.
func (j *Jobs) work(ctx context.Context, e *entry) (message string, err error) {
	defer func() {
		if p := recover(); p != nil {
			j.o.Logger.Error("job panicked", slog.String("job", e.job.ID), slog.Any("panic", p))
			err = fmt.Errorf("the daemon has a defect; its log tells more")
		}
	}()
	return e.spec.Work(ctx, &Run{jobs: j, entry: e})
}

// end records how a job ended. A job that was cancelled and still succeeded has
// succeeded.
func (j *Jobs) end(e *entry, message string, err, cause error) {
	state, failure := api.JobSucceeded, (*api.JobFailure)(nil)
	if err != nil {
		state = api.JobFailed
		wire := wireError(err, cause)
		if wire.Code == rpc.Cancelled {
			state = api.JobCancelled
		}
		message = wire.Message
		failure = &api.JobFailure{
			Code: int(wire.Code), Kind: wire.Code.Kind(),
			Field: wire.Data.Field, Member: wire.Data.Member, Offset: wire.Data.Offset, Hint: wire.Data.Hint,
		}
	}
	j.settle(e, state, message, failure)
}

// wireError finds what the caller is told: the failure's own code, unless the
// job was told to end.
func wireError(err, cause error) *rpc.Error {
	var wire *rpc.Error
	if !errors.As(err, &wire) {
		wire = rpc.Errorf(rpc.InternalError, "%v", err)
	}
	var asked *rpc.Error
	if errors.As(cause, &asked) && asked.Code == rpc.Cancelled {
		wire = rpc.Errorf(rpc.Cancelled, "%s", wire.Message)
	}
	return wire
}

func (j *Jobs) settle(e *entry, state api.JobState, message string, failure *api.JobFailure) {
	j.mu.Lock()
	defer j.mu.Unlock()
	now := time.Now().UTC()
	e.job.State, e.job.Message, e.job.Failure, e.job.Ended = state, message, failure, &now
	e.job.NeedsFinalize = false
	j.record(e)
	j.touch(e)
	j.tell(e.job)
	j.trim()
}

func (j *Jobs) enter(e *entry, state api.JobState) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if e.job.State.Ended() {
		return
	}
	e.job.State = state
	if state == api.JobRunning {
		now := time.Now().UTC()
		e.job.Started = &now
	}
	j.record(e)
	j.touch(e)
	j.tell(e.job)
}

// record writes the job down. Its start was recorded, or it would not run; a
// later state that can't be costs the next daemon only the details, so the work
// goes on and the log says it.
func (j *Jobs) record(e *entry) {
	if err := j.o.Records.Put(e.job.ID, e.job); err != nil {
		j.o.Logger.Error("cannot record a job's state", slog.String("job", e.job.ID), slog.Any("cause", err))
	}
}

func (j *Jobs) touch(e *entry) {
	e.job.Seq++
	close(e.changed)
	e.changed = make(chan struct{})
}

func (j *Jobs) tell(job api.Job) {
	job.Log = nil
	for _, f := range j.subscribers {
		f(job)
	}
}
