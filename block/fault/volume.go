package fault

import (
	"context"
	"errors"
	"io"

	"spliced/block"
)

// volume is the layer over a volume; Size and ObjectSize go straight through.
type volume struct {
	block.Volume
	plan *Plan
	name string // under which it was opened
}

// ReadAt implements io.ReaderAt.
func (v *volume) ReadAt(p []byte, off int64) (int, error) {
	r, _ := v.plan.enter(v.ranged(ReadAt, off, int64(len(p))), nil)
	if r.Err != nil && !r.After {
		return 0, r.Err
	}
	n, err := v.Volume.ReadAt(p, off)
	if r.Err != nil {
		return 0, r.Err
	}
	return n, err
}

// WriteAt implements io.WriterAt.
func (v *volume) WriteAt(p []byte, off int64) (int, error) {
	r, _ := v.plan.enter(v.ranged(WriteAt, off, int64(len(p))), nil)
	if r.Partial > 0 && r.Partial < len(p) {
		return v.writePart(p[:r.Partial], off, r.Err)
	}
	if r.Err != nil && !r.After {
		return 0, r.Err
	}
	n, err := v.Volume.WriteAt(p, off)
	if r.Err != nil {
		return 0, r.Err
	}
	return n, err
}

// writePart writes what a short write leaves and answers why it is short.
func (v *volume) writePart(p []byte, off int64, why error) (int, error) {
	n, err := v.Volume.WriteAt(p, off)
	if err == nil {
		err = why
	}
	if err == nil {
		err = io.ErrShortWrite
	}
	return n, err
}

// Zero implements block.Volume.
func (v *volume) Zero(off, length int64) error {
	return v.plan.doAlways(v.ranged(Zero, off, length), func() error { return v.Volume.Zero(off, length) })
}

// Data implements block.Volume.
func (v *volume) Data(ctx context.Context, visit func(off, length int64) error) error {
	return v.plan.do(ctx, Call{Op: Data, Volume: v.name}, func() error { return v.Volume.Data(ctx, visit) })
}

// Flush implements block.Volume.
func (v *volume) Flush() error {
	return v.plan.doAlways(Call{Op: Flush, Volume: v.name}, v.Volume.Flush)
}

// Resize implements block.Volume.
func (v *volume) Resize(size int64) error {
	return v.plan.doAlways(v.ranged(Resize, 0, size), func() error { return v.Volume.Resize(size) })
}

// Snapshot implements block.Volume.
func (v *volume) Snapshot(ctx context.Context, name string) error {
	return v.plan.do(ctx, Call{Op: Snapshot, Volume: v.name, Target: name}, func() error {
		return v.Volume.Snapshot(ctx, name)
	})
}

// SetMetadata implements block.Volume.
func (v *volume) SetMetadata(ctx context.Context, values map[string]string) error {
	return v.plan.do(ctx, Call{Op: SetMetadata, Volume: v.name}, func() error {
		return v.Volume.SetMetadata(ctx, values)
	})
}

// Info implements block.Volume.
func (v *volume) Info(ctx context.Context) (block.Info, error) {
	return value(ctx, v.plan, Call{Op: Info, Volume: v.name}, v.Volume.Info)
}

// Close implements block.Volume. It is always carried out.
func (v *volume) Close() error {
	r, _ := v.plan.enter(Call{Op: CloseVolume, Volume: v.name}, nil)
	return errors.Join(r.Err, v.Volume.Close())
}

func (v *volume) ranged(op Op, off, length int64) Call {
	return Call{Op: op, Volume: v.name, Off: off, Length: length}
}
