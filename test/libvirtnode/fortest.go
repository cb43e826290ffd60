package libvirtnode

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	// SocketVariable is the environment variable with the path of the socket of
	// the node for all tests.
	SocketVariable = "LIBVIRT_SOCKET"
	// requireVariable lists, with commas, what tests must not go without.
	requireVariable = "SPLICED_REQUIRE"
)

// Socket is the path of the socket of the libvirtd for tests: the one that
// LIBVIRT_SOCKET names, whose domains belong to other tests too, or that of a
// node of the test's own. Where ForTest would skip or fail, it does so too.
func Socket(tb testing.TB) string {
	tb.Helper()
	if socket := os.Getenv(SocketVariable); socket != "" {
		return socket
	}
	return ForTest(tb).Socket()
}

// ForTest starts a node that the test has for itself, and stops it when the
// test ends. Without the programs, or the rights, the test is skipped, or fails
// where SPLICED_REQUIRE lists "libvirt".
func ForTest(tb testing.TB) *Node {
	tb.Helper()
	if reason := lacking(); reason != "" {
		goWithout(tb, reason)
	}
	dir, err := os.MkdirTemp("", "libvirtnode") //nolint:usetesting // t.TempDir is too long for a socket's path
	if err != nil {
		tb.Fatal(err)
	}
	n, err := Start(tb.Context(), dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := n.Stop(); err != nil {
			tb.Errorf("the test's libvirt node: %v", err)
		}
	})
	return n
}

// Need skips a test without the programs, or fails it where SPLICED_REQUIRE
// lists "libvirt".
func Need(tb testing.TB, programs ...string) {
	tb.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			goWithout(tb, fmt.Sprintf("needs the program %s: %v", program, err))
		}
	}
}

// goWithout ends a test that lacks something.
func goWithout(tb testing.TB, reason string) {
	tb.Helper()
	if slices.Contains(strings.Split(os.Getenv(requireVariable), ","), "libvirt") {
		tb.Fatal(reason)
	}
	tb.Skip(reason)
}

// lacking says what a node needs and this machine hasn't, or "".
func lacking() string {
	const packages = "Debian's libvirt-daemon, libvirt-daemon-driver-qemu and qemu-system-x86"
	if os.Geteuid() != 0 {
		return "needs root, to start a libvirtd"
	}
	for _, program := range []string{"libvirtd", "qemu-system-x86_64"} {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Sprintf("needs %s: %v", packages, err)
		}
	}
	// Without its driver for QEMU libvirtd starts, too.
	if found, _ := filepath.Glob("/usr/lib/*/libvirt/connection-driver/libvirt_driver_qemu.so"); len(found) == 0 {
		return fmt.Sprintf("needs %s: libvirtd has no driver for QEMU", packages)
	}
	return ""
}
