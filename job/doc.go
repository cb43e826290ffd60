// Package job keeps long work: its states, progress, cancellation, and a record
// of each so that a later daemon still knows how it ended.
//
//	queued → running → [pending] → committing → succeeded | failed | cancelled
//
// It doesn't know what the work is: a function that is called exactly once,
// with a Run to report to. What that function did by halves before a crash is
// put right by package catalog, which then tells Settle how it ended.
package job
