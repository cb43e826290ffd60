package mem

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"spliced/block"
)

// An image is what a pool keeps of a volume, shared by all its openings.
type image struct {
	pool    *Pool
	created time.Time

	openings       int    // guarded by pool.mu
	parent         *image // nil: not a clone
	parentSnapshot string

	mu        sync.RWMutex // guards what follows; taken after pool.mu
	size      int64
	owned     int64 // number of chunks that are this image's own
	chunks    map[int64]*chunk
	snapshots []string
	metadata  map[string]string
}

// open makes one more opening. The caller holds m.pool.mu.
func (m *image) open() *volume {
	m.openings++
	return &volume{image: m}
}

func (m *image) hasSnapshot(name string) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Contains(m.snapshots, name)
}

// A volume is one opening of an image.
type volume struct {
	image  *image
	closed atomic.Bool
}

// ReadAt implements io.ReaderAt.
func (v *volume) ReadAt(p []byte, off int64) (int, error) {
	m := v.image
	m.mu.RLock()
	defer m.mu.RUnlock()
	if err := v.use(); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, fmt.Errorf("read at %d: %w", off, fs.ErrInvalid)
	}
	n := int(min(int64(len(p)), max(m.size-off, 0)))
	for done := 0; done < n; {
		s := firstSpan(off+int64(done), int64(n-done))
		if c := m.chunks[s.index]; c != nil {
			copy(p[done:], c.data[s.from:s.to])
		} else {
			clear(p[done : done+s.len()])
		}
		done += s.len()
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WriteAt implements io.WriterAt.
func (v *volume) WriteAt(p []byte, off int64) (int, error) {
	m := v.image
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := v.writable(off, int64(len(p))); err != nil {
		return 0, fmt.Errorf("write %d bytes at %d: %w", len(p), off, err)
	}
	for done := 0; done < len(p); {
		s := firstSpan(off+int64(done), int64(len(p)-done))
		c, err := m.own(s.index)
		if err != nil {
			return done, fmt.Errorf("write %d bytes at %d: %w", len(p), off, err)
		}
		done += copy(c.data[s.from:s.to], p[done:])
	}
	return len(p), nil
}

// Zero implements block.Volume.
func (v *volume) Zero(off, length int64) error {
	m := v.image
	m.mu.Lock()
	defer m.mu.Unlock()
	err := v.writable(off, length)
	if err == nil {
		err = m.zero(off, length)
	}
	if err != nil {
		return fmt.Errorf("zero %d bytes at %d: %w", length, off, err)
	}
	return nil
}

// Data implements block.Volume.
func (v *volume) Data(ctx context.Context, visit func(off, length int64) error) error {
	indexes, size, err := v.present()
	if err != nil {
		return fmt.Errorf("look for data: %w", err)
	}
	for _, index := range indexes {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("look for data: %w", err)
		}
		off := index * chunkSize
		if err := visit(off, min(chunkSize, size-off)); err != nil {
			return err
		}
	}
	return nil
}

// present lists the chunks that are there, sorted, and gives the size.
func (v *volume) present() ([]int64, int64, error) {
	m := v.image
	m.mu.RLock()
	defer m.mu.RUnlock()
	return slices.Sorted(maps.Keys(m.chunks)), m.size, v.use()
}

// Flush implements block.Volume.
func (v *volume) Flush() error { return v.use() }

// Resize implements block.Volume.
func (v *volume) Resize(size int64) error {
	m := v.image
	m.mu.Lock()
	defer m.mu.Unlock()
	err := v.writable(0, 0)
	switch {
	case err != nil:
	case size < 0:
		err = fs.ErrInvalid
	case size < m.size:
		err = m.zero(size, m.size-size)
	}
	if err != nil {
		return fmt.Errorf("resize to %d bytes: %w", size, err)
	}
	m.size = size
	return nil
}

// Size implements block.Volume.
func (v *volume) Size() int64 {
	v.image.mu.RLock()
	defer v.image.mu.RUnlock()
	return v.image.size
}

// ObjectSize implements block.Volume.
func (*volume) ObjectSize() int64 { return chunkSize }

// Snapshot implements block.Volume.
func (v *volume) Snapshot(ctx context.Context, name string) error {
	m := v.image
	m.mu.Lock()
	defer m.mu.Unlock()
	err := check(ctx, name)
	if err == nil {
		err = v.use()
	}
	if err == nil && slices.Contains(m.snapshots, name) {
		err = fs.ErrExist
	}
	if err != nil {
		return fmt.Errorf("take snapshot %q: %w", name, err)
	}
	m.snapshots = append(m.snapshots, name)
	return nil
}

// SetMetadata implements block.Volume.
func (v *volume) SetMetadata(ctx context.Context, values map[string]string) error {
	m := v.image
	m.mu.Lock()
	defer m.mu.Unlock()
	err := ctx.Err()
	if err == nil {
		err = v.use()
	}
	if err != nil {
		return fmt.Errorf("set metadata: %w", err)
	}
	maps.Copy(m.metadata, values)
	return nil
}

// Info implements block.Volume.
func (v *volume) Info(ctx context.Context) (block.Info, error) {
	m := v.image
	m.pool.mu.Lock()
	defer m.pool.mu.Unlock()
	m.mu.RLock()
	defer m.mu.RUnlock()
	err := ctx.Err()
	if err == nil {
		err = v.use()
	}
	if err != nil {
		return block.Info{}, fmt.Errorf("ask about the volume: %w", err)
	}
	info := block.Info{
		Size:      m.size,
		Allocated: m.owned * chunkSize,
		Snapshots: slices.Clone(m.snapshots),
		Children:  m.pool.children(m),
		Metadata:  maps.Clone(m.metadata),
		Created:   m.created,
	}
	if m.parent != nil {
		info.Parent = m.pool.nameOf(m.parent) + "@" + m.parentSnapshot
	}
	return info, nil
}

// Close implements block.Volume.
func (v *volume) Close() error {
	if v.closed.Swap(true) {
		return fmt.Errorf("close the volume: %w", fs.ErrClosed)
	}
	p := v.image.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	v.image.openings--
	return nil
}

// use refuses what comes after Close.
func (v *volume) use() error {
	if v.closed.Load() {
		return fs.ErrClosed
	}
	return nil
}

// writable tells whether the range may be written now. The caller holds the
// image's lock.
func (v *volume) writable(off, length int64) error {
	switch m := v.image; {
	case v.closed.Load():
		return fs.ErrClosed
	case len(m.snapshots) > 0:
		return block.ErrFrozen
	case off < 0 || length < 0 || off > m.size || length > m.size-off:
		return fmt.Errorf("the volume has %d bytes: %w", m.size, fs.ErrInvalid)
	}
	return nil
}
