package handlers

import (
	"context"
	"fmt"
	"sync"
	"time"

	"spliced/api"
	"spliced/failure"
	"spliced/rpc"
)

func (d *Daemon) jobMethods() []rpc.Method {
	return []rpc.Method{
		rpc.Bind(read("job.list", "Lists the jobs, oldest first."), d.jobList),
		rpc.Bind(read("job.show", "Shows a job.", rpc.NotFound), d.jobShow),
		rpc.Bind(read("job.wait", "Answers when the job has ended, its seq has grown beyond since, or the time is over.", rpc.NotFound), d.jobWait),
		rpc.Bind(write("job.cancel", "Asks a job to end; it ends fully done or as if it never was.", rpc.NotFound, rpc.InvalidState), d.jobCancel),
		rpc.Bind(write("job.finalize", "Tells a pending job how many bytes its sender sent.", rpc.NotFound, rpc.InvalidState), d.jobFinalize),
		rpc.Bind(write("job.forget", "Drops the record of a job that has ended.", rpc.NotFound, rpc.InvalidState), d.jobForget),
		rpc.Bind(read("job.subscribe", "Sends job.event notifications to this connection from now on.", rpc.NotFound), d.jobSubscribe),
	}
}

// outcome returns the job, when it has ended if that is waited for; a failure
// of its own is answered as the wire has it.
func (d *Daemon) outcome(ctx context.Context, j api.Job, wait bool) (api.Job, error) {
	if wait {
		var err error
		if j, err = d.Jobs.Wait(ctx, j.ID, nil); err != nil {
			return j, failure.Cannot("wait for job "+j.ID, err)
		}
	}
	if f := j.Failure; f != nil {
		e := rpc.Errorf(rpc.Code(f.Code), "%s", j.Message).WithJob(j.ID).WithField(f.Field).WithMember(f.Member).WithHint(f.Hint)
		e.Data.Offset = f.Offset
		return j, e
	}
	return j, nil
}

func (d *Daemon) result(ctx context.Context, j api.Job, wait bool) (api.Result, error) {
	j, err := d.outcome(ctx, j, wait)
	if err != nil {
		return api.Result{}, err
	}
	return api.Result{Job: j.ID, Message: sentenceFor(j)}, nil
}

// sentenceFor is the message of an answer that has a job.
func sentenceFor(j api.Job) string {
	if j.Message != "" {
		return j.Message
	}
	return fmt.Sprintf("Job %q works on it.", j.ID)
}

func (d *Daemon) jobList(context.Context, *rpc.Call, api.None) ([]api.Job, error) {
	return d.Jobs.List(), nil
}

func (d *Daemon) jobShow(_ context.Context, _ *rpc.Call, p api.JobRef) (api.Job, error) {
	j, err := d.Jobs.Show(p.ID)
	return j, cannotJob("show", p.ID, err)
}

// cannotJob is a failure of a method on a job.
func cannotJob(action, id string, err error) error {
	if err == nil {
		return nil
	}
	return failure.Cannot(fmt.Sprintf("%s job %q", action, id), absent(err, "job"))
}

func (d *Daemon) jobWait(ctx context.Context, c *rpc.Call, p api.JobWait) (api.Job, error) {
	if p.TimeoutMS < 0 {
		return api.Job{}, cannotJob("wait for", p.ID, inField("timeout_ms", fmt.Errorf("%d is negative", p.TimeoutMS)))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if p.TimeoutMS > 0 {
		timer := time.AfterFunc(time.Duration(p.TimeoutMS)*time.Millisecond, cancel)
		defer timer.Stop()
	}
	go func() { // a daemon that is being stopped answers with what there is
		select {
		case <-c.Stopping():
			cancel()
		case <-ctx.Done():
		}
	}()
	j, err := d.Jobs.Wait(ctx, p.ID, p.Since)
	return j, cannotJob("wait for", p.ID, err)
}

func (d *Daemon) jobCancel(_ context.Context, _ *rpc.Call, p api.JobRef) (api.Result, error) {
	if _, err := d.Jobs.Cancel(p.ID); err != nil {
		return api.Result{}, cannotJob("cancel", p.ID, err)
	}
	return api.Result{Job: p.ID, Message: fmt.Sprintf("Asked job %q to end.", p.ID)}, nil
}

func (d *Daemon) jobFinalize(_ context.Context, _ *rpc.Call, p api.JobFinalize) (api.Result, error) {
	if _, err := d.Jobs.Finalize(p.ID, int64(p.Bytes)); err != nil {
		return api.Result{}, cannotJob("finalize", p.ID, err)
	}
	return api.Result{Job: p.ID, Message: fmt.Sprintf("Told job %q that %d bytes are all.", p.ID, int64(p.Bytes))}, nil
}

func (d *Daemon) jobForget(_ context.Context, _ *rpc.Call, p api.JobRef) (api.Result, error) {
	if err := d.Jobs.Forget(p.ID); err != nil {
		return api.Result{}, cannotJob("forget", p.ID, err)
	}
	return api.Result{Message: fmt.Sprintf("Forgot job %q.", p.ID)}, nil
}

func (d *Daemon) jobSubscribe(ctx context.Context, c *rpc.Call, p api.JobSubscribe) (api.Result, error) {
	if p.ID != "" {
		if _, err := d.Jobs.Show(p.ID); err != nil {
			return api.Result{}, cannotJob("subscribe to", p.ID, err)
		}
	}
	d.subscriptions.add(context.WithoutCancel(ctx), c.Remote(), p.ID, d.Jobs.Subscribe)
	return api.Result{Message: "Subscribed to job events."}, nil
}

// subscriptions are the connections that get events. One connection has at most
// one subscription: a further one replaces it.
type subscriptions struct {
	mu     sync.Mutex
	cancel map[*rpc.Remote]func()
}

func (s *subscriptions) add(ctx context.Context, to *rpc.Remote, id string, subscribe func(func(api.Job)) func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel == nil {
		s.cancel = map[*rpc.Remote]func(){}
	}
	cancel := subscribe(func(j api.Job) {
		if id == "" || id == j.ID {
			// A connection that can't be told is gone, or about to be dropped.
			_ = to.Notify(ctx, "job.event", j)
		}
	})
	if before, again := s.cancel[to]; again {
		before()
	} else {
		go s.endWith(to)
	}
	s.cancel[to] = cancel
}

// endWith drops a connection's subscription when the connection is gone.
func (s *subscriptions) endWith(to *rpc.Remote) {
	<-to.Closed()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cancel[to]()
	delete(s.cancel, to)
}
