package dir_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"spliced/block"
	"spliced/block/dir"
)

// tmpfs mounts a file system of that many bytes for the test. It goes in the end
// also when a test that failed has left files open.
func tmpfs(t *testing.T, size int64) string {
	t.Helper()
	path := t.TempDir()
	if err := unix.Mount("none", path, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		lacking(t, "mount", fmt.Sprintf("can't mount a tmpfs: %v", err))
	}
	t.Cleanup(func() { ok(t, unix.Unmount(path, unix.MNT_DETACH)) })
	return path
}

// xfs mounts a file system that shares data between files.
func xfs(t *testing.T) string {
	t.Helper()
	base := t.TempDir()
	image, path := filepath.Join(base, "image"), filepath.Join(base, "mnt")
	ok(t, os.WriteFile(image, nil, 0o600))
	ok(t, os.Truncate(image, 512<<20))
	ok(t, os.Mkdir(path, 0o700))
	for _, args := range [][]string{{"mkfs.xfs", "-q", "-m", "reflink=1", image}, {"mount", "-o", "loop", image, path}} {
		if out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput(); err != nil {
			lacking(t, "mount", fmt.Sprintf("can't mount an XFS: %v: %s", err, out))
		}
	}
	t.Cleanup(func() { ok(t, unix.Unmount(path, unix.MNT_DETACH)) })
	return path
}

func TestContractOnTmpfs(t *testing.T) {
	t.Parallel()
	contract(t, func(t *testing.T) string { t.Helper(); return tmpfs(t, 256<<20) })
}

func TestContractOnXFS(t *testing.T) {
	t.Parallel()
	base, n := xfs(t), 0
	contract(t, func(t *testing.T) string {
		t.Helper()
		n++
		path := filepath.Join(base, strconv.Itoa(n))
		ok(t, os.Mkdir(path, 0o700))
		return path
	})
}

func freeBytes(t *testing.T, p block.Pool) int64 {
	t.Helper()
	room, err := p.Room(t.Context())
	ok(t, err)
	return room.Free
}

// write fills a closed volume of size bytes with something.
func write(t *testing.T, p block.Pool, name string, size int) {
	t.Helper()
	v, err := p.Create(t.Context(), name, int64(size))
	ok(t, err)
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(i/4096 + i + 1)
	}
	_, err = v.WriteAt(data, 0)
	ok(t, errors.Join(err, v.Flush(), v.Close()))
}

func TestCloneByReflinkTakesNoRoom(t *testing.T) {
	t.Parallel()
	p := openPool(t, xfs(t))
	write(t, p, "base", 64<<20)
	freeze(t, p, "base")
	before := freeBytes(t, p)
	ok(t, p.Clone(t.Context(), "base", "base", "copy"))
	if took := before - freeBytes(t, p); took > 4<<20 {
		t.Errorf("the clone of 64 MiB took %d bytes", took)
	}
	ok(t, p.Close())
}

func TestFullFileSystem(t *testing.T) {
	t.Parallel()
	path := tmpfs(t, 4<<20)
	p := openPool(t, path)
	v, err := p.Create(t.Context(), "disk", 1<<40)
	ok(t, err)
	n, err := v.WriteAt(make([]byte, 8<<20), 4096)
	if n >= 8<<20 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("WriteAt of 8 MiB into 4 = %d, %v", n, err)
	}
	ok(t, v.Close())

	// Full as it is, it can be opened, looked at and emptied.
	ok(t, p.Close())
	p = openPool(t, path)
	if names := list(t, p); len(names) != 1 {
		t.Errorf("List() = %q", names)
	}
	v, err = p.Open(t.Context(), "disk")
	ok(t, err)
	want(t, v.SetMetadata(t.Context(), map[string]string{"spliced.job": "1"}), syscall.ENOSPC)
	ok(t, errors.Join(v.Zero(0, 1<<40), v.Close(), p.Remove(t.Context(), "disk")))
	if free := freeBytes(t, p); free < 3<<20 {
		t.Errorf("free after Remove: %d", free)
	}
	onlyFiles(t, path)
	ok(t, p.Close())
}

func TestCloneIntoFullFileSystem(t *testing.T) {
	t.Parallel()
	path := tmpfs(t, 6<<20)
	p := openPool(t, path)
	write(t, p, "base", 4<<20)
	freeze(t, p, "base")
	before := freeBytes(t, p)
	want(t, p.Clone(t.Context(), "base", "base", "copy"), syscall.ENOSPC)
	onlyFiles(t, path, "base")
	// A process that a test beside this one is just starting may hold the
	// descriptors of all for a moment, and with them the removed file's room.
	deadline := time.After(10 * time.Second)
	for free := freeBytes(t, p); free != before; free = freeBytes(t, p) {
		select {
		case <-deadline:
			t.Fatalf("a clone that failed took %d bytes", before-free)
		case <-time.After(10 * time.Millisecond):
		}
	}
	ok(t, errors.Join(p.Remove(t.Context(), "base"), p.Close()))
}

// onlyFiles complains unless the folder holds exactly these.
func onlyFiles(t *testing.T, path string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(path)
	ok(t, err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(names) {
		t.Errorf("the folder holds %q, want %q", got, names)
	}
}

func TestReadOnlyFileSystem(t *testing.T) {
	t.Parallel()
	path := tmpfs(t, 4<<20)
	p := openPool(t, path)
	create(t, p, "disk", "data")
	ok(t, p.Close())
	ok(t, unix.Mount("none", path, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
	p, err := dir.Open(t.Context(), path)
	ok(t, err)
	if v, err := p.Create(t.Context(), "new", 1); err == nil {
		t.Error("Create on a read-only file system")
		ok(t, v.Close())
	} else {
		want(t, err, syscall.EROFS)
	}
	want(t, p.Remove(t.Context(), "disk"), syscall.EROFS)
	if names := list(t, p); len(names) != 1 {
		t.Errorf("List() = %q", names)
	}
	ok(t, p.Close())
}
