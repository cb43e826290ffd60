package ceph

import (
	"context"
	"io/fs"

	"github.com/ceph/go-ceph/rbd"
)

// dataWindow is how many bytes of an image librbd is asked about at once: it
// calls back from within, where no other call of it may be made, so what it
// says is kept meanwhile, for 16384 objects at most.
const dataWindow = 64 << 30

// Data implements block.Volume. The runs are whole objects, also those of the
// parent where they show; the object map has them without a look at the OSDs.
func (v *volume) Data(ctx context.Context, visit func(off, length int64) error) error {
	size := v.size.Load()
	for off := int64(0); off < size; off += dataWindow {
		runs, err := v.dataIn(ctx, off, min(dataWindow, size-off))
		if err != nil {
			return failure("look for data of", v.name, err)
		}
		for _, r := range runs {
			if err := visit(r.off, r.length); err != nil {
				return err
			}
		}
	}
	return nil
}

type run struct{ off, length int64 }

// dataIn lists the runs of objects in a range.
func (v *volume) dataIn(ctx context.Context, off, length int64) (runs []run, err error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if v.closed.Load() {
		return nil, fs.ErrClosed
	}
	err = v.img.DiffIterate(rbd.DiffIterateConfig{
		Offset:        uint64(off),    //nolint:gosec // not negative
		Length:        uint64(length), //nolint:gosec // not negative
		IncludeParent: rbd.IncludeParent,
		WholeObject:   rbd.EnableWholeObject,
		Callback: func(at, n uint64, exists int, _ any) int {
			if exists != 0 {
				runs = join(runs, run{int64(at), int64(n)}) //nolint:gosec // within the image
			}
			return 0
		},
	})
	return runs, err
}

// join adds a run, to the last one where they touch.
func join(runs []run, r run) []run {
	if n := len(runs); n > 0 && runs[n-1].off+runs[n-1].length == r.off {
		runs[n-1].length += r.length
		return runs
	}
	return append(runs, r)
}
