package dir

import (
	"errors"
	"io/fs"
	"testing"
)

// A volume in the making is neither seen nor swept by others, and another that
// took the name meanwhile keeps it.
func TestStagedVolumeSurvivesOthers(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	ctx := t.Context()
	p, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	first, err := p.stageFor(ctx, "disk", 5)
	if err != nil {
		t.Fatal(err)
	}
	second, err := p.stageFor(ctx, "disk", 7)
	if err != nil {
		t.Fatal(err)
	}
	other, err := Open(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	if names, err := other.List(ctx); err != nil || len(names) != 0 {
		t.Errorf("List() = %q, %v", names, err)
	}
	f, err := second.commit(ctx, "disk")
	if err != nil {
		t.Fatalf("a staged volume was lost: %v", err)
	}
	if _, err := first.commit(ctx, "disk"); !errors.Is(err, fs.ErrExist) {
		t.Errorf("commit over another: %v", err)
	}
	v, err := other.Open(ctx, "disk")
	if err != nil || v.Size() != 7 {
		t.Fatalf("Open: %v", err)
	}
	found, err := p.scan()
	if err != nil || len(found.staged) != 0 {
		t.Errorf("left behind: %q, %v", found.staged, err)
	}
	if err := errors.Join(f.Close(), v.Close(), p.Close(), other.Close()); err != nil {
		t.Error(err)
	}
}
