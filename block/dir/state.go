package dir

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"spliced/block"
)

// Snapshot implements block.Volume.
func (v *volume) Snapshot(ctx context.Context, name string) error {
	if err := v.snapshot(ctx, name); err != nil {
		return fmt.Errorf("take snapshot %q of volume %q: %w", name, v.name, noSpace(err))
	}
	return nil
}

func (v *volume) snapshot(ctx context.Context, name string) error {
	if err := checkNames(name); err != nil {
		return err
	}
	// Before the lock, which nobody should hold for as long as data may take.
	if err := v.file.Sync(); err != nil {
		return err
	}
	unlock, err := v.pool.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	m, err := readMarks(v.file)
	if err != nil {
		return err
	}
	if m.hasSnapshot(name) {
		return fs.ErrExist
	}
	return v.mark(append(m.snapshots, name))
}

// mark notes the snapshots, of which there is at least one now. Attributes
// can't be set where the mode forbids writing, so that goes last, and is lifted
// meanwhile on a volume that is frozen already.
func (v *volume) mark(snapshots []string) error {
	if v.frozen.Load() {
		if err := permit(v.file, readWrite); err != nil {
			return err
		}
	}
	if err := setMark(v.file, markSnapshots, strings.Join(snapshots, ",")); err != nil {
		return err
	}
	v.frozen.Store(true)
	if err := permit(v.file, readOnly); err != nil {
		return err
	}
	return v.file.Sync()
}

// SetMetadata implements block.Volume.
func (v *volume) SetMetadata(ctx context.Context, values map[string]string) error {
	if len(values) == 0 {
		return nil
	}
	if err := v.pool.addMetadata(ctx, v.id, values); err != nil {
		return fmt.Errorf("set metadata of volume %q: %w", v.name, err)
	}
	return nil
}

// Info implements block.Volume. Allocated counts data that is shared with other
// volumes by reflink too, as stat(2) does.
func (v *volume) Info(ctx context.Context) (block.Info, error) {
	info, err := v.info(ctx)
	if err != nil {
		return block.Info{}, fmt.Errorf("ask about volume %q: %w", v.name, err)
	}
	return info, nil
}

func (v *volume) info(ctx context.Context) (block.Info, error) {
	unlock, err := v.pool.lock(ctx)
	if err != nil {
		return block.Info{}, err
	}
	defer unlock()
	m, err := readMarks(v.file)
	if err != nil {
		return block.Info{}, err
	}
	metadata, err := v.pool.readMetadata(v.id)
	if err != nil {
		return block.Info{}, err
	}
	info := block.Info{Size: v.Size(), Snapshots: m.snapshots, Metadata: metadata}
	if info.Allocated, err = allocated(v.file); err != nil {
		return block.Info{}, err
	}
	if sec, nsec, ok := birth(v.file); ok {
		info.Created = time.Unix(sec, nsec)
	}
	return info, v.pool.relate(&info, m)
}

// relate fills in the present names of a volume's relatives. The caller holds
// the lock. A volume without relatives costs no look at all the others.
func (p *Pool) relate(info *block.Info, m marks) error {
	if m.parent == "" && !m.frozen() {
		return nil
	}
	found, err := p.scan()
	if err != nil {
		return err
	}
	info.Children = found.children(m.id)
	if parent := found.nameOf(m.parent); parent != "" {
		info.Parent = parent + "@" + m.parentSnapshot
	}
	return nil
}

// allocated is the room that a file takes, in bytes: stat(2) counts in 512.
func allocated(f *os.File) (int64, error) {
	var st unix.Stat_t
	err := control(f, func(fd int) error { return unix.Fstat(fd, &st) })
	return st.Blocks * 512, os.NewSyscallError("fstat", err)
}

// birth is when the file was made, in seconds and nanoseconds since 1970;
// false where the file system doesn't tell.
func birth(f *os.File) (sec, nsec int64, ok bool) {
	var st unix.Statx_t
	err := control(f, func(fd int) error {
		return unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_BTIME, &st)
	})
	return st.Btime.Sec, int64(st.Btime.Nsec), err == nil && st.Mask&unix.STATX_BTIME != 0
}
