package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"spliced/block"
	"spliced/failpoint"
)

// A VolumeOrder says which volume to make for a VM. At most one of Source,
// Content and Filesystem says what is in it; without, it is blank.
type VolumeOrder struct {
	Pool    string `json:"pool"`    // in which it is made
	Staging string `json:"staging"` // its name
	// Size is its size in bytes. 0 stands for the source's, which it may be
	// larger than, and not smaller.
	Size       int64         `json:"size,omitempty"`
	Source     *VolumeSource `json:"source,omitempty"`
	Content    bool          `json:"content,omitempty"` // that comes with the order, exactly Size bytes
	Filesystem string        `json:"filesystem,omitempty"`
	// Args are options for the program that makes the filesystem. The caller has
	// checked that they name no other file.
	Args []string `json:"args,omitempty"`
}

// A VolumeSource is a volume with the snapshot that Commit takes. In the order's
// own pool the new volume is a clone of it, from another one a copy.
type VolumeSource struct {
	Pool   string `json:"pool"`
	Volume string `json:"volume"`
}

// Pools gives the open pool of that name, which stays the giver's.
type Pools func(name string) (block.Pool, error)

// MakeVolume makes a volume under its staging name. It returns when the volume
// is durable; when it fails the volume may be left behind for Undo, and with
// ErrAbandoned it, and the source, are still in use. Content is read to its end
// if the order says that there is some, else not at all.
//
// fs.ErrInvalid for an order that contradicts itself, fs.ErrNotExist when the
// source or its snapshot isn't there, and a Refusal for what can't be had.
func MakeVolume(ctx context.Context, pools Pools, o VolumeOrder, content io.Reader, l Limits, p Progress) (StagedDisk, error) {
	staged := StagedDisk{Volume: o.Staging}
	if err := o.check(l); err != nil {
		return staged, err
	}
	pool, err := pools(o.Pool)
	if err != nil {
		return staged, err
	}
	m := &maker{pools: pools, pool: pool, order: o, content: content, limits: l, progress: p}
	v, err := m.make(ctx)
	if err != nil {
		return staged, err
	}
	failpoint.Hit(failpoint.StageWritten)
	if o.empty() {
		err = settleVolume(v, &staged)
	} else {
		err = finishVolume(ctx, v, &staged)
	}
	if err := errors.Join(err, v.Close()); err != nil {
		return staged, err
	}
	failpoint.Hit(failpoint.StageFlushed)
	return staged, nil
}

// check refuses what can't be meant.
func (o VolumeOrder) check(l Limits) error {
	kinds := 0
	for _, is := range []bool{o.Source != nil, o.Content, o.Filesystem != ""} {
		if is {
			kinds++
		}
	}
	switch {
	case kinds > 1:
		return fmt.Errorf("the volume %q is to have contents of more than one kind: %w", o.Staging, fs.ErrInvalid)
	case o.Size < 0 || o.Size == 0 && o.Source == nil:
		return fmt.Errorf("the volume %q is to have %d bytes: %w", o.Staging, o.Size, fs.ErrInvalid)
	case l.MaxVirtualSize > 0 && o.Size > l.MaxVirtualSize:
		return refuse(TooLarge, "a volume of %d bytes is larger than the largest disk allowed, %d bytes", o.Size, l.MaxVirtualSize)
	case o.Filesystem != "":
		return checkFilesystem(o.Filesystem, o.Size)
	}
	return nil
}

// empty tells that nothing is written to the volume: it is a clone, or blank. To
// count what is allocated of it would take half a second for each TiB.
func (o VolumeOrder) empty() bool {
	clone := o.Source != nil && o.Source.Pool == o.Pool
	blank := o.Source == nil && !o.Content && o.Filesystem == ""
	return clone || blank
}

// finishVolume makes a written volume durable and tells what it is like, what is
// allocated of it too.
func finishVolume(ctx context.Context, v block.Volume, staged *StagedDisk) error {
	if err := settleVolume(v, staged); err != nil {
		return err
	}
	info, err := v.Info(ctx)
	if err != nil {
		return fmt.Errorf("cannot look at the volume: %w", err)
	}
	staged.Allocated = info.Allocated
	return nil
}

// settleVolume makes a volume durable and tells its size.
func settleVolume(v block.Volume, staged *StagedDisk) error {
	if err := v.Flush(); err != nil {
		return fmt.Errorf("cannot flush the volume: %w", err)
	}
	staged.Size = v.Size()
	return nil
}
