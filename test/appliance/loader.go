package appliance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// grubFolder is where Debian keeps GRUB's modules, in a folder for each platform.
const grubFolder = "/usr/lib/grub"

// A loader is what makes the disk boot.
type loader struct {
	efi       bool
	boot      []byte // BIOS: the code of the first sector
	core      string // the file of GRUB with its modules and its commands
	kernel    []byte
	initramfs []byte
}

// newLoader makes GRUB's core for the firmware asked for.
func newLoader(ctx context.Context, scratch string, o Options) (loader, error) {
	l := loader{efi: o.EFI, core: filepath.Join(scratch, "core")}
	platform, driver, terminal := "i386-pc", "biosdisk", "serial console"
	if o.EFI { // whose console tends to be the serial port already
		platform, driver, terminal = "x86_64-efi", "efi_gop", "serial"
	} else {
		var err error
		if l.boot, err = os.ReadFile(filepath.Join(grubFolder, platform, "boot.img")); err != nil {
			return l, fmt.Errorf("read GRUB's boot sector (package grub-pc-bin): %w", err)
		}
	}
	commands := filepath.Join(scratch, "grub.cfg")
	if err := os.WriteFile(commands, []byte(grubCommands(terminal, o.Stay)), 0o600); err != nil {
		return l, err
	}
	// The prefix names a partition but no disk: the one that was booted from.
	args := []string{
		"--format", platform, "--directory", filepath.Join(grubFolder, platform), "--output", l.core,
		"--config", commands, "--prefix", "(,msdos1)/",
		driver, "part_msdos", "fat", "serial", "terminal", "echo", "linux",
	}
	return l, run(ctx, "grub-mkimage", args...)
}

// grubCommands are built into GRUB's core. A serial port that isn't there is no
// obstacle: its commands are refused and the next ones go on.
func grubCommands(terminal string, stay bool) string {
	options := []string{
		"console=tty0", "console=ttyS0,115200", "quiet", "panic=10",
		"spliced.sha256=" + patternDigest(),
	}
	if stay {
		options = append(options, "spliced.stay")
	}
	return strings.Join([]string{
		"serial --unit=0 --speed=115200",
		"terminal_output " + terminal,
		"echo 'spliced-demo: boot loader'",
		"linux /" + kernelName + " " + strings.Join(options, " "),
		"initrd /" + initramfsName,
		"boot",
		"",
	}, "\n")
}
