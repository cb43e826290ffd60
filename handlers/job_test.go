package handlers_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
	"spliced/test/ovatest"
)

// begin starts an upload whose end only its sender knows, and waits until the
// daemon asks for it.
func begin(t *testing.T, c *client.Client, name string) api.Job {
	t.Helper()
	var answer api.Result
	ok(t, c.Call(t.Context(), "image.upload", upload(name, params{"wait": false}), &answer, stream(t, disk())))
	return awaitState(t, c, answer.Job, api.JobPending)
}

// A pipe's end proves nothing: its sender has the last word.
func TestFinalize(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c := f.dial(t, rpc.AccessWrite)
	right, wrong := begin(t, c, "right"), begin(t, c, "wrong")
	if !right.NeedsFinalize || !wrong.NeedsFinalize {
		t.Errorf("jobs that wait for job.finalize don't say so: %+v, %+v", right, wrong)
	}
	ok(t, c.Call(t.Context(), "job.finalize", params{"id": right.ID, "bytes": 64 << 10}, nil))
	ok(t, c.Call(t.Context(), "job.finalize", params{"id": wrong.ID, "bytes": "65KiB"}, nil))
	if j := awaitState(t, c, right.ID, api.JobSucceeded); !strings.HasPrefix(j.Message, `Imported image "right"`) {
		t.Errorf("the right number: %q", j.Message)
	}
	j := awaitState(t, c, wrong.ID, api.JobFailed)
	sentence(t, j.Message)
	if j.Failure.Code != int(rpc.Integrity) || j.Failure.Kind != "integrity" {
		t.Errorf("the wrong number: %+v, %q", j.Failure, j.Message)
	}
	if names := f.names(t); len(names) != 1 || names[0] != "right" {
		t.Errorf("the pool holds %q", names)
	}
	for _, m := range []string{"job.finalize", "job.cancel"} {
		more := params{"id": wrong.ID}
		if m == "job.finalize" {
			more["bytes"] = 64 << 10
		}
		if e := wire(t, c.Call(t.Context(), m, more, nil)); e.Code != rpc.InvalidState {
			t.Errorf("%s of an ended job: %d %q", m, e.Code, e.Message)
		}
	}
}

// A source that says how it ends is asked for nothing.
func TestNothingToFinalize(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c := f.dial(t, rpc.AccessWrite)
	var answer api.ImageResult
	ok(t, c.Call(t.Context(), "image.upload", upload("sized", params{"size": 64 << 10}), &answer, stream(t, disk())))
	ok(t, c.Call(t.Context(), "ova.upload", upload("web", nil), nil, stream(t, ovatest.OVA(disk()))))
	var jobs []api.Job
	ok(t, c.Call(t.Context(), "job.list", params{}, &jobs))
	if len(jobs) != 2 || jobs[0].NeedsFinalize || jobs[1].NeedsFinalize || jobs[0].Kind != "image.upload" || jobs[1].Kind != "ova.upload" {
		t.Errorf("jobs %+v", jobs)
	}
}

// job.wait answers for one of three reasons, and tells the job as it is.
func TestWait(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c, other := f.dial(t, rpc.AccessWrite), f.dial(t, rpc.AccessRead)
	pending := begin(t, c, "x")
	wait := func(more params) (j api.Job) {
		t.Helper()
		more["id"] = pending.ID
		ok(t, other.Call(t.Context(), "job.wait", more, &j))
		return j
	}
	if j := wait(params{"since": pending.Seq - 1}); j.Seq != pending.Seq {
		t.Errorf("at once: %+v", j)
	}
	begun := time.Now()
	if j := wait(params{"since": pending.Seq, "timeout_ms": 50}); j.State != api.JobPending || time.Since(begun) < 50*time.Millisecond {
		t.Errorf("when the time was over: %s after %v", j.State, time.Since(begun))
	}
	changed, ended := make(chan api.Job, 1), make(chan api.Job, 1)
	go func() {
		var j api.Job
		_ = other.Call(t.Context(), "job.wait", params{"id": pending.ID, "since": pending.Seq}, &j)
		changed <- j
	}()
	go func() {
		var j api.Job
		_ = other.Call(t.Context(), "job.wait", params{"id": pending.ID}, &j)
		ended <- j
	}()
	ok(t, c.Call(t.Context(), "job.cancel", params{"id": pending.ID}, nil))
	if j := <-changed; j.Seq <= pending.Seq {
		t.Errorf("on a change: %+v, was %+v", j, pending)
	}
	if j := <-ended; j.State != api.JobCancelled || j.Failure.Code != int(rpc.Cancelled) {
		t.Errorf("on the end: %+v", j)
	}
}

// Who subscribes again gets every event once, and only what was asked for last.
func TestSubscribeAgain(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c, other := f.dial(t, rpc.AccessRead), f.dial(t, rpc.AccessWrite)
	events, stop := c.Events()
	defer stop()
	kept := begin(t, other, "kept")
	for _, p := range []params{{"id": kept.ID}, {}, {}} {
		ok(t, c.Call(t.Context(), "job.subscribe", p, nil))
	}
	ok(t, other.Call(t.Context(), "image.upload", upload("a", nil), nil, sent(t, disk())))
	if got := received(t, c, events); len(got) != 1 || got[kept.ID] != 0 {
		t.Errorf("of all: %v", got)
	}
	ok(t, c.Call(t.Context(), "job.subscribe", params{"id": kept.ID}, nil))
	ok(t, other.Call(t.Context(), "image.upload", upload("b", nil), nil, sent(t, disk())))
	ok(t, other.Call(t.Context(), "job.finalize", params{"id": kept.ID, "bytes": 64 << 10}, nil))
	awaitState(t, other, kept.ID, api.JobSucceeded)
	if got := received(t, c, events); len(got) != 1 || got[kept.ID] == 0 {
		t.Errorf("of one: %v", got)
	}
}

// received counts the events that came up to now, by job, and sees that each
// came once. The answer to a call stands behind all events before it.
func received(t *testing.T, c *client.Client, events <-chan client.Event) map[string]int {
	t.Helper()
	ok(t, c.Call(t.Context(), "daemon.hello", params{}, nil))
	count, last := map[string]int{}, map[string]int64{}
	for {
		select {
		case e := <-events:
			if e.Seq <= last[e.Job] {
				t.Errorf("event %d of job %s comes after %d", e.Seq, e.Job, last[e.Job])
			}
			count[e.Job]++
			last[e.Job] = e.Seq
		default:
			return count
		}
	}
}

// Storage that hangs holds up nobody who doesn't need it.
func TestAnswersWhileStorageHangs(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c := f.dial(t, rpc.AccessWrite)
	reached, over := f.hangPools()
	defer over()
	var answer api.Result
	ok(t, c.Call(t.Context(), "image.upload", upload("x", params{"wait": false}), &answer, sent(t, disk())))
	<-reached
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var s api.Status
	ok(t, c.Call(ctx, "daemon.status", params{}, &s))
	if s.Jobs["running"] != 1 || len(s.Pools) != 2 || s.Pools[1].Health == api.HealthOK {
		t.Errorf("status %+v", s)
	}
	for _, m := range []string{"daemon.hello", "image.list", "ova.list", "job.list"} {
		ok(t, c.Call(ctx, m, params{}, nil))
	}
	ok(t, c.Call(ctx, "job.cancel", params{"id": answer.Job}, nil))
	over()
	j := awaitState(t, c, answer.Job, api.JobCancelled)
	if sentence(t, j.Message); len(f.names(t)) != 0 {
		t.Errorf("job %+v, volumes %q", j, f.names(t))
	}
}

// Removals are jobs, too.
func TestAnswersOfRemovals(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c := f.dial(t, rpc.AccessWrite)
	ok(t, c.Call(t.Context(), "image.upload", upload("img", nil), nil, sent(t, disk())))
	ok(t, c.Call(t.Context(), "ova.upload", upload("web", nil), nil, sent(t, ovatest.OVA(disk()))))
	for _, r := range []struct {
		method, text string
		params       params
	}{
		{"image.remove", `Removed image "img".`, params{"pool": "local", "name": "img"}},
		{"ova.remove", `Removed OVA "web" with 1 system template and 1 profile.`, params{"name": "web", "cascade": true}},
	} {
		var at map[string]string
		ok(t, c.Call(t.Context(), r.method, r.params, &at))
		if len(at) != 2 || at["message"] != "Job \""+at["job"]+"\" works on it." {
			t.Errorf("%s at once: %v", r.method, at)
		}
		j := awaitState(t, c, at["job"], api.JobSucceeded)
		if j.Message != r.text || j.Kind != r.method {
			t.Errorf("%s in the end: %s, %q", r.method, j.Kind, j.Message)
		}
	}
	if names := f.names(t); len(names) != 0 {
		t.Errorf("the pool holds %q", names)
	}
}

// A failure that was waited for is the job's own, which stays to be shown.
func TestFailureOfAJob(t *testing.T) {
	t.Parallel()
	f := serve(t)
	c := f.dial(t, rpc.AccessWrite)
	e := wire(t, c.Call(t.Context(), "image.upload", upload("x", params{"sha256": strings.Repeat("0", 64)}), nil, sent(t, disk())))
	if e.Code != rpc.Integrity || e.Data.Job == "" {
		t.Fatalf("got %d %q of job %q", e.Code, e.Message, e.Data.Job)
	}
	var text json.RawMessage
	ok(t, c.Call(t.Context(), "job.show", params{"id": e.Data.Job}, &text))
	var j api.Job
	ok(t, json.Unmarshal(text, &j))
	if j.State != api.JobFailed || j.Message != e.Message || j.Failure.Code != int(e.Code) || j.Failure.Kind != e.Data.Kind {
		t.Errorf("answered %d %q; the job is %s", e.Code, e.Message, text)
	}
}
