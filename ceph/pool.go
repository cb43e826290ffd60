package ceph

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync/atomic"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"spliced/block"
)

const (
	// objectOrder is the binary logarithm of the size of new images' objects:
	// 4 MiB, Ceph's own default.
	objectOrder = 22

	// features of new images are Ceph's own default. Filling an image with an
	// object map costs one small write more for each object, which could not be
	// seen in the time. Without it, removing or shrinking an image deletes every
	// object that could be there, one by one, and how much of it is taken can be
	// told only by asking for each of them: for an empty volume of 1 TiB removal
	// took 90 s, with the map 0.4 s. Object map and fast diff need the exclusive
	// lock; deep flatten lets an admin cut a clone with snapshots off from its
	// parent.
	features = rbd.FeatureLayering | rbd.FeatureExclusiveLock | rbd.FeatureObjectMap |
		rbd.FeatureFastDiff | rbd.FeatureDeepFlatten

	// cloneFormat is that of clones: those of format 2 need no protected
	// snapshot, and hence no right to look for children in all other pools.
	// Ceph makes them unasked only where no client is older than Mimic.
	cloneFormat = 2
)

// A Pool is an RBD pool or a namespace of one; it is a block.Pool.
type Pool struct {
	name      string
	namespace string
	user      string
	conn      *rados.Conn
	ioctx     *rados.IOContext
	features  uint64        // of new images
	names     chan struct{} // full while this process locks the names
	trash     atomic.Bool   // the pool has a trash
	open      atomic.Int64  // volumes that are open
}

var _ block.Pool = (*Pool)(nil)

// ready says why a call on the volumes of these names, or snapshots, can't
// begin.
func ready(ctx context.Context, names ...string) error {
	for _, name := range names {
		if !block.ValidName(name) {
			return fmt.Errorf("%q is not a name: %w", name, fs.ErrInvalid)
		}
	}
	return context.Cause(ctx)
}

// Create implements block.Pool.
func (p *Pool) Create(ctx context.Context, name string, size int64) (block.Volume, error) {
	err := ready(ctx, name)
	if err == nil && size < 0 {
		err = fmt.Errorf("%d bytes: %w", size, fs.ErrInvalid)
	}
	if err != nil {
		return nil, failure("create", name, err)
	}
	var v *volume
	err = p.withNames(ctx, func() error {
		v, err = p.create(name, uint64(size)) //nolint:gosec // not negative
		return err
	})
	if err != nil {
		return nil, failure("create", name, err)
	}
	return v, nil
}

func (p *Pool) create(name string, size uint64) (*volume, error) {
	o, err := p.imageOptions()
	if err != nil {
		return nil, err
	}
	defer o.Destroy()
	if err := p.makeTrash(); err != nil {
		return nil, err
	}
	if err := rbd.CreateImage(p.ioctx, name, size, o); err != nil {
		return nil, err
	}
	v, err := p.openVolume(name)
	if err != nil {
		// It was never open, so nobody can have put anything in.
		return nil, errors.Join(cause(err), cause(rbd.RemoveImage(p.ioctx, name)))
	}
	return v, nil
}

// imageOptions are those of new images. The caller destroys them.
func (p *Pool) imageOptions() (*rbd.ImageOptions, error) {
	o := rbd.NewRbdImageOptions()
	err := errors.Join(
		o.SetUint64(rbd.ImageOptionFormat, 2),
		o.SetUint64(rbd.ImageOptionOrder, objectOrder),
		o.SetUint64(rbd.ImageOptionFeatures, p.features),
	)
	if err != nil {
		o.Destroy()
		return nil, err
	}
	return o, nil
}

// Open implements block.Pool.
func (p *Pool) Open(ctx context.Context, name string) (block.Volume, error) {
	if err := ready(ctx, name); err != nil {
		return nil, failure("open", name, err)
	}
	v, err := p.openVolume(name)
	if err != nil {
		return nil, failure("open", name, err)
	}
	return v, nil
}

// openVolume opens the image of that name. Also a frozen volume is opened for
// writing, because only that makes Ceph remember who has it open.
func (p *Pool) openVolume(name string) (*volume, error) {
	img, err := rbd.OpenImage(p.ioctx, name, rbd.NoSnapshot)
	if err != nil {
		return nil, err
	}
	v := &volume{pool: p, name: name, img: img}
	if err := v.load(); err != nil {
		return nil, errors.Join(cause(err), cause(img.Close()))
	}
	p.open.Add(1)
	return v, nil
}

// List implements block.Pool. Images with names that no volume can have are
// left out: they are somebody else's.
func (p *Pool) List(ctx context.Context) ([]string, error) {
	if err := ready(ctx); err != nil {
		return nil, fmt.Errorf("cannot list pool %q: %w", p.name, err)
	}
	names, err := rbd.GetImageNames(p.ioctx)
	if err != nil {
		return nil, fmt.Errorf("cannot list pool %q: %w", p.name, cause(err))
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !block.ValidName(name) })
	slices.Sort(names)
	return names, nil
}

// Rename implements block.Pool.
func (p *Pool) Rename(ctx context.Context, from, to string) error {
	err := ready(ctx, from, to)
	if err == nil {
		err = p.withNames(ctx, func() error { return p.rename(from, to) })
	}
	if err != nil {
		return failure("rename", from, fmt.Errorf("to %q: %w", to, cause(err)))
	}
	return nil
}

func (p *Pool) rename(from, to string) error {
	if from != to {
		return rbd.GetImage(p.ioctx, from).Rename(to)
	}
	img, err := rbd.OpenImageReadOnly(p.ioctx, from, rbd.NoSnapshot)
	if err != nil {
		return err
	}
	return errors.Join(fs.ErrExist, cause(img.Close()))
}

// Close implements block.Pool. With volumes still open it refuses: librbd would
// crash when they are used or closed later.
func (p *Pool) Close() error {
	if n := p.open.Load(); n != 0 {
		return fmt.Errorf("cannot close pool %q: %d volumes are open", p.name, n)
	}
	p.ioctx.Destroy()
	p.conn.Shutdown()
	return nil
}
