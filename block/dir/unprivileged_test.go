package dir_test

import (
	"errors"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"

	"spliced/block"
)

// asNobodyVariable marks the run of TestUnprivileged that is not by root.
const asNobodyVariable = "SPLICED_DIR_TEST_NOBODY"

// TestUnprivileged runs itself again as a user whom file modes bind.
func TestUnprivileged(t *testing.T) {
	t.Parallel()
	if path := os.Getenv(asNobodyVariable); path != "" {
		frozenByMode(t, path)
		return
	}
	path := t.TempDir()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestUnprivileged$", "-test.v")
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), asNobodyVariable+"="+path)
	if os.Geteuid() == 0 {
		const nobody = 65534
		path = tmpfs(t, 4<<20) // the folders above others' temporary ones are closed to nobody
		ok(t, os.Chown(path, nobody, nobody))
		f, err := os.Open(path)
		ok(t, err)
		defer func() { ok(t, f.Close()) }()
		cmd.ExtraFiles = []*os.File{f}
		cmd.Env = append(os.Environ(), asNobodyVariable+"=/proc/self/fd/3")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// frozenByMode shows that a frozen volume, whose mode forbids writing, still
// opens, and still takes what it should.
func frozenByMode(t *testing.T, path string) {
	t.Helper()
	p := openPool(t, path)
	create(t, p, "disk", "data")
	freeze(t, p, "disk")
	if f, err := os.OpenFile(path+"/disk", os.O_RDWR, 0); err == nil {
		t.Error("the file of a frozen volume can be written to")
		ok(t, f.Close())
	}
	v, err := p.Open(t.Context(), "disk")
	ok(t, err)
	_, err = v.WriteAt([]byte("x"), 0)
	want(t, err, block.ErrFrozen)
	ok(t, v.Flush())
	ok(t, v.Snapshot(t.Context(), "second"))
	ok(t, v.SetMetadata(t.Context(), map[string]string{"spliced.job": "1"}))
	info, err := v.Info(t.Context())
	ok(t, err)
	if !slices.Equal(info.Snapshots, []string{"base", "second"}) || info.Metadata["spliced.job"] != "1" {
		t.Errorf("%+v", info)
	}
	ok(t, v.Close())
	ok(t, p.Clone(t.Context(), "disk", "second", "copy"))
	if got := content(t, p, "copy"); got != "data" {
		t.Errorf("the clone holds %q", got)
	}
	ok(t, p.Rename(t.Context(), "disk", "new"))
	ok(t, errors.Join(p.Remove(t.Context(), "copy"), p.Remove(t.Context(), "new"), p.Close()))
}
