package systemd_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
)

// cache is the Makefile's, which "make clean" removes. The tree in it takes
// 430 MiB, and a minute to make.
const cache = "../../.cache"

// packages are what the daemon is run with, and what the tests look with.
func packages() string {
	return strings.Join([]string{
		"acl", "bubblewrap", "e2fsprogs", "libdeflate0", "libvirt-clients", "libvirt-daemon-driver-qemu",
		"libvirt-daemon-system", "librbd1", "qemu-system-x86", "qemu-utils", "systemd", "systemd-sysv",
	}, ",")
}

// lacking skips a test that can't be run here, or fails it where SPLICED_REQUIRE
// demands it.
func lacking(t *testing.T, reason string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), "nspawn") {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// command runs a program, and ends the test with what it said if that fails.
func command(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "MAKEFLAGS=", "MAKELEVEL=")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
}

// needs skips the test where a machine can't be had at all.
func needs(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		lacking(t, "needs root, to start a machine")
	}
	for _, program := range []string{"mmdebstrap", "systemd-nspawn", "unshare", "nsenter"} {
		if _, err := exec.LookPath(program); err != nil {
			lacking(t, fmt.Sprintf("needs Debian's mmdebstrap, systemd-container and util-linux: %v", err))
		}
	}
}

// debian is the system that all machines begin with, of the release that the
// daemon is built on. It is made once, and then only read.
func debian(t *testing.T) string {
	t.Helper()
	release, err := os.ReadFile("/etc/os-release")
	must(t, err)
	suite := regexp.MustCompile(`(?m)^VERSION_CODENAME=(\w+)$`).FindSubmatch(release)
	if suite == nil || !regexp.MustCompile(`(?m)^ID=debian$`).Match(release) {
		lacking(t, "needs Debian, to make one like it")
	}
	folder, err := filepath.Abs(cache)
	must(t, err)
	must(t, os.MkdirAll(folder, 0o755))
	id := sha256.Sum256([]byte(packages()))
	tree := filepath.Join(folder, fmt.Sprintf("%s-%x", suite[1], id[:4]))
	if _, err := os.Stat(tree); !errors.Is(err, fs.ErrNotExist) {
		must(t, err)
		return tree
	}
	made, err := os.MkdirTemp(folder, "tree-") //nolint:usetesting // it gets renamed, so it is where it is to stay
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(made)) }) // what is left of it when it fails
	command(t, "mmdebstrap", "--quiet", "--variant=minbase", `--aptopt=APT::Install-Recommends "0"`, "--include="+packages(), string(suite[1]), made)
	must(t, os.Rename(made, tree))
	return tree
}

// built is a tree with the programs and what "make install" puts beside them.
func built(t *testing.T) string {
	t.Helper()
	bin, root := t.TempDir(), filepath.Join(t.TempDir(), "installed")
	must(t, os.Mkdir(root, 0o755))
	for _, program := range []string{"spliced", "splicectl"} {
		command(t, "go", "build", "-tags", tags(), "-o", filepath.Join(bin, program), "../../cmd/"+program)
	}
	command(t, "make", "-f", "../../packaging/install.mk", "install", "DESTDIR="+root, "BIN="+bin)
	return root
}

// tags are those that this test was built with: go-ceph's, by the release of
// librbd.
func tags() string {
	info, _ := debug.ReadBuildInfo()
	for _, s := range info.Settings {
		if s.Key == "-tags" {
			return s.Value
		}
	}
	return ""
}

// bounded is how long a command in a machine may take, and a machine to boot.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}
