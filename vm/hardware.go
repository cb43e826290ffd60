package vm

import (
	"net/netip"
	"slices"
	"strings"

	"spliced/api"
)

const (
	// maxVCPUs is how many processors have an APIC id of 8 bits; more need an
	// IOMMU that remaps interrupts (libvirt's <iommu>, eim).
	maxVCPUs = 255

	// maxMemory is 16 TiB in MiB, the most that QEMU's machines are tested with.
	maxMemory = 16 << 20
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
	if s.VRAM < 1 || s.VRAM > maxMemory {
		return w.badSystem("vram is %d MiB, it must be from 1 to %d", s.VRAM, maxMemory)
	}
	if s.VCPUs < 1 || s.VCPUs > maxVCPUs {
		return w.badSystem("vcpus is %d, it must be from 1 to %d", s.VCPUs, maxVCPUs)
	}
	if err := w.checkWords(); err != nil {
		return err
	}
	if err := w.checkTogether(); err != nil {
		return err
	}
	return w.screen()
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

// badSystem is the failure of a system template's content.
func (w *work) badSystem(format string, args ...any) error {
	return fail(Invalid, "system_template", "system template %q: "+format, append([]any{w.Profile.SystemTemplate}, args...)...)
}

// checkWords checks the keys that have a list of words.
func (w *work) checkWords() error {
	h := &w.plan.Hardware
	for _, key := range []struct {
		name, value string
		known       []string
	}{
		{"firmware", h.Firmware, []string{"bios", "efi"}},
		{"machine", h.Machine, []string{"q35", "pc"}},
		{"disk_bus", h.DiskBus, []string{"scsi", "virtio", "sata", "ide"}},
		{"scsi_model", h.SCSIModel, []string{"", "virtio-scsi", "lsisas1068", "lsilogic", "vmpvscsi"}},
		{"nic_model", h.NICModel, []string{"virtio", "e1000e", "e1000", "rtl8139", "vmxnet3", "pcnet"}},
	} {
		if !slices.Contains(key.known, key.value) {
			return w.badSystem("%s is %q, known are %s", key.name, key.value, strings.TrimPrefix(strings.Join(key.known, ", "), ", "))
		}
	}
	return nil
}

// checkTogether checks what one key demands of another.
func (w *work) checkTogether() error {
	h := &w.plan.Hardware
	switch {
	case h.SecureBoot && h.Firmware != "efi":
		return w.badSystem("secure_boot needs the firmware efi")
	case h.SecureBoot && h.Machine != "q35":
		return w.badSystem("secure_boot needs the machine q35: only that one has the protected memory that it keeps its keys in")
	case h.DiskBus == "ide" && h.Machine != "pc":
		return w.badSystem("disk_bus ide needs the machine pc: %s has no IDE", h.Machine)
	}
	return nil
}

// screen finds the address that VNC listens on.
func (w *work) screen() error {
	vnc := w.System.VNC
	if vnc == nil || !vnc.Enabled {
		return nil
	}
	bind := either(vnc.Bind, "127.0.0.1")
	address, err := netip.ParseAddr(bind)
	if err != nil || address.Zone() != "" {
		return w.badSystem("vnc.bind is %q, which is no IP address", bind)
	}
	w.plan.Hardware.VNC = address.String()
	return nil
}
