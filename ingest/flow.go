package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"spliced/block"
	"spliced/disk"
	"spliced/failpoint"
)

// chunkSize is the unit, in bytes, in which a disk is gathered and written: the
// size of an RBD image's objects. No extent crosses a multiple of it.
const chunkSize = 4 << 20

// reportEvery is how often progress is reported.
const reportEvery = 500 * time.Millisecond

// A flow is one upload under way.
type flow struct {
	pool     block.Pool
	source   *Source
	limits   Limits
	progress Progress
}

// A StagedDisk is a volume that holds a whole disk, flushed and closed, under
// its staging name.
type StagedDisk struct {
	Volume    string `json:"volume"`
	Size      int64  `json:"size"`      // bytes of the virtual disk
	Allocated int64  `json:"allocated"` // bytes of the pool
	Format    string `json:"format"`    // that it was decoded from
	Content   string `json:"content"`   // what contentSum makes of it
	Proven    bool   `json:"proven"`    // the format proved its end
}

// during runs work with the source bound to ctx and progress reported.
func (f *flow) during(ctx context.Context, work func(ctx context.Context) error) error {
	asked := ctx // the function below may run at any time, so its variable stays as it is
	unbind := context.AfterFunc(asked, func() { f.source.Stop(context.Cause(asked)) })
	defer unbind()
	tell := func() { f.progress("copying", f.source.Offset(), f.source.Size(), "bytes") }
	return reporting(ctx, tell, work)
}

// reporting has the progress of work told at its begin, from time to time, and,
// if it went well, at its end.
func reporting(ctx context.Context, tell func(), work func(ctx context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		report(ctx, tell)
	}()
	err := work(ctx)
	stop()
	<-reported
	if err == nil {
		tell()
	}
	return err
}

func report(ctx context.Context, tell func()) {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		tell()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// stage decodes the image that r yields into the new volume name. When it fails
// the answer still names the volume, which may be there.
func (f *flow) stage(ctx context.Context, name string, r disk.Reader) (StagedDisk, error) {
	staged := StagedDisk{Volume: name}
	known := r.Info().Size >= 0
	size := int64(firstSize)
	if known {
		size = r.Info().Size
	}
	v, err := f.pool.Create(ctx, name, size)
	if err != nil {
		return staged, fmt.Errorf("cannot make the volume %q: %w", name, err)
	}
	failpoint.Hit(failpoint.StageCreated)
	copier := f.newCopier(v)
	err = copier.run(ctx, r)
	if errors.Is(err, ErrAbandoned) {
		return staged, err
	}
	if err == nil {
		failpoint.Hit(failpoint.StageWritten)
		staged.Content = copier.content.String()
		err = f.finish(ctx, v, r, &staged)
	}
	if err := errors.Join(err, v.Close()); err != nil {
		return staged, err
	}
	failpoint.Hit(failpoint.StageFlushed)
	return staged, nil
}

// finish gives a written volume its exact size and makes it durable.
func (f *flow) finish(ctx context.Context, v block.Volume, r disk.Reader, staged *StagedDisk) error {
	if v.Size() != r.Size() {
		if err := v.Resize(r.Size()); err != nil {
			return fmt.Errorf("cannot cut the volume to its %d bytes: %w", r.Size(), err)
		}
	}
	staged.Format, staged.Proven = string(r.Info().Format), r.Info().ProvesEnd
	return finishVolume(ctx, v, staged)
}

// end demands that the source holds nothing after what was taken from it.
func (f *flow) end(r io.Reader) error {
	var one [1]byte
	n, err := io.ReadFull(r, one[:])
	if n > 0 {
		return refuse(BadSource, "the source goes on after byte %d, where its content ends", f.source.Offset()-1)
	}
	if !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

// matches compares what was read with what the caller said of it.
func (f *flow) matches(size int64, sum, wantSum string) error {
	if got := f.source.Offset(); size >= 0 && got != size {
		return refuse(Integrity, "the source gave %d bytes, %d were announced", got, size).
			withHint("Look whether its sender was cut off, and whether the size is right.")
	}
	if wantSum != "" && sum != wantSum {
		return refuse(Integrity, "the SHA-256 of the source is %s, %s was announced", sum, wantSum)
	}
	return nil
}
