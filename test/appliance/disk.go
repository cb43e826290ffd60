package appliance

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// writeDisk writes the raw disk, sparse.
func writeDisk(ctx context.Context, raw, scratch string, l loader) error {
	f, err := os.Create(raw)
	if err != nil {
		return err
	}
	err = writeFixed(f, l)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("write the disk: %w", err)
	}
	return writeBootPartition(ctx, raw, scratch, l)
}

// writeFixed writes all that isn't in a file system: the MBR, for a BIOS GRUB's
// core behind it (boot.img loads it from sector 1, where it is by default), and
// the pattern.
func writeFixed(f *os.File, l loader) error {
	if err := f.Truncate(DiskSize); err != nil {
		return err
	}
	mbr := make([]byte, sector)
	if !l.efi {
		copy(mbr[:440], l.boot)
		core, err := os.ReadFile(l.core)
		if err != nil {
			return err
		}
		if len(core) > bootStart-sector {
			return fmt.Errorf("GRUB's core of %d bytes doesn't fit before the first partition", len(core))
		}
		if _, err := f.WriteAt(core, sector); err != nil {
			return err
		}
	}
	partitionTable(mbr, l.efi)
	if _, err := f.WriteAt(mbr, 0); err != nil {
		return err
	}
	_, err := f.WriteAt(pattern(), patternStart)
	return err
}

// writeBootPartition makes the FAT file system inside the disk's file.
func writeBootPartition(ctx context.Context, raw, scratch string, l loader) error {
	image := fmt.Sprintf("%s@@%d", raw, bootStart)
	if err := mtool(ctx, "mformat", "-i", image, "-F", "-T", fmt.Sprint(bootSize/sector),
		"-N", "5EED0001", "-v", "DEMO", "::"); err != nil {
		return err
	}
	for name, data := range map[string][]byte{kernelName: l.kernel, initramfsName: l.initramfs} {
		if err := os.WriteFile(filepath.Join(scratch, name), data, 0o600); err != nil {
			return err
		}
	}
	if err := mtool(ctx, "mcopy", "-i", image, filepath.Join(scratch, kernelName),
		filepath.Join(scratch, initramfsName), "::"); err != nil {
		return err
	}
	if !l.efi {
		return nil
	}
	if err := mtool(ctx, "mmd", "-i", image, "::/EFI", "::/EFI/BOOT"); err != nil {
		return err
	}
	// The path that firmware takes when nothing else was set up (UEFI 3.5.1.1).
	return mtool(ctx, "mcopy", "-i", image, l.core, "::/EFI/BOOT/BOOTX64.EFI")
}

// mtool runs one of mtools with a clock that stands still, and without a user's
// own settings.
func mtool(ctx context.Context, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=1000000000", "MTOOLSRC=/dev/null", "TZ=UTC")
	_, err := output(cmd)
	return err
}
