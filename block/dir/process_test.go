package dir_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"spliced/block/dir"
)

// child is another process at work on the folder: it changes names for ever,
// one line of output for each step, until it is killed or something fails.
func child(ctx context.Context, path string) {
	p, err := dir.Open(ctx, path)
	for n := 0; err == nil; n++ {
		err = childRound(ctx, p, fmt.Sprintf("v%d", n))
	}
	fmt.Fprintln(os.Stderr, err)
}

func childRound(ctx context.Context, p *dir.Pool, name string) error {
	step := func(err error) error {
		_, silent := fmt.Fprintln(os.Stdout, name)
		return errors.Join(err, silent)
	}
	v, err := p.Create(ctx, "staging."+name, 1<<20)
	if step(err) != nil {
		return err
	}
	_, err = v.WriteAt([]byte(name), 0)
	return errors.Join(
		step(err),
		step(v.SetMetadata(ctx, map[string]string{"spliced.name": name})),
		v.Close(),
		step(p.Rename(ctx, "staging."+name, name)),
		step(snapshot(ctx, p, name)),
		step(p.Clone(ctx, name, "base", "clone."+name)),
		step(p.Remove(ctx, "clone."+name)),
	)
}

func snapshot(ctx context.Context, p *dir.Pool, name string) error {
	v, err := p.Open(ctx, name)
	if err != nil {
		return err
	}
	return errors.Join(v.Snapshot(ctx, "base"), v.Close())
}

// runChild runs child until it has put out that many lines, calls before with
// it still alive, and kills it.
func runChild(t *testing.T, path string, lines int, before func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	ok(t, err)
	ok(t, cmd.Start())
	scanner := bufio.NewScanner(out)
	for range lines {
		if !scanner.Scan() {
			t.Fatal("the other process gave up")
		}
	}
	before()
	ok(t, cmd.Process.Kill())
	for scanner.Scan() { // to the end, or Wait could cut it off
		continue
	}
	if err := cmd.Wait(); err == nil {
		t.Error("the other process came to an end by itself")
	}
}

// TestKilledAtWork kills a process at many points and shows that what it left
// is whole, and that all else is gone with the next Open.
func TestKilledAtWork(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	ok(t, openPool(t, path).Close())
	for lines := range 14 {
		runChild(t, path, lines, func() {})
		p := openPool(t, path)
		for _, name := range list(t, p) {
			isWhole(t, p, name)
		}
		for _, name := range list(t, p) { // clones come first by name
			ok(t, p.Remove(t.Context(), name))
		}
		onlyFiles(t, path)
		ok(t, p.Close())
	}
}

// isWhole complains of a volume that child can't have meant.
func isWhole(t *testing.T, p *dir.Pool, name string) {
	t.Helper()
	v, err := p.Open(t.Context(), name)
	ok(t, err)
	info, err := v.Info(t.Context())
	ok(t, err)
	head := make([]byte, len(name))
	_, err = v.ReadAt(head, 0)
	ok(t, errors.Join(err, v.Close()))
	_, short, staged := strings.Cut(name, "staging.")
	_, parent, cloned := strings.Cut(name, "clone.")
	if info.Size != 1<<20 {
		t.Errorf("%q has %d bytes", name, info.Size)
	}
	switch data := strings.TrimRight(string(head), "\x00"); {
	case cloned:
		if data != parent || info.Parent != parent+"@base" {
			t.Errorf("clone %q: data %q, %+v", name, data, info)
		}
	case staged:
		if data != "" && data != short {
			t.Errorf("staging volume %q holds %q", name, data)
		}
	case data != name || info.Metadata["spliced.name"] != name:
		t.Errorf("volume %q: data %q, %+v", name, data, info)
	}
}

// TestOtherProcessAtWork uses the folder together with a living process.
func TestOtherProcessAtWork(t *testing.T) {
	t.Parallel()
	p, path := tempPool(t)
	runChild(t, path, 3, func() { // its first volume is there, perhaps in use
		again := openPool(t, path) // must not sweep what the other is making
		for n := range 5 {
			name := fmt.Sprintf("mine%d", n)
			create(t, again, name, "data")
			freeze(t, again, name)
			ok(t, again.Clone(t.Context(), name, "base", "copy"))
			ok(t, again.Remove(t.Context(), "copy"))
			ok(t, again.Remove(t.Context(), name))
		}
		ok(t, again.Close())
	})
	for _, name := range list(t, p) {
		isWhole(t, p, name)
	}
}

func TestLeftoversOfCrashes(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	id := func(c string) string { return strings.Repeat(c, 32) }
	abandoned, alive, orphan := ".spliced.new."+id("a"), ".spliced.new."+id("b"), ".spliced.meta."+id("c")
	for _, name := range []string{abandoned, alive, orphan} {
		ok(t, os.WriteFile(filepath.Join(path, name), []byte("{}"), 0o600))
	}
	maker, err := os.Open(filepath.Join(path, alive))
	ok(t, err)
	ok(t, unix.Flock(int(maker.Fd()), unix.LOCK_EX))
	ok(t, openPool(t, path).Close())
	onlyFiles(t, path, alive)
	ok(t, maker.Close())
	ok(t, openPool(t, path).Close())
	onlyFiles(t, path)
}

// TestLockedByHypervisor has a file locked as QEMU does.
func TestLockedByHypervisor(t *testing.T) {
	t.Parallel()
	p, path := tempPool(t)
	create(t, p, "disk", "data")
	f, err := os.OpenFile(filepath.Join(path, "disk"), os.O_RDWR, 0)
	ok(t, err)
	lock := unix.Flock_t{Type: unix.F_RDLCK, Start: 100, Len: 1}
	ok(t, unix.FcntlFlock(f.Fd(), unix.F_OFD_SETLK, &lock))
	want(t, p.Remove(t.Context(), "disk"), syscall.EBUSY)
	if got := content(t, p, "disk"); got != "data" {
		t.Errorf("content %q", got)
	}
	ok(t, f.Close())
	ok(t, p.Remove(t.Context(), "disk"))
}

// TestHangingLock shows that a wait for a process that hangs ends in time.
func TestHangingLock(t *testing.T) {
	t.Parallel()
	p, path := tempPool(t)
	create(t, p, "disk", "data")
	f, err := os.Open(path)
	ok(t, err)
	ok(t, unix.Flock(int(f.Fd()), unix.LOCK_EX))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = p.List(ctx)
	want(t, err, context.DeadlineExceeded)
	want(t, p.Rename(ctx, "disk", "new"), context.DeadlineExceeded)
	ok(t, f.Close())
	if names := list(t, p); len(names) != 1 || names[0] != "disk" {
		t.Errorf("List() = %q", names)
	}
}
