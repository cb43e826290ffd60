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
func lacks(tb testing.TB, need, reason string) {
	tb.Helper()
	if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), need) {
		tb.Fatalf("SPLICED_REQUIRE wants %s: %s", need, reason)
	}
	tb.Skip(reason)
}

// corpus returns the path of a sample file.
func corpus(tb testing.TB, name string) string {
	tb.Helper()
	root := os.Getenv("SPLICED_CORPUS")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(root); err != nil {
		lacks(tb, "corpus", "there are no sample files: "+err.Error())
	}
	return filepath.Join(root, filepath.FromSlash(name))
}

// qemuImg runs qemu-img.
func qemuImg(tb testing.TB, args ...string) {
	tb.Helper()
	path, err := exec.LookPath("qemu-img")
	if err != nil {
		lacks(tb, "qemu", "there is no qemu-img")
	}
	if out, err := exec.CommandContext(tb.Context(), path, args...).CombinedOutput(); err != nil {
		tb.Fatalf("qemu-img %v: %v\n%s", args, err, out)
	}
}
