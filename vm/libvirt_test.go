package vm_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"libvirt.org/go/libvirtxml"

	"spliced/test/libvirtnode"
	"spliced/vm"
)

// TestQEMUStarts has libvirt check domains of each kind beyond what its schema
// can, and QEMU plug all their devices together, up to the first instruction.
func TestQEMUStarts(t *testing.T) {
	t.Parallel()
	need(t, "virsh", "/usr/bin/swtpm", "/usr/share/OVMF/OVMF_CODE_4M.ms.fd")
	uri := libvirtnode.URI(libvirtnode.Socket(t))
	for _, name := range []string{
		"provisioner-30-virtio", "ova-8-lsisas1068", "ova-8-lsilogic", "ova-8-vmpvscsi", "ova-windows", "ova-ide-cd-floppy", "ova-efi-vmxnet3",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parts := samples()[name].parts()
			parts.Request.Name, parts.System.VRAM = "golden-"+name, 64
			parts.UUID = uuid.NewString()
			file := filepath.Join(t.TempDir(), "domain.xml")
			if err := os.WriteFile(file, []byte(unplugged(t, work(t, parts))), 0o600); err != nil {
				t.Fatal(err)
			}
			virsh(t, uri, "create", "--paused", "--validate", file)
			m, err := vm.MetadataOf(virsh(t, uri, "dumpxml", parts.Request.Name))
			if err != nil || m.Job != parts.Job {
				t.Errorf("libvirt keeps %+v, %v", m, err)
			}
			virsh(t, uri, "destroy", parts.Request.Name)
		})
	}
}

// unplugged writes the domain for a host without KVM and without bridges, its
// volumes being empty files.
func unplugged(t *testing.T, plan *vm.Plan) string {
	t.Helper()
	dir := t.TempDir()
	text, err := plan.Domain(vm.Options{NoKVM: true, SerialLogs: dir}, func(_, volume string) (vm.Location, error) {
		file := filepath.Join(dir, volume)
		return vm.Location{File: file, Buffered: true}, os.WriteFile(file, make([]byte, 1440<<10), 0o600)
	})
	if err != nil {
		t.Fatal(err)
	}
	var domain libvirtxml.Domain
	if err := domain.Unmarshal(text); err != nil {
		t.Fatal(err)
	}
	for i := range domain.Devices.Interfaces {
		domain.Devices.Interfaces[i].Source = &libvirtxml.DomainInterfaceSource{User: &libvirtxml.DomainInterfaceSourceUser{}}
	}
	if text, err = domain.Marshal(); err != nil {
		t.Fatal(err)
	}
	return text
}

// virsh runs libvirt's client and gives what it says.
func virsh(t *testing.T, uri string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "virsh", append([]string{"--connect", uri}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("virsh %q: %v\n%s", args, err, out)
	}
	return string(out)
}

// need wants programs in the path and files. What lacks skips the test, or fails
// it where SPLICED_REQUIRE names libvirt.
func need(t *testing.T, all ...string) {
	t.Helper()
	for _, what := range all {
		_, err := exec.LookPath(what)
		if strings.HasPrefix(what, "/") {
			_, err = os.Stat(what)
		}
		if err == nil {
			continue
		}
		if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), "libvirt") {
			t.Fatalf("SPLICED_REQUIRE wants libvirt: %v", err)
		}
		t.Skip(err)
	}
}
