package dir_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"spliced/block"
)

// asNobodyVariable marks the run of a test that is not by root, and has the
// path of its folder.
const asNobodyVariable = "SPLICED_DIR_TEST_NOBODY"

const nobody = 65534

// asNobody runs the calling test again, as nobody, whom file modes bind, in a
// folder of his.
func asNobody(t *testing.T, path string, more ...string) {
	t.Helper()
	f, err := os.Open(path)
	ok(t, err)
	defer func() { ok(t, f.Close()) }()
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{f} // the folders above are closed to nobody
	cmd.Env = slices.Concat(os.Environ(), []string{asNobodyVariable + "=/proc/self/fd/3"}, more)
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// nobodys is a folder of nobody's, if this is root, and otherwise of its own.
func nobodys(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		return t.TempDir()
	}
	path := tmpfs(t, 4<<20)
	ok(t, os.Chown(path, nobody, nobody))
	return path
}

// TestUnprivileged runs itself again as a user whom file modes bind.
func TestUnprivileged(t *testing.T) {
	t.Parallel()
	if path := os.Getenv(asNobodyVariable); path != "" {
		frozenByMode(t, path)
		return
	}
	asNobody(t, nobodys(t))
}

// givenVariable marks the run of TestVolumesThatWereGivenToQEMU after libvirt.
const givenVariable = "SPLICED_DIR_TEST_GIVEN"

// TestVolumesThatWereGivenToQEMU has the owner of volumes changed, as libvirt
// does for a VM that starts, and demands that all goes on. Before there were
// access control lists, neither was such a volume seen, nor could it be removed.
func TestVolumesThatWereGivenToQEMU(t *testing.T) {
	t.Parallel()
	switch path := os.Getenv(asNobodyVariable); {
	case path != "" && os.Getenv(givenVariable) != "":
		givenToQEMU(t, path)
		return
	case path != "":
		p := openPool(t, path)
		create(t, p, "base", "data")
		freeze(t, p, "base")
		ok(t, p.Clone(t.Context(), "base", "base", "guest_sda"))
		create(t, p, "guest_seed", "seed")
		ok(t, p.Close())
		return
	case os.Geteuid() != 0:
		lacking(t, "mount", "needs root, to give files away")
	}
	path := nobodys(t)
	asNobody(t, path)
	const qemu = 64055
	for _, name := range []string{"base", "guest_sda", "guest_seed"} {
		ok(t, os.Chown(filepath.Join(path, name), qemu, qemu))
	}
	asNobody(t, path, givenVariable+"=1")
}

func givenToQEMU(t *testing.T, path string) {
	t.Helper()
	p := openPool(t, path)
	names, err := p.List(t.Context())
	ok(t, err)
	if !slices.Equal(names, []string{"base", "guest_sda", "guest_seed"}) {
		t.Errorf("the volumes are %q", names)
	}
	v, err := p.Open(t.Context(), "guest_sda")
	ok(t, err)
	_, err = v.WriteAt([]byte("more"), 0)
	ok(t, err)
	info, err := v.Info(t.Context())
	ok(t, errors.Join(err, v.Close()))
	if info.Parent != "base@base" {
		t.Errorf("its parent is %q", info.Parent)
	}
	want(t, p.Remove(t.Context(), "base"), block.ErrHasClones)
	ok(t, p.Clone(t.Context(), "base", "base", "other"))
	if got := content(t, p, "other"); got != "data" {
		t.Errorf("the clone holds %q", got)
	}
	ok(t, p.Rename(t.Context(), "guest_seed", "seed"))
	for _, name := range []string{"other", "guest_sda", "seed", "base"} {
		ok(t, p.Remove(t.Context(), name))
	}
	ok(t, p.Close())
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
