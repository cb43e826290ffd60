package vm

import (
	"strings"

	"spliced/api"
)

// hardware fills in what the system template leaves open, and refuses what
// QEMU's machines can't be.
func (w *work) hardware() error {
	s := w.System
	h := &w.plan.Hardware
	*h = Hardware{
		VCPUs: s.VCPUs, Memory: api.Size(s.VRAM) << 20, Serial: s.Serial,
		Firmware: either(s.Firmware, "bios"), SecureBoot: s.SecureBoot, VTPM: s.VTPM,
		DiskBus: either(s.DiskBus, "scsi"), NICModel: either(s.NICModel, "virtio"),
		Windows: w.system != nil && isWindows(w.system.Guest),
	}
	h.Machine = either(s.Machine, "q35")
	if s.Machine == "" && h.DiskBus == "ide" {
		h.Machine = "pc" // the only one of the two with IDE
	}
	if h.DiskBus == "scsi" {
		h.SCSIModel = either(s.SCSIModel, "virtio-scsi")
	}
	if s.VNC != nil && s.VNC.Enabled {
		h.VNC = either(s.VNC.Bind, "127.0.0.1")
	}
	return w.checkTogether()
}

func either(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// isWindows tells it by the descriptor's words, as "windows9Server64Guest",
// "winNetStandardGuest" or "Microsoft Windows Server 2019 (64-bit)".
func isWindows(guest string) bool {
	guest = strings.ToLower(guest)
	return strings.HasPrefix(guest, "win") || strings.Contains(guest, "windows")
}

// checkTogether checks what a machine can't have, although each key may be so.
func (w *work) checkTogether() error {
	h := &w.plan.Hardware
	refuse := func(format string, args ...any) error {
		return fail(Unsupported, "system_template", "system template %q "+format, append([]any{w.Profile.SystemTemplate}, args...)...)
	}
	switch {
	case h.DiskBus == "ide" && h.Machine != "pc":
		return refuse("has the disk_bus ide, which only the machine pc has, and the machine %s", h.Machine)
	case h.SecureBoot && h.Machine != "q35":
		return refuse("has secure_boot, which only the machine q35 has, and the disk_bus ide, which only pc has")
	}
	return nil
}
