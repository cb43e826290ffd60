package appliance_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"spliced/test/appliance"
)

// TestBoots builds the appliance for both firmwares, boots it under QEMU by plain
// emulation, and reads what it says of its disk on the serial port.
func TestBoots(t *testing.T) {
	need(t, "qemu-system-x86_64", "qemu-img", "grub-mkimage", "mformat", "dpkg-deb", "xz")
	bios := build(t, appliance.Options{})
	efi := build(t, appliance.Options{EFI: true})
	ahci := []string{"-machine", "q35", "-device", "ide-hd,drive=disk"}
	for _, c := range []struct {
		name string
		raw  string
		disk string
		args []string
	}{
		{"BIOS, virtio-scsi", bios, "sda", []string{"-device", "virtio-scsi-pci", "-device", "scsi-hd,drive=disk"}},
		{"EFI, AHCI", efi, "sda", append(ahci, "-bios", firmware(t))},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			said := boot(t, c.raw, c.args...)
			if !strings.Contains(said, "spliced-demo: boot loader") {
				t.Error("the boot loader says nothing on the serial port")
			}
			want := regexp.MustCompile(fmt.Sprintf(`%sdisk=%s size=%d sha256=[0-9a-f]{64} intact\r?\n`,
				appliance.UpPrefix, c.disk, appliance.DiskSize))
			if !want.MatchString(said) {
				t.Errorf("no line matches %s in:\n%s", want, said)
			}
		})
	}
}

// TestImagesAgree compares the VMDK, and the disk inside the archive, with the
// raw disk.
func TestImagesAgree(t *testing.T) {
	need(t, "qemu-img", "grub-mkimage", "mformat", "dpkg-deb", "xz", "tar")
	raw := build(t, appliance.Options{Stay: true})
	out := filepath.Dir(raw)
	unpacked := t.TempDir()
	command(t, "tar", "-xf", filepath.Join(out, appliance.ArchiveName), "-C", unpacked)
	for _, folder := range []string{out, unpacked} {
		command(t, "qemu-img", "compare", "-f", "raw", "-F", "vmdk", raw, filepath.Join(folder, appliance.VMDKName))
	}
	left, err := filepath.Glob(filepath.Join(out, ".*"))
	if err != nil || len(left) > 0 {
		t.Errorf("scratch files are left: %v, %v", left, err)
	}
}

// build builds an appliance and returns the path of its raw disk.
func build(t *testing.T, o appliance.Options) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		lacking(t, err.Error())
	}
	o.Out, o.Cache = t.TempDir(), filepath.Join(cache, "spliced", "packages")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	if err := appliance.Build(ctx, o); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(o.Out, appliance.RawName)
}

// boot runs the machine until it has switched itself off, and returns what it
// wrote on its serial port.
func boot(t *testing.T, raw string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", append([]string{
		"-accel", "tcg", "-m", "512", "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio",
		"-drive", "if=none,id=disk,format=raw,snapshot=on,file=" + raw,
	}, args...)...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		t.Errorf("the machine doesn't end by itself: %v", err)
	}
	return said.String()
}

// firmware finds the EFI firmware of Debian's package ovmf.
func firmware(t *testing.T) string {
	t.Helper()
	const path = "/usr/share/ovmf/OVMF.fd"
	if _, err := os.Stat(path); err != nil {
		lacking(t, "package ovmf: "+err.Error())
	}
	return path
}

func command(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Errorf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// need skips the test where programs are not installed.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			lacking(t, err.Error())
		}
	}
}

// lacking skips the test, or fails it where SPLICED_REQUIRE says that qemu is
// expected to work.
func lacking(t *testing.T, reason string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), "qemu") {
		t.Fatalf("needed by SPLICED_REQUIRE=qemu: %s", reason)
	}
	t.Skip(reason)
}
