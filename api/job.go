package api

import "time"

// A JobState says how far a job is.
type JobState string

// The states, in the order in which a job goes through them; the last three
// are ends.
const (
	JobQueued     JobState = "queued"
	JobRunning    JobState = "running"
	JobPending    JobState = "pending" // waits for job.finalize
	JobCommitting JobState = "committing"
	JobSucceeded  JobState = "succeeded"
	JobFailed     JobState = "failed"
	JobCancelled  JobState = "cancelled"
)

// Ended reports whether the state is an end.
func (s JobState) Ended() bool {
	return s == JobSucceeded || s == JobFailed || s == JobCancelled
}

// A Job is a piece of long work.
type Job struct {
	ID            string      `json:"id" yaml:"id"`
	Kind          string      `json:"kind" yaml:"kind"` // the method that started it: "ova.upload"
	Pool          string      `json:"pool,omitempty" yaml:"pool,omitempty"`
	Name          string      `json:"name,omitempty" yaml:"name,omitempty"` // of the object that it works on
	State         JobState    `json:"state" yaml:"state"`
	Progress      *Progress   `json:"progress,omitempty" yaml:"-"`
	NeedsFinalize bool        `json:"needs_finalize,omitempty" yaml:"-"` // the source can't prove its end: job.finalize will be asked for
	Seq           int64       `json:"seq" yaml:"-"`                      // grows with every change, for job.wait
	Message       string      `json:"message,omitempty" yaml:"message,omitempty"`
	Log           []string    `json:"log,omitempty" yaml:"log,omitempty"` // the last lines that a script said; not in lists and events
	Failure       *JobFailure `json:"failure,omitempty" yaml:"failure,omitempty"`
	RequestID     string      `json:"request_id,omitempty" yaml:"request_id,omitempty"`
	UID           uint32      `json:"uid" yaml:"uid"` // whose request it was
	Created       time.Time   `json:"created" yaml:"created"`
	Started       *time.Time  `json:"started,omitempty" yaml:"started,omitempty"`
	Ended         *time.Time  `json:"ended,omitempty" yaml:"ended,omitempty"`
}

// A JobFailure is the end of a job that did not succeed, as the wire would have
// answered it.
type JobFailure struct {
	Code   int    `json:"code" yaml:"code"`
	Kind   string `json:"kind" yaml:"kind"`
	Field  string `json:"field,omitempty" yaml:"field,omitempty"`   // the parameter at fault
	Member string `json:"member,omitempty" yaml:"member,omitempty"` // of the archive, that was at fault
	Offset *int64 `json:"offset,omitempty" yaml:"offset,omitempty"` // in the source, in bytes
	Hint   string `json:"hint,omitempty" yaml:"hint,omitempty"`
}

// Progress tells how far a stage of a job is. Done never falls within a stage.
type Progress struct {
	Stage string `json:"stage"`
	Done  int64  `json:"done"`
	Total *int64 `json:"total"` // null when nobody knows
	Unit  string `json:"unit"`  // "bytes", "volumes"
}
