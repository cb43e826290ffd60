package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"spliced/block"
)

// folderMode lets QEMU, whose user may be any, get through a new folder to its
// disks. What is in the folder is closed by its own modes.
const folderMode = 0o711

// Pool is a block.Pool in a folder.
type Pool struct {
	path   string // absolute
	folder *os.File
	turn   chan struct{} // holds one item while a goroutine of ours has the folder's lock
}

// Open opens the pool in the folder at path, and makes the last element of path
// if it is missing. It removes what crashed processes left half made. It fails
// with errors.ErrUnsupported where the file system has no user extended
// attributes.
func Open(ctx context.Context, path string) (*Pool, error) {
	p, err := open(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open pool folder %q: %w", path, err)
	}
	return p, nil
}

func open(ctx context.Context, path string) (*Pool, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := makeFolder(path); err != nil {
		return nil, err
	}
	folder, err := os.OpenFile(path, unix.O_RDONLY|unix.O_DIRECTORY, 0) //nolint:gosec // the operator's own path
	if err != nil {
		return nil, err
	}
	p := &Pool{path: path, folder: folder, turn: make(chan struct{}, 1)}
	err = p.probe()
	if err == nil {
		err = p.sweep(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, folder.Close())
	}
	return p, nil
}

// makeFolder makes the last element of path, durably, unless it is there.
func makeFolder(path string) error {
	err := os.Mkdir(path, folderMode)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	// Mkdir subtracts the umask, which in a service is strict.
	if err := os.Chmod(path, folderMode); err != nil {
		return err
	}
	above, err := os.Open(filepath.Dir(filepath.Clean(path)))
	if err != nil {
		return err
	}
	return errors.Join(above.Sync(), above.Close())
}

// probe refuses a file system that can't carry marks. It only reads, so that a
// full pool can be opened too.
func (p *Pool) probe() error {
	_, err := readMark(p.folder, markID)
	if errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("its file system has no user extended attributes, which volumes need; "+
			"use a folder on ext4, XFS or Btrfs (%w)", errors.ErrUnsupported)
	}
	return err
}

// Close implements block.Pool.
func (p *Pool) Close() error { return p.folder.Close() }

// List implements block.Pool.
func (p *Pool) List(ctx context.Context) ([]string, error) {
	unlock, err := p.lock(ctx)
	if err != nil {
		return nil, fmt.Errorf("list volumes: %w", err)
	}
	defer unlock()
	found, err := p.scan()
	if err != nil {
		return nil, fmt.Errorf("list volumes: %w", err)
	}
	names := make([]string, len(found.volumes))
	for i, e := range found.volumes {
		names[i] = e.name
	}
	return names, nil
}

// Room implements block.Pool: statfs(2), with what is left for those who aren't
// root.
func (p *Pool) Room(ctx context.Context) (block.Room, error) {
	if err := ctx.Err(); err != nil {
		return block.Room{}, fmt.Errorf("ask for the pool's room: %w", err)
	}
	var st unix.Statfs_t
	if err := again(func() error { return unix.Fstatfs(p.fd(), &st) }); err != nil {
		return block.Room{}, fmt.Errorf("ask for the pool's room: %w", err)
	}
	// What is kept back for root or other projects is neither used nor to be had:
	// like df(1), it doesn't count.
	blocks := st.Blocks - st.Bfree + st.Bavail
	return block.Room{Size: inBytes(blocks, st.Frsize), Free: inBytes(st.Bavail, st.Frsize)}, nil
}

// inBytes is blocks of unit bytes, or as much as fits an int64.
func inBytes(blocks uint64, unit int64) int64 {
	if unit <= 0 || blocks > math.MaxInt64/uint64(unit) {
		return math.MaxInt64
	}
	return int64(blocks) * unit //nolint:gosec // bounded by the line above
}

func (p *Pool) fd() int { return int(p.folder.Fd()) }
