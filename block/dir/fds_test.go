package dir_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"spliced/block/dir"
)

// fds counts the descriptors that this process has on a folder and its files.
func fds(t *testing.T, path string) (n int) {
	t.Helper()
	links, err := os.ReadDir("/proc/self/fd")
	ok(t, err)
	for _, link := range links {
		target, err := os.Readlink("/proc/self/fd/" + link.Name())
		if err == nil && strings.HasPrefix(target, path) {
			n++
		}
	}
	return n
}

// TestNoDescriptorLeaks does what succeeds and what is refused, and counts.
func TestNoDescriptorLeaks(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	p := openPool(t, path)
	for range 3 {
		everything(t, p)
		if n := fds(t, path); n != 1 {
			t.Errorf("%d descriptors with an open pool, want 1", n)
		}
	}
	ok(t, p.Close())
	if n := fds(t, path); n != 0 {
		t.Errorf("%d descriptors after Close", n)
	}
}

func everything(t *testing.T, p *dir.Pool) {
	t.Helper()
	ctx := t.Context()
	create(t, p, "a", "data")
	freeze(t, p, "a")
	ok(t, p.Clone(ctx, "a", "base", "b"))
	ok(t, p.Rename(ctx, "b", "c"))
	list(t, p)
	content(t, p, "c")
	refused := errors.Join(p.Remove(ctx, "absent"), p.Rename(ctx, "a", "c"), p.Clone(ctx, "a", "none", "d"),
		p.Clone(ctx, "a", "base", "c"), p.Remove(ctx, "a"), p.Remove(ctx, "bad/name"))
	_, create := p.Create(ctx, "a", 1)
	if huge, err := p.Create(ctx, "huge", 1<<62); err == nil { // ext4 refuses that size, tmpfs takes it
		ok(t, huge.Close())
		ok(t, p.Remove(ctx, "huge"))
	}
	_, open := p.Open(ctx, "absent")
	if refused == nil || create == nil || open == nil {
		t.Error("something was not refused")
	}
	v, err := p.Open(ctx, "c")
	ok(t, err)
	if p.Remove(ctx, "c") == nil {
		t.Error("an open volume was removed")
	}
	ok(t, v.Close())
	ok(t, errors.Join(p.Remove(ctx, "c"), p.Remove(ctx, "a")))
}
