package libvirtnode_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spliced/test/libvirtnode"
)

// virsh runs libvirt's own client on a node.
func virsh(tb testing.TB, n *libvirtnode.Node, args ...string) string {
	tb.Helper()
	libvirtnode.Need(tb, "virsh")
	out, err := exec.CommandContext(tb.Context(), "virsh", append([]string{"--connect", n.URI()}, args...)...).CombinedOutput()
	if err != nil {
		tb.Fatalf("virsh %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// tiny writes a domain that boots from a disk which says the message, and
// gives the paths of its definition and of what its serial port says.
func tiny(tb testing.TB, name, message string) (xml, serial string) {
	tb.Helper()
	dir := tb.TempDir()
	disk, serial, xml := filepath.Join(dir, "disk"), filepath.Join(dir, "serial"), filepath.Join(dir, "xml")
	text := fmt.Sprintf(`<domain type='qemu'><name>%s</name><memory unit='MiB'>32</memory>
<os><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features><devices>
<disk type='file'><driver name='qemu' type='raw'/><source file='%s'/><target dev='vda' bus='virtio'/></disk>
<serial type='file'><source path='%s'/></serial></devices></domain>`, name, disk, serial)
	err := errors.Join(
		os.WriteFile(disk, libvirtnode.BootDisk(message), 0o600),
		os.WriteFile(xml, []byte(text), 0o600),
	)
	if err != nil {
		tb.Fatal(err)
	}
	return xml, serial
}

// says waits until the file at path has the message.
func says(tb testing.TB, path, message string) {
	tb.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); ; {
		text, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(text), message) {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			tb.Fatalf("%s has %q, want %q: %v", path, text, message, err)
		}
	}
}

// processes counts those that have text among their arguments.
func processes(tb testing.TB, text string) (count int) {
	tb.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		tb.Fatal(err)
	}
	for _, name := range names {
		if line, err := os.ReadFile(name); err == nil && strings.Contains(string(line), text) {
			count++
		}
	}
	return count
}

func TestDomainBoots(t *testing.T) {
	t.Parallel()
	n := libvirtnode.ForTest(t)
	xml, serial := tiny(t, "tiny", "up and running")
	virsh(t, n, "define", xml)
	virsh(t, n, "start", "tiny")
	says(t, serial, "up and running")
	// The first process collects the dead, else libvirtd would wait for QEMU.
	virsh(t, n, "destroy", "tiny")
	virsh(t, n, "undefine", "tiny")
	if left := virsh(t, n, "list", "--all", "--name"); strings.TrimSpace(left) != "" {
		t.Errorf("left: %q", left)
	}
}

func TestNodesAreApart(t *testing.T) {
	t.Parallel()
	one, two := libvirtnode.ForTest(t), libvirtnode.ForTest(t)
	xml, _ := tiny(t, "tiny", "")
	virsh(t, one, "define", xml)
	if got := strings.TrimSpace(virsh(t, two, "list", "--all", "--name")); got != "" {
		t.Errorf("the other node has %q", got)
	}
}

func TestStopEndsDomainsAndLeavesNothing(t *testing.T) {
	t.Parallel()
	_ = libvirtnode.ForTest(t)                  // skips where there can't be one
	dir, err := os.MkdirTemp("", "libvirtnode") //nolint:usetesting // t.TempDir is too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // where the test fails before Stop
	n, err := libvirtnode.Start(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	const name = "survivor-of-stop"
	xml, serial := tiny(t, name, "on")
	virsh(t, n, "define", xml)
	virsh(t, n, "start", name)
	says(t, serial, "on")
	if processes(t, "guest="+name) == 0 {
		t.Fatal("the domain has no process")
	}
	if err := n.Stop(); err != nil {
		t.Fatal(err)
	}
	if n := processes(t, "guest="+name); n != 0 {
		t.Errorf("%d processes of the domain live on", n)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder stays: %v", err)
	}
}

func TestStartRefusals(t *testing.T) {
	t.Parallel()
	_ = libvirtnode.ForTest(t) // skips where there can't be one
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for reason, dir := range map[string]string{
		"not empty":  full,
		"bytes long": filepath.Join(t.TempDir(), strings.Repeat("x", 100)),
	} {
		if _, err := libvirtnode.Start(t.Context(), dir); err == nil || !strings.Contains(err.Error(), reason) {
			t.Errorf("got %v, want %q", err, reason)
		}
	}
	if _, err := os.Stat(filepath.Join(full, "mine")); err != nil {
		t.Error(err)
	}
}
