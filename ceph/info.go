package ceph

import (
	"cmp"
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"syscall"
	"time"

	"github.com/ceph/go-ceph/rbd"

	"spliced/block"
)

// Snapshot implements block.Volume.
func (v *volume) Snapshot(ctx context.Context, name string) error {
	err := ready(ctx, name)
	if err == nil && v.closed.Load() {
		err = fs.ErrClosed
	}
	if err == nil {
		_, err = v.img.CreateSnapshot(name)
	}
	if err != nil {
		return failure("take a snapshot of", v.name, fmt.Errorf("%q: %w", name, cause(err)))
	}
	v.frozen.Store(true)
	return nil
}

// SetMetadata implements block.Volume. Each key is set by itself, in order of
// the keys: after a failure those before it have their new values.
func (v *volume) SetMetadata(ctx context.Context, values map[string]string) error {
	if v.closed.Load() {
		return failure("describe", v.name, fs.ErrClosed)
	}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		err := context.Cause(ctx)
		if err == nil {
			err = v.img.SetMetadata(key, values[key])
		}
		if err != nil {
			return failure("describe", v.name, fmt.Errorf("%q: %w", key, cause(err)))
		}
	}
	return nil
}

// Info implements block.Volume. With an object map, Allocated counts whole
// objects.
func (v *volume) Info(ctx context.Context) (block.Info, error) {
	err := context.Cause(ctx)
	if err == nil && v.closed.Load() {
		err = fs.ErrClosed
	}
	var info block.Info
	if err == nil {
		info, err = v.info()
	}
	if err != nil {
		return block.Info{}, failure("examine", v.name, err)
	}
	return info, nil
}

func (v *volume) info() (info block.Info, err error) {
	size, err := v.img.GetSize()
	if err != nil {
		return info, err
	}
	info.Size = int64(size) //nolint:gosec // librbd's limit is far below
	if info.Allocated, err = v.allocated(size); err != nil {
		return info, err
	}
	snapshots, err := userSnapshots(v.img)
	if err != nil {
		return info, err
	}
	for _, s := range snapshots {
		info.Snapshots = append(info.Snapshots, s.Name)
	}
	if info.Parent, err = v.parent(); err != nil {
		return info, err
	}
	if info.Children, err = v.children(); err != nil {
		return info, err
	}
	if info.Metadata, err = v.img.ListMetadata(); err != nil {
		return info, err
	}
	delete(info.Metadata, removedMark) // of a removal that was cut off before anything was done
	created, err := v.img.GetCreateTimestamp()
	info.Created = time.Unix(created.Sec, created.Nsec)
	return info, err
}

// allocated counts the bytes of the objects that are there.
func (v *volume) allocated(size uint64) (int64, error) {
	if size == 0 {
		return 0, nil
	}
	var sum uint64
	err := v.img.DiffIterate(rbd.DiffIterateConfig{
		Length:        size,
		IncludeParent: rbd.ExcludeParent,
		WholeObject:   rbd.EnableWholeObject,
		Callback: func(_, length uint64, exists int, _ any) int {
			if exists != 0 {
				sum += length
			}
			return 0
		},
	})
	return int64(sum), err
}

// parent names the snapshot that the image was cloned from.
func (v *volume) parent() (string, error) {
	parent, err := v.img.GetParent()
	if errno(err) == syscall.ENOENT {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return v.pool.spec(parent.Image) + "@" + parent.Snap.SnapName, nil
}

// children names the clones of all snapshots.
func (v *volume) children() ([]string, error) {
	specs, err := v.img.ListChildrenAttributes()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, s := range specs {
		names = append(names, v.pool.spec(s))
	}
	slices.Sort(names)
	return names, nil
}

// spec names an image as seen from this pool.
func (p *Pool) spec(s rbd.ImageSpec) string {
	switch {
	case s.PoolName == p.name && s.PoolNamespace == p.namespace:
		return s.ImageName
	case s.PoolNamespace == "":
		return s.PoolName + "/" + s.ImageName
	}
	return s.PoolName + "/" + s.PoolNamespace + "/" + s.ImageName
}

// userSnapshots lists the snapshots that were taken by name, oldest first, and
// not those that Ceph keeps for groups, mirrors or its trash.
func userSnapshots(img *rbd.Image) ([]rbd.SnapInfo, error) {
	all, err := img.GetSnapshotNames()
	if err != nil {
		return nil, err
	}
	var users []rbd.SnapInfo
	for _, s := range all {
		kind, err := img.GetSnapNamespaceType(s.Id)
		if errno(err) == syscall.ENOENT { // removed meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		if kind == rbd.SnapNamespaceTypeUser {
			users = append(users, s)
		}
	}
	slices.SortFunc(users, func(a, b rbd.SnapInfo) int { return cmp.Compare(a.Id, b.Id) })
	return users, nil
}
