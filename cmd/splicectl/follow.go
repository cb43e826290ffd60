package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
)

// farewell is how long the daemon has to end what was cancelled.
const farewell = 30 * time.Second

// pace is the time between two looks at a job: often enough for the eye.
const pace = 200 * time.Millisecond

// linger returns a context that outlives ctx by the farewell.
func linger(ctx context.Context) (context.Context, context.CancelFunc) {
	out, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.NewTimer(farewell)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-out.Done():
		}
	})
	return out, func() { stop(); cancel() }
}

// work starts a job that needs nothing of us, and sees it to its end, silently
// for the time that is given. What the daemon does at once needs no job.
func (c *cli) work(ctx context.Context, conn *client.Client, method string, params any, quiet time.Duration) error {
	started, err := c.begin(ctx, conn, method, params)
	if err != nil {
		return err
	}
	if started.value.Job == "" {
		return c.begun(started)
	}
	job, err := (&follower{cli: c, conn: conn, id: started.value.Job, cancels: true, quiet: quiet}).run(ctx)
	return c.ended(job, err)
}

// begin asks for a job. A request on its way can't be called back: it waits for
// the job's id, so that there is something to cancel.
func (c *cli) begin(ctx context.Context, conn *client.Client, method string, params any, files ...*os.File) (answer[api.Result], error) {
	ctx, cancel := linger(ctx)
	defer cancel()
	return ask[api.Result](ctx, conn, method, params, files...)
}

// A follower sees a job to its end, shows its progress, and answers what the
// job asks.
//
// It asks job.wait for the state since the last one that it saw, in place of
// listening to events: an answer is always the whole and latest state, so there
// is nothing to miss, and the pace is ours.
type follower struct {
	*cli
	conn    *client.Client
	id      string
	cancels bool          // when we are interrupted, the job ends too
	stuck   error         // why a job can't go on that waits for job.finalize; nil: vouch for it
	quiet   time.Duration // how long a job goes on before its progress is of interest

	meter     meter
	finalized bool
}

// run returns the job as it ended. It fails when that can't be found out, or,
// with stuck, when it was cancelled for that reason.
func (f *follower) run(ctx context.Context) (answer[api.Job], error) {
	f.meter = f.newMeter()
	defer f.meter.done()
	begun, since := time.Now(), int64(-1)
	for {
		job, err := ask[api.Job](ctx, f.conn, "job.wait", api.JobWait{ID: f.id, Since: &since})
		if err != nil {
			return f.lost(ctx, err)
		}
		if time.Since(begun) >= f.quiet {
			f.meter.show(job.value)
		}
		if job.value.State.Ended() {
			return job, nil
		}
		since = job.value.Seq
		if job.value.NeedsFinalize && f.cancels {
			if f.stuck != nil {
				return f.giveUp(ctx)
			}
			if err := f.vouch(ctx, job.value); err != nil {
				return f.lost(ctx, err)
			}
		}
		pause(ctx, pace)
	}
}

// pause waits for d, or until ctx is done.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// vouch says, once, that the job's stream was whole: as much as the job has read.
func (f *follower) vouch(ctx context.Context, job api.Job) error {
	if job.State != api.JobPending || f.finalized {
		return nil
	}
	if ctx.Err() != nil { // what interrupts us may have cut off the stream as well
		return ctx.Err()
	}
	read := int64(0)
	if job.Progress != nil {
		read = job.Progress.Done
	}
	f.finalized = true
	return f.conn.Call(ctx, "job.finalize", api.JobFinalize{ID: f.id, Bytes: api.Size(read)}, nil)
}

// lost handles that the job could not be looked at.
func (f *follower) lost(ctx context.Context, err error) (answer[api.Job], error) {
	f.meter.done()
	if ctx.Err() != nil {
		return f.interrupted(ctx)
	}
	var remote *rpc.Error
	if errors.As(err, &remote) && remote.Code != rpc.DaemonRestart {
		return answer[api.Job]{}, err
	}
	told := explain(err, f.socket)
	told.hint = fmt.Sprintf("How the job ended will say: splicectl job show %s", f.id)
	return answer[api.Job]{}, told
}

// interrupted ends a job that nobody waits for any more.
func (f *follower) interrupted(ctx context.Context) (answer[api.Job], error) {
	if !f.cancels {
		return answer[api.Job]{}, &failure{exitCancelled, fmt.Sprintf("Interrupted: job %s goes on.", clean(f.id)), ""}
	}
	f.note("Cancelling job %s. Interrupt again to leave at once.", clean(f.id))
	job, err := f.cancel(ctx)
	if err == nil && job.value.State == api.JobFailed {
		// What interrupted us also killed the sender. Which of the two ended the
		// job is chance; that somebody wanted the end of it is not.
		return job, &failure{exitCancelled, job.value.Message, ""}
	}
	return job, err
}

// giveUp cancels a job that could only wait in vain.
func (f *follower) giveUp(ctx context.Context) (answer[api.Job], error) {
	job, err := f.cancel(ctx)
	if err != nil {
		return job, err
	}
	return job, f.stuck
}

// cancel cancels the job and waits for its end, also when ctx is done.
func (f *follower) cancel(ctx context.Context) (answer[api.Job], error) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer stop()
	err := f.conn.Call(ctx, "job.cancel", api.JobRef{ID: f.id}, nil)
	var remote *rpc.Error
	if errors.As(err, &remote) && remote.Code == rpc.InvalidState {
		err = nil // it has ended by itself
	}
	if err != nil {
		return answer[api.Job]{}, err
	}
	job, err := ask[api.Job](ctx, f.conn, "job.wait", api.JobWait{ID: f.id})
	if errors.Is(err, context.DeadlineExceeded) {
		return job, &failure{
			exitCancelled, fmt.Sprintf("Job %s was told to end, and has not within %v.", clean(f.id), farewell),
			fmt.Sprintf("How it ended will say: splicectl job show %s", clean(f.id)),
		}
	}
	return job, err
}
