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

// chunkSize is how much raw data is read at a time: an object of the pool.
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
	Proven    bool   `json:"proven"`    // the format proved its end
}

// during runs work with the source bound to ctx and progress reported.
func (f *flow) during(ctx context.Context, work func(ctx context.Context) error) error {
	unbind := context.AfterFunc(ctx, func() { f.source.Stop(context.Cause(ctx)) })
	defer unbind()
	ctx, stop := context.WithCancel(ctx)
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		f.report(ctx)
	}()
	err := work(ctx)
	stop()
	<-reported
	if err == nil {
		f.progress("copying", f.source.Offset(), f.source.Size(), "bytes")
	}
	return err
}

func (f *flow) report(ctx context.Context) {
	tick := time.NewTicker(reportEvery)
	defer tick.Stop()
	for {
		f.progress("copying", f.source.Offset(), f.source.Size(), "bytes")
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// stage decodes the image that r yields into the new volume name.
func (f *flow) stage(ctx context.Context, name string, r disk.Reader) (StagedDisk, error) {
	size := r.Info().Size
	known := size >= 0
	if !known {
		size = firstSize
	}
	v, err := f.pool.Create(ctx, name, size)
	if err != nil {
		return StagedDisk{}, fmt.Errorf("cannot make the volume %q: %w", name, err)
	}
	failpoint.Hit(failpoint.StageCreated)
	c := f.newCopier(v)
	if err := c.run(ctx, r); err != nil {
		if errors.Is(err, errAbandoned) {
			return StagedDisk{}, err
		}
		return StagedDisk{}, errors.Join(err, v.Close())
	}
	failpoint.Hit(failpoint.StageWritten)
	staged, err := f.finish(ctx, v, r, known)
	if err != nil {
		return StagedDisk{}, errors.Join(err, v.Close())
	}
	if err := v.Close(); err != nil {
		return StagedDisk{}, fmt.Errorf("cannot close the volume %q: %w", name, err)
	}
	failpoint.Hit(failpoint.StageFlushed)
	staged.Volume = name
	return staged, nil
}

// finish gives a written volume its exact size and makes it durable.
func (f *flow) finish(ctx context.Context, v block.Volume, r disk.Reader, known bool) (StagedDisk, error) {
	if !known {
		if err := v.Resize(r.Size()); err != nil {
			return StagedDisk{}, fmt.Errorf("cannot cut the volume to its %d bytes: %w", r.Size(), err)
		}
	}
	if err := v.Flush(); err != nil {
		return StagedDisk{}, fmt.Errorf("cannot flush the volume: %w", err)
	}
	info, err := v.Info(ctx)
	if err != nil {
		return StagedDisk{}, fmt.Errorf("cannot look at the volume: %w", err)
	}
	return StagedDisk{
		Size: v.Size(), Allocated: info.Allocated,
		Format: string(r.Info().Format), Proven: r.Info().ProvesEnd,
	}, nil
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
			withHint("its sender was cut off, or the size is wrong")
	}
	if wantSum != "" && sum != wantSum {
		return refuse(Integrity, "the SHA-256 of the source is %s, %s was announced", sum, wantSum)
	}
	return nil
}
