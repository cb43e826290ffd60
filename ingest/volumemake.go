package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"spliced/block"
	"spliced/failpoint"
)

// A maker carries out one order.
type maker struct {
	pools    Pools
	pool     block.Pool // in which the volume is made
	order    VolumeOrder
	content  io.Reader
	limits   Limits
	progress Progress
}

// make gives the volume with its content, open and not flushed.
func (m *maker) make(ctx context.Context) (block.Volume, error) {
	source := m.order.Source
	switch {
	case source != nil && source.Pool == m.order.Pool:
		return m.clone(ctx)
	case source != nil:
		return m.copy(ctx)
	case m.order.Filesystem != "":
		return m.format(ctx)
	}
	return m.create(ctx, m.order.Size, m.fill)
}

// create makes the volume and lets fill write to it.
func (m *maker) create(ctx context.Context, size int64, fill func(context.Context, block.Volume) error) (block.Volume, error) {
	v, err := m.pool.Create(ctx, m.order.Staging, size)
	if err != nil {
		return nil, fmt.Errorf("cannot make the volume %q: %w", m.order.Staging, err)
	}
	failpoint.Hit(failpoint.StageCreated)
	err = fill(ctx, v)
	if errors.Is(err, ErrAbandoned) {
		return nil, err
	}
	if err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

// clone takes the same few calls whatever the source's size.
func (m *maker) clone(ctx context.Context) (block.Volume, error) {
	source, name := m.order.Source.Volume, m.order.Staging
	m.progress("cloning", 0, 1, "volumes")
	if err := m.pool.Clone(ctx, source, Snapshot, name); err != nil {
		return nil, fmt.Errorf("cannot clone the volume %q: %w", source, err)
	}
	failpoint.Hit(failpoint.StageCreated)
	v, err := m.pool.Open(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("cannot open the clone %q: %w", name, err)
	}
	if err := m.enlarge(v); err != nil {
		return nil, errors.Join(err, v.Close())
	}
	m.progress("cloning", 1, 1, "volumes")
	return v, nil
}

// enlarge gives a clone the size that was asked for.
func (m *maker) enlarge(v block.Volume) error {
	size, err := m.sizeFor(v.Size())
	if err != nil || size == v.Size() {
		return err
	}
	if err := v.Resize(size); err != nil {
		return fmt.Errorf("cannot enlarge the clone to %d bytes: %w", size, err)
	}
	return nil
}

// sizeFor is the size of a volume made from a source of that size.
func (m *maker) sizeFor(source int64) (int64, error) {
	if m.order.Size == 0 {
		return source, nil
	}
	if m.order.Size < source {
		return 0, refuse(Unsupported, "the volume %q has %d bytes, which don't fit %d", m.order.Source.Volume, source, m.order.Size).
			withHint("Ask for at least the source's size; a disk can be made larger, and not smaller.")
	}
	return m.order.Size, nil
}

// copy copies a source from another pool.
func (m *maker) copy(ctx context.Context) (block.Volume, error) {
	source := m.order.Source
	from, err := m.pools(source.Pool)
	if err != nil {
		return nil, err
	}
	v, err := from.Open(ctx, source.Volume)
	if err != nil {
		return nil, fmt.Errorf("cannot open the volume %q: %w", source.Volume, err)
	}
	made, err := m.copyFrom(ctx, v)
	if errors.Is(err, ErrAbandoned) {
		return nil, err
	}
	if err := errors.Join(err, v.Close()); err != nil {
		if made != nil {
			err = errors.Join(err, made.Close())
		}
		return nil, err
	}
	return made, nil
}

// copyFrom copies a volume that nobody writes to any more.
func (m *maker) copyFrom(ctx context.Context, from block.Volume) (block.Volume, error) {
	info, err := from.Info(ctx)
	if err != nil {
		return nil, fmt.Errorf("cannot look at the volume %q: %w", m.order.Source.Volume, err)
	}
	if !slices.Contains(info.Snapshots, Snapshot) {
		return nil, fmt.Errorf("the volume %q has no snapshot %q to be copied: %w", m.order.Source.Volume, Snapshot, fs.ErrNotExist)
	}
	size, err := m.sizeFor(from.Size())
	if err != nil {
		return nil, err
	}
	return m.create(ctx, size, func(ctx context.Context, v block.Volume) error { return m.transfer(ctx, v, from) })
}

// fill writes what came with the order, if something did.
func (m *maker) fill(ctx context.Context, v block.Volume) error {
	if !m.order.Content {
		return nil
	}
	buf := make([]byte, min(m.order.Size, chunkSize))
	for off := int64(0); off < m.order.Size; {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		part := buf[:min(m.order.Size-off, chunkSize)]
		n, err := io.ReadFull(m.content, part)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return refuse(Integrity, "the content ends after %d bytes, %d were announced", off+int64(n), m.order.Size)
		}
		if err != nil {
			return fmt.Errorf("cannot read the content: %w", err)
		}
		if _, err := v.WriteAt(part, off); err != nil {
			return fmt.Errorf("cannot write the content: %w", err)
		}
		off += int64(len(part))
	}
	return atEnd(m.content, m.order.Size)
}

// atEnd demands that a reader has nothing more.
func atEnd(r io.Reader, size int64) error {
	var one [1]byte
	n, err := io.ReadFull(r, one[:])
	if n > 0 {
		return refuse(Integrity, "the content goes on after the %d bytes that were announced", size)
	}
	if !errors.Is(err, io.EOF) {
		return fmt.Errorf("cannot read the content: %w", err)
	}
	return nil
}
