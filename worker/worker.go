package worker

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"sync"

	"spliced/ingest"
	"spliced/ovf"
	"spliced/rpc"
)

// A Worker is the daemon's end of the line. It must be closed. One task may run
// at a time.
type Worker struct {
	conn *rpc.Conn
	end  func() error // waits for the worker's end, and sees to it

	mu       sync.Mutex
	progress ingest.Progress
	started  func(proves bool)
	said     func(line string) // of a script
}

// Start starts a worker: Process.Start in the daemon.
type Start func(ctx context.Context) (*Worker, error)

// newWorker takes over the daemon's end of the line.
func newWorker(ctx context.Context, conn *net.UnixConn, end func() error) *Worker {
	w := &Worker{end: end}
	w.conn = rpc.NewConn(context.WithoutCancel(ctx), conn, w.notified)
	return w
}

// Close breaks the line, which stops the task under way, and returns when the
// worker has ended: by itself, or killed when it doesn't in time.
func (w *Worker) Close() error {
	return errors.Join(w.conn.Close(), w.end())
}

func (w *Worker) notified(method string, params json.RawMessage) {
	w.mu.Lock()
	progress, started, said := w.progress, w.started, w.said
	w.mu.Unlock()
	switch method {
	case notifyProgress:
		var n progressNote
		if json.Unmarshal(params, &n) == nil && progress != nil {
			progress(n.Stage, n.Done, n.Total, n.Unit)
		}
	case notifyStarted:
		var n startedNote
		if json.Unmarshal(params, &n) == nil && started != nil {
			started(n.Proves)
		}
	case notifyLine:
		var n lineNote
		if json.Unmarshal(params, &n) == nil && said != nil {
			said(n.Text)
		}
	}
}

// call asks for a task. A worker that dies under it is a failure of the task
// alone.
func (w *Worker) call(ctx context.Context, method string, task, result any, files ...*os.File) error {
	err := w.conn.Call(ctx, method, task, result, files...)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.Is(err, rpc.ErrClosed):
		return rpc.Errorf(rpc.InternalError, "the worker process died; the daemon's log tells more.").WithCause(err).
			WithHint("Try again; if it dies again, report it with the log.")
	}
	return err
}

// Report says who is told of the progress of the tasks that follow.
func (w *Worker) Report(p ingest.Progress) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.progress = p
}

// StageImage is ingest.Image. The file stays the caller's.
func (w *Worker) StageImage(ctx context.Context, t ImageTask, src *os.File, started func(proves bool)) (ingest.StagedImage, error) {
	w.mu.Lock()
	w.started = started
	w.mu.Unlock()
	var staged ingest.StagedImage
	err := w.call(ctx, methodStageImage, t, &staged, src)
	return staged, err
}

// StageOVA is ingest.OVA. The file stays the caller's.
func (w *Worker) StageOVA(ctx context.Context, t OVATask, src *os.File) (*ingest.StagedOVA, error) {
	staged := &ingest.StagedOVA{}
	err := w.call(ctx, methodStageOVA, t, staged, src)
	return staged, err
}

// InspectImage is ingest.InspectImage.
func (w *Worker) InspectImage(ctx context.Context, l ingest.Limits, src *os.File) (ImageHead, error) {
	var head ImageHead
	err := w.call(ctx, methodInspectImage, inspectTask{Limits: l}, &head, src)
	return head, err
}

// InspectOVA is ingest.InspectOVA.
func (w *Worker) InspectOVA(ctx context.Context, l ingest.Limits, src *os.File) (*ovf.Plan, error) {
	plan := &ovf.Plan{}
	err := w.call(ctx, methodInspectOVA, inspectTask{Limits: l}, plan, src)
	return plan, err
}

// Commit is ingest.Commit.
func (w *Worker) Commit(ctx context.Context, pool PoolSpec, moves []ingest.Move) error {
	return w.call(ctx, methodCommit, commitTask{Pool: pool, Moves: moves}, nil)
}

// Undo is ingest.Undo.
func (w *Worker) Undo(ctx context.Context, pool PoolSpec, job string, finals []string) error {
	return w.call(ctx, methodUndo, volumesTask{Pool: pool, Job: job, Names: finals}, nil)
}

// Removable is ingest.Removable.
func (w *Worker) Removable(ctx context.Context, pool PoolSpec, job string, names []string) error {
	return w.call(ctx, methodRemovable, volumesTask{Pool: pool, Job: job, Names: names}, nil)
}

// Remove is ingest.Remove.
func (w *Worker) Remove(ctx context.Context, pool PoolSpec, job string, names []string) error {
	return w.call(ctx, methodRemove, volumesTask{Pool: pool, Job: job, Names: names}, nil)
}

// Room asks a pool for its room.
func (w *Worker) Room(ctx context.Context, pool PoolSpec) (Room, error) {
	var room Room
	err := w.call(ctx, methodRoom, roomTask{Pool: pool}, &room)
	return room, err
}

// Look asks a pool what it knows of a volume.
func (w *Worker) Look(ctx context.Context, pool PoolSpec, name string) (Look, error) {
	var look Look
	err := w.call(ctx, methodLook, lookTask{Pool: pool, Name: name}, &look)
	return look, err
}
