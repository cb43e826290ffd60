package job

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"spliced/api"
	"spliced/rpc"
)

// Wait returns the job when it has ended, or, with since, as soon as its seq is
// larger, or when ctx is done. fs.ErrNotExist.
func (j *Jobs) Wait(ctx context.Context, id string, since *int64) (api.Job, error) {
	for {
		j.mu.Lock()
		e, err := j.find(id)
		if err != nil {
			j.mu.Unlock()
			return api.Job{}, err
		}
		job, changed := e.job, e.changed
		j.mu.Unlock()
		if job.State.Ended() || since != nil && job.Seq > *since {
			return job, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return job, nil
		}
	}
}

// Cancel asks a job to end and returns at once. It fails for jobs that have
// ended.
func (j *Jobs) Cancel(id string) (api.Job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e, err := j.find(id)
	if err != nil {
		return api.Job{}, err
	}
	if e.job.State.Ended() {
		return api.Job{}, rpc.Errorf(rpc.InvalidState, "it has %s already.", e.job.State)
	}
	e.cancelBy = errCancelled()
	if e.cancel != nil {
		e.cancel(e.cancelBy)
	}
	return e.job, nil
}

// Finalize tells a job that needs it how many bytes its source gave.
func (j *Jobs) Finalize(id string, bytes int64) (api.Job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e, err := j.find(id)
	if err != nil {
		return api.Job{}, err
	}
	if !e.job.NeedsFinalize {
		return api.Job{}, rpc.Errorf(rpc.InvalidState, "it does not wait for that.")
	}
	select {
	case e.finalize <- bytes:
		return e.job, nil
	default:
		return api.Job{}, rpc.Errorf(rpc.InvalidState, "it was told before.")
	}
}

// Forget drops a job that has ended.
func (j *Jobs) Forget(id string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	e, err := j.find(id)
	if err != nil {
		return err
	}
	if !e.job.State.Ended() {
		return rpc.Errorf(rpc.InvalidState, "it is still %s.", e.job.State)
	}
	return j.forget(e)
}

func (j *Jobs) forget(e *entry) error {
	if err := j.o.Records.Delete(e.job.ID); err != nil {
		return fmt.Errorf("cannot remove the job's record: %w", err)
	}
	j.drop(e)
	return nil
}

// trim forgets the oldest of more than keep ended jobs.
func (j *Jobs) trim() {
	if len(j.entries) <= keep {
		return
	}
	var ended []string
	for id, e := range j.entries {
		if e.job.State.Ended() {
			ended = append(ended, id)
		}
	}
	slices.SortFunc(ended, strings.Compare)
	for _, id := range ended[:max(0, len(ended)-keep)] {
		if err := j.forget(j.entries[id]); err != nil {
			j.o.Logger.Warn("cannot forget an old job", slog.String("job", id), slog.Any("cause", err))
		}
	}
}

// Settle ends a job that an earlier daemon left unfinished: done says whether
// what it had done was completed or rolled back.
func (j *Jobs) Settle(id string, done bool, message string) {
	j.mu.Lock()
	e := j.entries[id]
	if e == nil || e.job.State.Ended() {
		j.mu.Unlock()
		return
	}
	j.mu.Unlock()
	if done {
		j.settle(e, api.JobSucceeded, message, nil)
		return
	}
	code := rpc.DaemonRestart
	j.settle(e, api.JobFailed, message, &api.JobFailure{Code: int(code), Kind: code.Kind()})
}

// Inherited lists the jobs of an earlier daemon that had not ended.
func (j *Jobs) Inherited() []api.Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	var left []api.Job
	for _, e := range j.entries {
		if e.spec.Work == nil && !e.job.State.Ended() {
			left = append(left, e.job)
		}
	}
	return left
}

// Same returns the job that the same user started with the same request id.
func (j *Jobs) Same(uid uint32, requestID string) (api.Job, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := j.entries[j.requests[requestKey(uid, requestID)]]
	if requestID == "" || e == nil {
		return api.Job{}, false
	}
	return e.job, true
}

// Subscribe calls f for every change of state, and once a second at the most
// for a job's progress, until the returned function is called. f must not
// block, nor call back.
func (j *Jobs) Subscribe(f func(api.Job)) (cancel func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	id := j.nextSub
	j.nextSub++
	j.subscribers[id] = f
	return func() {
		j.mu.Lock()
		defer j.mu.Unlock()
		delete(j.subscribers, id)
	}
}
