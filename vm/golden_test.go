package vm_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/api"
	"spliced/vm"
)

var update = flag.Bool("update", false, "write the golden domains anew")

// A sample is a VM of some kind, and the host that it is for.
type sample struct {
	parts   func() vm.Parts
	options vm.Options
	where   func(pool, volume string) (vm.Location, error)
}

// samples has one VM of each kind.
func samples() map[string]sample {
	noKVM := vm.Options{NoKVM: true, Emulator: "/usr/bin/qemu-system-x86_64", SerialLogs: "/tmp/logs"}
	return map[string]sample{
		"provisioner-blank":        {parts: provisioner, where: cephx},
		"provisioner-clone":        {parts: cloning, where: cephx},
		"provisioner-filesystems":  {parts: filesystems, where: cephx},
		"provisioner-seed":         {parts: seeded, where: cephx},
		"provisioner-no-kvm-files": {parts: provisioner, where: files, options: noKVM},
		"provisioner-files":        {parts: provisioner, where: files},
		"provisioner-tmpfs":        {parts: seeded, where: buffered},
		"provisioner-no-auth":      {parts: provisioner, where: noAuth},
		"provisioner-30-virtio":    {parts: func() vm.Parts { return many("virtio", 30) }, where: files},
		"provisioner-30-scsi":      {parts: func() vm.Parts { return many("scsi", 30) }, where: files},
		"ova-bios-sata":            {parts: appliance, where: cephx},
		"ova-8-sata":               {parts: func() vm.Parts { return eight("sata", "") }, where: files},
		"ova-8-virtio-scsi":        {parts: func() vm.Parts { return eight("scsi", "virtio-scsi") }, where: files},
		"ova-8-lsisas1068":         {parts: func() vm.Parts { return eight("scsi", "lsisas1068") }, where: files},
		"ova-8-lsilogic":           {parts: func() vm.Parts { return eight("scsi", "lsilogic") }, where: files},
		"ova-8-vmpvscsi":           {parts: func() vm.Parts { return eight("scsi", "vmpvscsi") }, where: files},
		"ova-windows":              {parts: windows, where: cephx},
		"ova-windows-no-kvm":       {parts: windows, where: files, options: noKVM},
		"ova-storage-template":     {parts: withStorage, where: cephx},
		"ova-environment":          {parts: withEnvironment, where: cephx},
		"ova-ide-cd-floppy":        {parts: legacy, where: files},
		"ova-efi-vmxnet3":          {parts: efi, where: files},
		"ova-pcnet":                {parts: pcnet, where: files},
	}
}

// TestGoldenDomains holds the domain of each kind of VM, and libvirt's schema to
// each of them.
func TestGoldenDomains(t *testing.T) {
	t.Parallel()
	for name, s := range samples() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join("testdata", name+".xml")
			checkGolden(t, file, domainOf(t, s))
			checkSchema(t, file)
		})
	}
}

func domainOf(t *testing.T, s sample) string {
	t.Helper()
	plan, err := vm.Work(s.parts())
	if err != nil {
		t.Fatal(err)
	}
	domain, err := plan.Domain(s.options, s.where)
	if err != nil {
		t.Fatal(err)
	}
	return domain
}

func checkGolden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// checkSchema has libvirt's schema judge a domain.
func checkSchema(t *testing.T, file string) {
	t.Helper()
	need(t, "virt-xml-validate")
	if out, err := exec.CommandContext(t.Context(), "virt-xml-validate", file, "domain").CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", file, err, out)
	}
}

// No golden file is left from a sample that went away.
func TestGoldenFilesHaveSamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "*.xml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	for _, file := range files {
		if _, ok := samples()[strings.TrimSuffix(filepath.Base(file), ".xml")]; !ok {
			t.Errorf("%s belongs to no sample", file)
		}
	}
}

// Monitors, user and secret of a cluster.
func cephx(pool, volume string) (vm.Location, error) {
	return vm.Location{RBD: &vm.RBD{
		Image:    pool + "/" + volume,
		Monitors: []string{"192.0.2.1:6789", "[2001:db8::2]:3300", "mon3.example"},
		User:     "libvirt", Secret: "c7d1e6b8-7a37-4a4f-9d69-1f7f8a3f0a11",
	}}, nil
}

func noAuth(pool, volume string) (vm.Location, error) {
	return vm.Location{RBD: &vm.RBD{Image: pool + "/tenant/" + volume, Monitors: []string{"192.0.2.1:6789"}}}, nil
}

func files(pool, volume string) (vm.Location, error) {
	return vm.Location{File: "/var/lib/spliced/pools/" + pool + "/" + volume}, nil
}

func buffered(pool, volume string) (vm.Location, error) {
	l, err := files(pool, volume)
	l.Buffered = true
	return l, err
}

// image is the catalogue's: a few images in the pool images.
func image(pool, name string) (api.Volume, bool) {
	sizes := map[string]api.Size{"images/debian12": 2 << 30, "vms/tools": 64 << 20}
	size, ok := sizes[pool+"/"+name]
	return api.Volume{Pool: pool, Name: name, Size: size}, ok
}
