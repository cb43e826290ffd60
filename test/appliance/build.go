package appliance

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"spliced/test/appliance/bundle"
)

// Options say what to build.
type Options struct {
	Out   string // folder for the results, made when it isn't there
	Cache string // folder that keeps Debian's packages between builds
	EFI   bool   // boots by EFI firmware instead of a BIOS
	Stay  bool   // runs on after its line, until it is switched off
}

// The names of what Build leaves in its folder.
const (
	RawName        = "disk.raw"
	VMDKName       = "disk.vmdk"
	DescriptorName = "demo.ovf"
	ManifestName   = "demo.mf"
	ArchiveName    = "demo.ova"
)

// UpPrefix begins the line that the booted machine writes on its serial port:
//
//	spliced-demo: up disk=sda size=1073741824 sha256=<64 hex digits> intact
//
// It ends in "damaged" when the pattern is not what was built.
const UpPrefix = "spliced-demo: up "

// Build builds the machine. It wants the programs of grub-common, mtools, dpkg,
// apt, xz-utils and qemu-utils and the files of grub-pc-bin, or with EFI those of
// grub-efi-amd64-bin. Packages that the cache lacks are fetched by apt-get.
func Build(ctx context.Context, o Options) error {
	if err := os.MkdirAll(o.Out, 0o750); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(o.Out, ".build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch) //nolint:errcheck // only scratch files
	kernel, initramfs, err := system(ctx, o)
	if err != nil {
		return err
	}
	l, err := newLoader(ctx, scratch, o)
	if err != nil {
		return err
	}
	l.kernel, l.initramfs = kernel, initramfs
	raw := filepath.Join(o.Out, RawName)
	if err := writeDisk(ctx, raw, scratch, l); err != nil {
		return err
	}
	return pack(ctx, o, raw)
}

// system makes the kernel and the initramfs.
func system(ctx context.Context, o Options) (kernel, initramfs []byte, err error) {
	p, err := fetch(ctx, o.Cache)
	if err != nil {
		return nil, nil, err
	}
	k, err := readKernel(ctx, p.kernel)
	if err != nil {
		return nil, nil, err
	}
	modules, err := k.modulesFor(ctx, drivers())
	if err != nil {
		return nil, nil, err
	}
	busybox, err := readBusybox(ctx, p.busybox)
	if err != nil {
		return nil, nil, err
	}
	initramfs, err = newInitramfs(busybox, modules)
	return k.image, initramfs, err
}

// pack makes VMDK and OVA of the raw disk.
func pack(ctx context.Context, o Options, raw string) error {
	err := run(ctx, "qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o",
		"subformat=streamOptimized,adapter_type=lsilogic", raw, filepath.Join(o.Out, VMDKName))
	if err != nil {
		return err
	}
	return bundle.Write(o.Out, bundle.Machine{
		Name:      "demo",
		Product:   "Boots, tells what it sees of its disk, and powers off",
		VCPUs:     1,
		MemoryMiB: 512,
		EFI:       o.EFI,
		Network:   "VM Network",
		DiskFile:  VMDKName,
		DiskSize:  DiskSize,
	})
}

// run runs a program to its end. Its own words are the cause of a failure.
func run(ctx context.Context, name string, args ...string) error {
	_, err := output(exec.CommandContext(ctx, name, args...))
	return err
}

// output runs a command and returns its standard output.
func output(cmd *exec.Cmd) ([]byte, error) {
	out, err := cmd.Output()
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // Output never wraps it
		return nil, fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, exit.Stderr)
	}
	return out, err
}
