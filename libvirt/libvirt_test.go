package libvirt_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spliced/libvirt"
	"spliced/test/libvirtnode"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ok(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func is(tb testing.TB, err, want error) {
	tb.Helper()
	if !errors.Is(err, want) {
		tb.Errorf("got %v, want %v", err, want)
	}
}

// connect connects to a libvirtd of the test's own.
func connect(tb testing.TB) (*libvirt.Host, *libvirtnode.Node) {
	tb.Helper()
	n := libvirtnode.ForTest(tb)
	h, err := libvirt.Connect(tb.Context(), n.Socket())
	ok(tb, err)
	tb.Cleanup(func() { ok(tb, h.Close()) })
	return h, n
}

// virsh runs libvirt's own client.
func virsh(tb testing.TB, n *libvirtnode.Node, args ...string) string {
	tb.Helper()
	libvirtnode.Need(tb, "virsh")
	out, err := exec.CommandContext(tb.Context(), "virsh", append([]string{"--connect", n.URI()}, args...)...).CombinedOutput()
	if err != nil {
		tb.Fatalf("virsh %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// domain is a small one with these devices, and that in <os>.
func domain(name, firmware, devices string) string {
	return fmt.Sprintf(`<domain type='qemu'><name>%s</name><description>of a test</description><memory unit='MiB'>64</memory>
<os%s><type arch='x86_64' machine='q35'>hvm</type></os><features><acpi/></features><devices>%s</devices></domain>`, name, firmware, devices)
}

func serial(path string) string {
	return fmt.Sprintf(`<serial type='file'><source path='%s'/></serial>`, path)
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

func TestLifeOfADomain(t *testing.T) {
	t.Parallel()
	h, n := connect(t)
	ctx, dir := t.Context(), t.TempDir()
	disk, port := filepath.Join(dir, "disk"), filepath.Join(dir, "serial")
	ok(t, os.WriteFile(disk, libvirtnode.BootDisk("it lives"), 0o600))
	definition := domain("web1", "", serial(port)+
		fmt.Sprintf(`<disk type='file'><driver name='qemu' type='raw'/><source file='%s'/><target dev='vda' bus='virtio'/></disk>`, disk))

	ok(t, h.Free(ctx, "web1"))
	ok(t, h.Define(ctx, definition))
	is(t, h.Free(ctx, "web1"), fs.ErrExist)
	is(t, h.Define(ctx, definition), fs.ErrExist)
	state, err := h.State(ctx, "web1")
	if err != nil || state != libvirt.ShutOff || state.Active() {
		t.Errorf("state %q, %v", state, err)
	}
	text, err := h.XML(ctx, "web1")
	if err != nil || !strings.Contains(text, "<description>of a test</description>") {
		t.Errorf("definition: %v\n%s", err, text)
	}
	is(t, h.Define(ctx, text), fs.ErrExist) // of the same UUID: not changed either

	ok(t, h.Autostart(ctx, "web1", true))
	if got := virsh(t, n, "dominfo", "web1"); !strings.Contains(got, "Autostart:      enable") {
		t.Error(got)
	}
	ok(t, h.Autostart(ctx, "web1", false))
	ok(t, h.Start(ctx, "web1"))
	says(t, port, "it lives")
	is(t, h.Start(ctx, "web1"), libvirt.ErrRunning)
	is(t, h.Undefine(ctx, "web1", false), libvirt.ErrRunning)
	state, err = h.State(ctx, "web1")
	if err != nil || state != libvirt.Running || !state.Active() {
		t.Errorf("state %q, %v", state, err)
	}
	ok(t, h.Undefine(ctx, "web1", true))
	ok(t, h.Free(ctx, "web1"))
	if _, err := os.Stat(disk); err != nil {
		t.Error(err)
	}
}

func TestNoDomain(t *testing.T) {
	t.Parallel()
	h, _ := connect(t)
	ctx := t.Context()
	_, stateErr := h.State(ctx, "absent")
	_, xmlErr := h.XML(ctx, "absent")
	for _, err := range []error{
		h.Start(ctx, "absent"), h.Undefine(ctx, "absent", true), h.Autostart(ctx, "absent", true), stateErr, xmlErr,
	} {
		is(t, err, fs.ErrNotExist)
	}
	ok(t, h.RemoveIf(ctx, "absent", func(string) bool { t.Error("was asked about nothing"); return true }))
}

func TestBadDefinitions(t *testing.T) {
	t.Parallel()
	h, _ := connect(t)
	for name, text := range map[string]string{
		"no XML":         "name: web1",
		"no domain":      "<network><name>web1</name></network>",
		"no name":        "<domain type='qemu'><memory>1</memory></domain>",
		"not the schema": domain("web1", "", "<floppy/>"),
	} {
		if err := h.Define(t.Context(), text); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
	ok(t, h.Free(t.Context(), "web1"))
}

func TestRemoveIfLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	h, _ := connect(t)
	ctx := t.Context()
	ok(t, h.Define(ctx, domain("web1", "", "")))
	ok(t, h.Start(ctx, "web1"))
	ok(t, h.RemoveIf(ctx, "web1", func(text string) bool { return strings.Contains(text, "of somebody else") }))
	if state, err := h.State(ctx, "web1"); err != nil || state != libvirt.Running {
		t.Errorf("state %q, %v", state, err)
	}
	ok(t, h.RemoveIf(ctx, "web1", func(text string) bool { return strings.Contains(text, "of a test") }))
	ok(t, h.Free(ctx, "web1"))
}

// What a domain has beside its definition would keep plain undefining from
// working.
func TestUndefineTakesAllAlong(t *testing.T) {
	t.Parallel()
	libvirtnode.Need(t, "swtpm", "swtpm_setup")
	h, n := connect(t)
	ctx := t.Context()
	ok(t, h.Define(ctx, domain("efi", " firmware='efi'", "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>")))
	ok(t, h.Start(ctx, "efi"))
	virsh(t, n, "managedsave", "efi")
	if state, err := h.State(ctx, "efi"); err != nil || state != libvirt.ShutOff {
		t.Errorf("state %q, %v", state, err)
	}
	ok(t, h.Undefine(ctx, "efi", false))
	ok(t, h.Free(ctx, "efi"))
	ok(t, h.Define(ctx, domain("efi", " firmware='efi'", "")))
}

func TestTransientDomainIsRemoved(t *testing.T) {
	t.Parallel()
	h, n := connect(t)
	file := filepath.Join(t.TempDir(), "xml")
	ok(t, os.WriteFile(file, []byte(domain("web1", "", "")), 0o600))
	virsh(t, n, "create", file)
	ok(t, h.Undefine(t.Context(), "web1", true))
	ok(t, h.Free(t.Context(), "web1"))
}

func TestMemory(t *testing.T) {
	t.Parallel()
	h, _ := connect(t)
	m, err := h.Memory(t.Context())
	ok(t, err)
	text, err := os.ReadFile("/proc/meminfo")
	ok(t, err)
	var total int64
	_, err = fmt.Sscanf(string(text), "MemTotal: %d kB", &total)
	ok(t, err)
	if m.Total != total<<10 || m.Free <= 0 || m.Free > m.Total {
		t.Errorf("got %+v, the kernel says %d kB", m, total)
	}
}

func TestUnreachable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	dead := filepath.Join(dir, "dead")
	l, err := net.Listen("unix", dead) //nolint:noctx // ends at once
	ok(t, err)
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	ok(t, l.Close())
	for socket, hint := range map[string]string{filepath.Join(dir, "absent"): "Install", dead: "runs"} {
		_, err := libvirt.Connect(t.Context(), socket)
		var u *libvirt.UnreachableError
		if !errors.As(err, &u) || u.Socket != socket || !strings.Contains(u.Hint, hint) || strings.Count(err.Error(), socket) != 1 {
			t.Errorf("got %v, %+v", err, u)
		}
	}
}

// A daemon that takes the connection and says nothing.
func TestCallsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	socket := filepath.Join(t.TempDir(), "mute")
	l, err := net.Listen("unix", socket) //nolint:noctx // the test's own
	ok(t, err)
	defer func() { ok(t, l.Close()) }()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = libvirt.Connect(ctx, socket)
	is(t, err, context.DeadlineExceeded)
}

func TestCallsOfAStoppedDaemon(t *testing.T) {
	t.Parallel()
	n := libvirtnode.ForTest(t)
	h, err := libvirt.Connect(t.Context(), n.Socket())
	ok(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	is(t, h.Free(ctx, "x"), context.Canceled)
	ok(t, h.Free(t.Context(), "x")) // one that had not begun doesn't end the connection
	ok(t, h.Close())
	ok(t, h.Close())
	var u *libvirt.UnreachableError
	if err := h.Free(t.Context(), "x"); !errors.As(err, &u) {
		t.Errorf("after Close: %v", err)
	}
}

// The version is the one that virsh tells.
func TestVersion(t *testing.T) {
	t.Parallel()
	h, n := connect(t)
	v, err := h.Version(t.Context())
	ok(t, err)
	if said := virsh(t, n, "version", "--daemon"); !strings.Contains(said, "daemon: "+v.String()) {
		t.Errorf("it is %v, and virsh says %s", v, said)
	}
	if got := libvirt.RBDNamespaces.String(); got != "11.6.0" {
		t.Errorf("got %s", got)
	}
}
