package worker

import (
	"context"
	"errors"
	"os"

	"spliced/block"
	"spliced/ingest"
	"spliced/rpc"
)

// The requests that are about what a pool says of itself.
const (
	methodStageRecord = "record.stage"
	methodReadRecord  = "record.read"
	methodSeal        = "volume.seal"
	methodList        = "volumes.list"
	methodSurvey      = "volumes.survey"
	methodContent     = "volume.content"
)

// surveyed is how many volumes are asked for at a time: their answers, at the
// longest that metadata may be, stay far below rpc.MaxReply.
const surveyed = 64

type stageRecordTask struct {
	Pool PoolSpec `json:"pool"`
	Name string   `json:"name"` // of the staging volume
	Size int64    `json:"size"` // bytes, of what the descriptor gives
}

type readRecordTask struct {
	Pool PoolSpec `json:"pool"`
	Name string   `json:"name"`
	Most int64    `json:"most"` // bytes
}

type recordAnswer struct {
	Content []byte `json:"content"`
}

type sealTask struct {
	Pool PoolSpec `json:"pool"`
	Job  string   `json:"job"` // that made the volume
	Name string   `json:"name"`
}

type listTask struct {
	Pool PoolSpec `json:"pool"`
}

type listAnswer struct {
	Names []string `json:"names"`
}

type surveyTask struct {
	Pool  PoolSpec `json:"pool"`
	Names []string `json:"names,omitempty"`
}

type surveyAnswer struct {
	Facts []ingest.Facts `json:"facts"`
}

type contentAnswer struct {
	Content string `json:"content"`
}

func (s *server) checkMethods() []rpc.Method {
	return []rpc.Method{
		bind(rpc.Method{Name: methodStageRecord, MinFDs: 1}, s.stageRecord),
		bind(rpc.Method{Name: methodReadRecord}, s.readRecord),
		bind(rpc.Method{Name: methodSeal}, s.seal),
		bind(rpc.Method{Name: methodList}, s.list),
		bind(rpc.Method{Name: methodSurvey}, s.survey),
		bind(rpc.Method{Name: methodContent}, s.content),
	}
}

func (s *server) stageRecord(ctx context.Context, c *rpc.Call, t stageRecordTask) (staged ingest.StagedDisk, err error) {
	file, err := c.TakeFD(0)
	if err != nil {
		return staged, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	err = s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		staged, err = ingest.StageRecord(ctx, pool, t.Name, file, t.Size)
		return err
	})
	return staged, err
}

func (s *server) readRecord(ctx context.Context, _ *rpc.Call, t readRecordTask) (answer recordAnswer, err error) {
	err = s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		answer.Content, err = ingest.ReadRecord(ctx, pool, t.Name, t.Most)
		return err
	})
	return answer, err
}

func (s *server) seal(ctx context.Context, _ *rpc.Call, t sealTask) (done, error) {
	return done{}, s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		return ingest.Seal(ctx, pool, t.Job, t.Name)
	})
}

func (s *server) list(ctx context.Context, _ *rpc.Call, t listTask) (answer listAnswer, err error) {
	err = s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		answer.Names, err = pool.List(ctx)
		return err
	})
	return answer, err
}

func (s *server) survey(ctx context.Context, _ *rpc.Call, t surveyTask) (answer surveyAnswer, err error) {
	err = s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		answer.Facts, err = ingest.Survey(ctx, pool, t.Names)
		return err
	})
	return answer, err
}

func (s *server) content(ctx context.Context, _ *rpc.Call, t lookTask) (answer contentAnswer, err error) {
	err = s.withPool(ctx, t.Pool, func(pool block.Pool) error {
		answer.Content, err = ingest.Content(ctx, pool, t.Name)
		return err
	})
	return answer, err
}

// StageRecord is ingest.StageRecord, of size bytes from the file's position. The
// file stays the caller's.
func (w *Worker) StageRecord(ctx context.Context, pool PoolSpec, name string, file *os.File, size int64) (ingest.StagedDisk, error) {
	var staged ingest.StagedDisk
	err := w.call(ctx, methodStageRecord, stageRecordTask{Pool: pool, Name: name, Size: size}, &staged, file)
	return staged, err
}

// ReadRecord is ingest.ReadRecord; most must be some MiB below rpc.MaxReply.
func (w *Worker) ReadRecord(ctx context.Context, pool PoolSpec, name string, most int64) ([]byte, error) {
	var answer recordAnswer
	err := w.call(ctx, methodReadRecord, readRecordTask{Pool: pool, Name: name, Most: most}, &answer)
	return answer.Content, err
}

// Seal is ingest.Seal.
func (w *Worker) Seal(ctx context.Context, pool PoolSpec, job, name string) error {
	return w.call(ctx, methodSeal, sealTask{Pool: pool, Job: job, Name: name}, nil)
}

// List names a pool's volumes, sorted.
func (w *Worker) List(ctx context.Context, pool PoolSpec) ([]string, error) {
	var answer listAnswer
	err := w.call(ctx, methodList, listTask{Pool: pool}, &answer)
	return answer.Names, err
}

// Survey is ingest.Survey, of any number of volumes. progress is told how many
// have been looked at.
func (w *Worker) Survey(ctx context.Context, pool PoolSpec, names []string, progress func(done int)) ([]ingest.Facts, error) {
	all := make([]ingest.Facts, 0, len(names))
	for len(names) > 0 {
		n := min(surveyed, len(names))
		var answer surveyAnswer
		if err := w.call(ctx, methodSurvey, surveyTask{Pool: pool, Names: names[:n]}, &answer); err != nil {
			return nil, err
		}
		all, names = append(all, answer.Facts...), names[n:]
		progress(len(all))
	}
	return all, nil
}

// Content is ingest.Content.
func (w *Worker) Content(ctx context.Context, pool PoolSpec, name string) (string, error) {
	var answer contentAnswer
	err := w.call(ctx, methodContent, lookTask{Pool: pool, Name: name}, &answer)
	return answer.Content, err
}
