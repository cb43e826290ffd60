// Package worker is both ends of the line between the daemon and a worker
// process: what a worker can be asked to do, the process that does it, and the
// serving of those requests inside of it.
//
// All access to pools is in workers, since calls into a storage library can
// block for ever or abort the process, and only a process can be killed. A
// worker serves one job, or one look at a pool, and ends with it. The line is a
// socket pair that speaks the same protocol as the daemon's own socket; a
// worker whose line breaks ends at once, so that none outlives its daemon.
package worker
