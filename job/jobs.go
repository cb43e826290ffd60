package job

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"spliced/api"
	"spliced/rpc"
)

// keep is how many ended jobs are remembered; older ones are forgotten.
const keep = 1000

// Work is what a job does. It is called exactly once, also when the job was
// cancelled before it began; ctx is done then. It returns the sentence that the
// job ends with, or why it failed: an *rpc.Error keeps its code.
type Work func(ctx context.Context, run *Run) (string, error)

// A Spec describes a job to be started.
type Spec struct {
	Kind      string // the method that asked for it
	Pool      string
	Name      string // of the object
	RequestID string // "" or the caller's UUID
	UID       uint32
	Gone      <-chan struct{} // closed when the caller's connection is; nil: never
	Work      Work
}

// Records keep jobs across restarts.
type Records interface {
	Put(name string, j api.Job) error
	Delete(name string) error
}

// Options are what Jobs needs to know.
type Options struct {
	Limit   int           // jobs that run at once
	Pending time.Duration // that a job waits for job.finalize
	Records Records
	Known   []api.Job // from an earlier daemon
	Logger  *slog.Logger
}

// Jobs are all jobs of the daemon. Its methods may be called from any goroutine.
type Jobs struct {
	o       Options
	slots   chan struct{}
	starts  chan *entry
	closed  chan struct{}
	closing sync.Once // for closed

	mu          sync.Mutex
	entries     map[string]*entry
	requests    map[string]string // uid and request id → job id
	subscribers map[int]func(api.Job)
	nextSub     int
}

// entry is one job. Its fields are guarded by Jobs.mu.
type entry struct {
	job      api.Job
	spec     Spec
	changed  chan struct{} // closed at the next change
	cancel   context.CancelCauseFunc
	cancelBy error      // why it is to end, set by Cancel
	finalize chan int64 // the bytes that the caller vouches for
	told     time.Time  // when subscribers last heard of its progress
}

// New makes Jobs from what an earlier daemon left: jobs that had not ended stay
// as they are until Settle.
func New(o Options) *Jobs {
	j := &Jobs{
		o: o, slots: make(chan struct{}, o.Limit), starts: make(chan *entry), closed: make(chan struct{}),
		entries: map[string]*entry{}, requests: map[string]string{}, subscribers: map[int]func(api.Job){},
	}
	for _, known := range o.Known {
		j.insert(&entry{job: known})
	}
	return j
}

func (j *Jobs) insert(e *entry) {
	e.changed = make(chan struct{})
	e.finalize = make(chan int64, 1)
	j.entries[e.job.ID] = e
	if e.job.RequestID != "" {
		j.requests[requestKey(e.job.UID, e.job.RequestID)] = e.job.ID
	}
}

func requestKey(uid uint32, id string) string {
	return fmt.Sprintf("%d/%s", uid, strings.ToLower(id))
}

// NewID returns an id that sorts by time: milliseconds since 1970 and a random
// part, in hexadecimal.
func NewID(now time.Time) string {
	var tail [4]byte
	_, _ = rand.Read(tail[:]) // crypto/rand.Read never fails
	return fmt.Sprintf("%011x%s", now.UnixMilli(), hex.EncodeToString(tail[:]))
}

// Start records a job and queues it. Unless the same user started one with the
// same request id before: then it is that one, and started is false. Work is
// not called unless started is true; the failure is an *rpc.Error or one of
// Records' own.
func (j *Jobs) Start(id string, spec Spec) (job api.Job, started bool, err error) {
	e := &entry{spec: spec, job: api.Job{
		ID: id, Kind: spec.Kind, Pool: spec.Pool, Name: spec.Name, State: api.JobQueued,
		RequestID: spec.RequestID, UID: spec.UID, Created: time.Now().UTC(),
	}}
	job = e.job
	if same, ok := j.admit(e); ok {
		return same, false, nil
	}
	select {
	case <-j.closed:
		j.withdraw(e)
		return api.Job{}, false, errRestart()
	default:
	}
	if err := j.o.Records.Put(id, job); err != nil {
		j.withdraw(e)
		return api.Job{}, false, fmt.Errorf("cannot record the job: %w", err)
	}
	select {
	case j.starts <- e:
		return job, true, nil
	case <-j.closed:
		j.end(e, "", errRestart(), nil)
		return api.Job{}, false, errRestart()
	}
}

// admit takes the job in, or returns the one that the same request started.
func (j *Jobs) admit(e *entry) (api.Job, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if id, ok := j.requests[requestKey(e.job.UID, e.job.RequestID)]; ok && e.job.RequestID != "" {
		return j.entries[id].job, true
	}
	j.insert(e)
	return api.Job{}, false
}

func (j *Jobs) withdraw(e *entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.drop(e)
}

func (j *Jobs) drop(e *entry) {
	delete(j.entries, e.job.ID)
	delete(j.requests, requestKey(e.job.UID, e.job.RequestID))
}

func errRestart() error {
	return rpc.Errorf(rpc.DaemonRestart, "the daemon is being stopped.")
}

// Run runs the jobs that are started until ctx is done; then those that still
// run are cancelled. It returns when none does any more.
func (j *Jobs) Run(ctx context.Context) error {
	work, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	var running sync.WaitGroup
	for {
		select {
		case e := <-j.starts:
			running.Go(func() { j.run(work, e) })
			continue
		case <-ctx.Done():
		}
		break
	}
	j.close()
	stop(errRestart())
	running.Wait()
	return nil
}

// close refuses further jobs.
func (j *Jobs) close() { j.closing.Do(func() { close(j.closed) }) }

// Drain refuses further jobs and returns when all have ended, or ctx is done.
func (j *Jobs) Drain(ctx context.Context) error {
	j.close()
	for _, job := range j.active() {
		if _, err := j.Wait(ctx, job.ID, nil); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// active lists the jobs of this daemon that have not ended.
func (j *Jobs) active() []api.Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	var active []api.Job
	for _, e := range j.entries {
		if e.spec.Work != nil && !e.job.State.Ended() {
			active = append(active, e.job)
		}
	}
	return active
}

// Busy is the number of jobs that have not ended.
func (j *Jobs) Busy() int { return len(j.active()) }

// List returns all jobs, oldest first.
func (j *Jobs) List() []api.Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	list := make([]api.Job, 0, len(j.entries))
	for _, e := range j.entries {
		one := e.job
		one.Log = nil
		list = append(list, one)
	}
	slices.SortFunc(list, func(a, b api.Job) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// Show returns a job; fs.ErrNotExist.
func (j *Jobs) Show(id string) (api.Job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e, err := j.find(id)
	if err != nil {
		return api.Job{}, err
	}
	return e.job, nil
}

func (j *Jobs) find(id string) (*entry, error) {
	e := j.entries[id]
	if e == nil {
		return nil, fmt.Errorf("there is no job %q: %w", id, fs.ErrNotExist)
	}
	return e, nil
}
