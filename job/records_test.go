package job_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"spliced/api"
	"spliced/job"
	"spliced/rpc"
)

const uuid = "00000000-0000-4000-8000-00000000000A"

func TestSameRequest(t *testing.T) {
	t.Parallel()
	f := start(t, nil)
	first := f.begin(t, job.Spec{RequestID: uuid, UID: 1, Work: quick})
	for _, c := range []struct {
		uid  uint32
		id   string
		same bool
	}{
		{1, uuid, true},
		{1, "00000000-0000-4000-8000-00000000000a", true}, // a UUID has no case
		{1, "00000000-0000-4000-8000-00000000000b", false},
		{1, "", false},
		{2, uuid, false},
	} {
		j, fresh, err := f.Start(job.NewID(time.Now()), job.Spec{RequestID: c.id, UID: c.uid, Work: quick})
		if err != nil || fresh == c.same || (j.ID == first) != c.same {
			t.Errorf("%+v: %s, %v, %v", c, j.ID, fresh, err)
		}
	}
	if _, there := f.Same(1, uuid); !there {
		t.Error("Same doesn't know the request")
	}
	if _, there := f.Same(3, uuid); there {
		t.Error("Same knows somebody else's request")
	}
	f.await(t, first, api.JobSucceeded)
	ok(t, f.Forget(first))
	if _, there := f.Same(1, uuid); there {
		t.Error("Same knows a forgotten job")
	}
}

func TestSameRequestAtATime(t *testing.T) {
	t.Parallel()
	f := start(t, nil)
	var mu sync.Mutex
	ids, fresh := map[string]bool{}, 0
	var starts sync.WaitGroup
	for range 20 {
		starts.Go(func() {
			j, mine, err := f.Start(job.NewID(time.Now()), job.Spec{RequestID: uuid, Work: quick})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if ids[j.ID] = true; mine {
				fresh++
			}
		})
	}
	starts.Wait()
	if len(ids) != 1 || fresh != 1 {
		t.Errorf("%d jobs, %d of them fresh", len(ids), fresh)
	}
}

// A job that can't be recorded doesn't start; one that can't be recorded later
// goes on.
func TestRecordsFail(t *testing.T) {
	t.Parallel()
	f := start(t, nil)
	f.records.failWith(syscall.ENOSPC)
	if _, _, err := f.Start("a", job.Spec{RequestID: uuid, Work: quick}); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	if _, there := f.Same(0, uuid); there || len(f.List()) != 0 {
		t.Error("a job that was refused is known")
	}
	f.records.failWith(nil)
	gate := make(chan struct{})
	id := f.begin(t, job.Spec{RequestID: uuid, Work: func(context.Context, *job.Run) (string, error) {
		<-gate
		return "Done.", nil
	}})
	f.records.failWith(syscall.ENOSPC)
	close(gate)
	f.await(t, id, api.JobSucceeded)
	if err := f.Forget(id); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
	if _, err := f.Show(id); err != nil {
		t.Error("a job whose record can't be removed is forgotten")
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	f := start(t, nil)
	id := f.begin(t, job.Spec{Work: untilDone})
	invalid(t, f.Forget(id))
	_, err := f.Cancel(id)
	ok(t, err)
	f.await(t, id, api.JobCancelled)
	ok(t, f.Forget(id))
	absent(t, f.Forget(id))
	if _, there := f.records.get(id); there {
		t.Error("its record is still there")
	}
}

// What an earlier daemon left is known, waits for Settle, and ends by it.
func TestRestart(t *testing.T) {
	t.Parallel()
	old := func(id string, s api.JobState) api.Job {
		return api.Job{ID: id, Kind: "image.upload", State: s, RequestID: uuid[:35] + id, UID: 1}
	}
	f := start(t, func(o *job.Options) {
		o.Known = []api.Job{old("1", api.JobSucceeded), old("2", api.JobRunning), old("3", api.JobCommitting), old("4", api.JobQueued)}
	})
	if left := f.Inherited(); len(left) != 3 {
		t.Errorf("inherited %+v", left)
	}
	if f.Busy() != 0 {
		t.Errorf("%d busy, but nothing runs", f.Busy())
	}
	if j, there := f.Same(1, uuid[:35]+"2"); !there || j.ID != "2" {
		t.Errorf("the request of an earlier daemon: %+v, %v", j, there)
	}
	waited := make(chan api.Job, 1)
	go func() {
		j, err := f.Wait(t.Context(), "2", nil)
		if err != nil {
			t.Error(err)
		}
		waited <- j
	}()
	f.Settle("2", true, "Completed.")
	f.Settle("3", false, "Undone.")
	f.Settle("1", false, "Not this one.")
	f.Settle("9", false, "Nor that.")
	if j := <-waited; j.State != api.JobSucceeded || j.Message != "Completed." {
		t.Errorf("completed: %+v", j)
	}
	j := f.await(t, "3", api.JobFailed)
	code(t, j, rpc.DaemonRestart)
	if j, err := f.Show("1"); err != nil || j.State != api.JobSucceeded {
		t.Errorf("settled what had ended: %+v, %v", j, err)
	}
	if left := f.Inherited(); len(left) != 1 || left[0].ID != "4" {
		t.Errorf("inherited %+v", left)
	}
}

// Of jobs that have ended the newest 1000 are kept, of others all.
func TestOldJobsAreForgotten(t *testing.T) {
	t.Parallel()
	known := []api.Job{{ID: "0000", State: api.JobRunning}}
	for n := range 1200 {
		known = append(known, api.Job{ID: fmt.Sprintf("%04d", n+1), State: api.JobSucceeded})
	}
	f := start(t, func(o *job.Options) { o.Known = known })
	id := f.begin(t, job.Spec{Work: quick})
	f.await(t, id, api.JobSucceeded)
	list := f.List()
	if len(list) != 1001 || list[0].ID != "0000" || list[1].ID != "0202" || list[1000].ID != id {
		t.Errorf("%d jobs, the first %s, then %s, the last %s", len(list), list[0].ID, list[1].ID, list[len(list)-1].ID)
	}
	if f.records.count() != 1 { // the others were never written in this test
		t.Errorf("%d records", f.records.count())
	}
}

func TestDrain(t *testing.T) {
	t.Parallel()
	f := start(t, nil)
	gate := make(chan struct{})
	id := f.begin(t, job.Spec{Work: func(context.Context, *job.Run) (string, error) {
		<-gate
		return "Done.", nil
	}})
	f.await(t, id, api.JobRunning)
	brief, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	ok(t, f.Drain(brief)) // its time is over, the job goes on
	if j, err := f.Show(id); err != nil || j.State != api.JobRunning {
		t.Errorf("after a drain without patience: %+v, %v", j, err)
	}
	for range 20 {
		_, _, err := f.Start("late", job.Spec{Work: quick})
		var e *rpc.Error
		if !errors.As(err, &e) || e.Code != rpc.DaemonRestart {
			t.Fatalf("a job during the drain: %v", err)
		}
	}
	close(gate)
	ok(t, f.Drain(t.Context()))
	if j, err := f.Show(id); err != nil || j.State != api.JobSucceeded {
		t.Errorf("after the drain: %+v, %v", j, err)
	}
}

// When the daemon ends, what still runs is told so, and waited for.
func TestStop(t *testing.T) {
	t.Parallel()
	f := start(t, func(o *job.Options) { o.Limit = 1 })
	running, queued := f.begin(t, job.Spec{Work: untilDone}), f.begin(t, job.Spec{Work: untilDone})
	f.stop()
	for _, id := range []string{running, queued} {
		j, err := f.Show(id)
		ok(t, err)
		code(t, j, rpc.DaemonRestart)
	}
}

func TestIDsSortByTime(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_700_000_000, 0)
	if a, b := job.NewID(now), job.NewID(now.Add(time.Millisecond)); a >= b || len(a) != 19 || len(b) != 19 {
		t.Errorf("%s, %s", a, b)
	}
	if a, b := job.NewID(now), job.NewID(now); a == b {
		t.Error("two ids of one moment are the same")
	}
}
