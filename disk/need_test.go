package disk_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lacks skips the test, or fails it where SPLICED_REQUIRE names the need.
func lacks(t testing.TB, need, reason string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), need) {
		t.Fatalf("SPLICED_REQUIRE wants %s: %s", need, reason)
	}
	t.Skip(reason)
}

// corpus returns the path of a sample file.
func corpus(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("SPLICED_CORPUS")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(root); err != nil {
		lacks(t, "corpus", "there are no sample files: "+err.Error())
	}
	return filepath.Join(root, filepath.FromSlash(name))
}

// qemuImg runs qemu-img.
func qemuImg(t testing.TB, args ...string) {
	t.Helper()
	path, err := exec.LookPath("qemu-img")
	if err != nil {
		lacks(t, "qemu", "there is no qemu-img")
	}
	if out, err := exec.CommandContext(t.Context(), path, args...).CombinedOutput(); err != nil {
		t.Fatalf("qemu-img %v: %v\n%s", args, err, out)
	}
}
