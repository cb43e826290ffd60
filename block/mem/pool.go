package mem

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"
	"syscall"
	"time"

	"spliced/block"
)

// Pool is a block.Pool in memory.
type Pool struct {
	mu       sync.Mutex // guards images and, in them, what names and links say
	images   map[string]*image
	capacity int64

	room sync.Mutex // guards used
	used int64
}

// New makes an empty pool that takes up to capacity bytes of data, counted in
// chunks of 64 KiB.
func New(capacity int64) *Pool {
	return &Pool{images: map[string]*image{}, capacity: capacity}
}

// Create implements block.Pool.
func (p *Pool) Create(ctx context.Context, name string, size int64) (block.Volume, error) {
	if err := check(ctx, name); err != nil {
		return nil, fmt.Errorf("create volume %q: %w", name, err)
	}
	if size < 0 {
		return nil, fmt.Errorf("create volume %q of %d bytes: %w", name, size, fs.ErrInvalid)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.images[name] != nil {
		return nil, fmt.Errorf("create volume %q: %w", name, fs.ErrExist)
	}
	m := newImage(p, size)
	p.images[name] = m
	return m.open(), nil
}

// Open implements block.Pool.
func (p *Pool) Open(ctx context.Context, name string) (block.Volume, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, err := p.find(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("open volume %q: %w", name, err)
	}
	return m.open(), nil
}

// List implements block.Pool.
func (p *Pool) List(ctx context.Context) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("list volumes: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Sorted(maps.Keys(p.images)), nil
}

// Rename implements block.Pool.
func (p *Pool) Rename(ctx context.Context, from, to string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, err := p.find(ctx, from)
	if err == nil {
		err = check(ctx, to)
	}
	if err == nil && p.images[to] != nil {
		err = fs.ErrExist
	}
	if err != nil {
		return fmt.Errorf("rename volume %q to %q: %w", from, to, err)
	}
	delete(p.images, from)
	p.images[to] = m
	return nil
}

// Clone implements block.Pool.
func (p *Pool) Clone(ctx context.Context, parent, snapshot, clone string) error {
	if err := p.clone(ctx, parent, snapshot, clone); err != nil {
		return fmt.Errorf("clone volume %q from %q: %w", clone, parent+"@"+snapshot, err)
	}
	return nil
}

func (p *Pool) clone(ctx context.Context, parent, snapshot, clone string) error {
	if !block.ValidName(snapshot) || !block.ValidName(clone) {
		return fs.ErrInvalid
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	from, err := p.find(ctx, parent)
	if err != nil {
		return err
	}
	if !from.hasSnapshot(snapshot) {
		return fs.ErrNotExist
	}
	if p.images[clone] != nil {
		return fs.ErrExist
	}
	m := newImage(p, from.size)
	m.chunks = maps.Clone(from.chunks)
	m.parent, m.parentSnapshot = from, snapshot
	p.images[clone] = m
	return nil
}

// Flatten implements block.Pool.
func (p *Pool) Flatten(ctx context.Context, name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, err := p.find(ctx, name)
	if err == nil {
		err = m.flatten()
	}
	if err != nil {
		return fmt.Errorf("flatten volume %q: %w", name, err)
	}
	return nil
}

// Remove implements block.Pool. It answers syscall.EBUSY while the volume is
// open.
func (p *Pool) Remove(ctx context.Context, name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	m, err := p.find(ctx, name)
	switch {
	case err != nil:
	case len(p.children(m)) > 0:
		err = block.ErrHasClones
	case m.openings > 0:
		err = syscall.EBUSY
	}
	if err != nil {
		return fmt.Errorf("remove volume %q: %w", name, err)
	}
	delete(p.images, name)
	p.give(m.owned * chunkSize)
	return nil
}

// Room implements block.Pool.
func (p *Pool) Room(ctx context.Context) (block.Room, error) {
	if err := ctx.Err(); err != nil {
		return block.Room{}, fmt.Errorf("ask for the pool's room: %w", err)
	}
	p.room.Lock()
	defer p.room.Unlock()
	return block.Room{Size: p.capacity, Free: p.capacity - p.used}, nil
}

// Locate implements block.Pool: another process can't reach our memory.
func (*Pool) Locate(context.Context) (block.Location, error) {
	return block.Location{}, fmt.Errorf("locate a pool in memory: %w", errors.ErrUnsupported)
}

// Close implements block.Pool. It complains of volumes that are still open, so
// that a test learns what it leaked; the pool and its volumes stay usable.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(p.images)) {
		if n := p.images[name].openings; n > 0 {
			return fmt.Errorf("close the pool: volume %q is open %d times: %w", name, n, syscall.EBUSY)
		}
	}
	return nil
}

// find returns the image of that name. The caller holds p.mu.
func (p *Pool) find(ctx context.Context, name string) (*image, error) {
	if err := check(ctx, name); err != nil {
		return nil, err
	}
	m := p.images[name]
	if m == nil {
		return nil, fs.ErrNotExist
	}
	return m, nil
}

// children names the clones of m, sorted. The caller holds p.mu.
func (p *Pool) children(m *image) []string {
	var names []string
	for name, other := range p.images {
		if other.parent == m {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// nameOf is the present name of m. The caller holds p.mu.
func (p *Pool) nameOf(m *image) string {
	for name, other := range p.images {
		if other == m {
			return name
		}
	}
	return ""
}

// take reserves n bytes if the pool has them.
func (p *Pool) take(n int64) bool {
	p.room.Lock()
	defer p.room.Unlock()
	if p.capacity-p.used < n {
		return false
	}
	p.used += n
	return true
}

func (p *Pool) give(n int64) {
	p.room.Lock()
	defer p.room.Unlock()
	p.used -= n
}

// check refuses what no method may go on with.
func check(ctx context.Context, name string) error {
	if !block.ValidName(name) {
		return fs.ErrInvalid
	}
	return ctx.Err()
}

func newImage(p *Pool, size int64) *image {
	return &image{
		pool:     p,
		size:     size,
		chunks:   map[int64]*chunk{},
		metadata: map[string]string{},
		created:  time.Now(),
	}
}
