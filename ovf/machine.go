package ovf

import "strings"

// settings reads firmware and the like out of the dialects' extensions.
func (b *builder) settings() {
	for _, s := range b.sys.config {
		b.setting(s)
	}
	for _, e := range b.sys.extras {
		switch e.name {
		case "BiosType":
			b.ovirtBios(e.at)
		case "Machine":
			b.virtualBox(e.at)
		case "VirtualSystemOtherConfigurationData":
			b.xenServer(e.at)
		}
	}
	if b.out.SecureBoot && b.out.Firmware == "" {
		b.out.Firmware = "efi"
		b.out.warn(b.sys.hardware, "the firmware is efi, because secure boot needs it")
	}
}

// setting reads one of VMware's keys.
func (b *builder) setting(s setting) {
	switch s.key {
	case "firmware":
		switch strings.ToLower(s.value) {
		case "efi", "uefi":
			b.out.Firmware = "efi"
		case "bios":
			b.out.Firmware = "bios"
		default:
			b.out.warn(s.at, "the firmware %s is not known", Display(s.value))
		}
	case "bootOptions.efiSecureBootEnabled", "uefi.secureBoot.enabled":
		b.out.SecureBoot = isTrue(s.value)
	case "nvram":
		if s.value == "" {
			return
		}
		b.out.warn(s.at, "the firmware's variables in %s cannot be used; it starts with fresh ones", Display(s.value))
	default:
		b.dropped.settings = note(b.dropped.settings, s.key)
	}
}

// ovirtBios reads oVirt's chipset and firmware in one.
func (b *builder) ovirtBios(n *node) {
	switch n.text {
	case "1", "2":
		b.out.Firmware = "bios"
	case "3":
		b.out.Firmware = "efi"
	case "4":
		b.out.Firmware, b.out.SecureBoot = "efi", true
	}
}

// virtualBox reads VirtualBox's own description of the machine.
func (b *builder) virtualBox(n *node) {
	hardware := n.child("Hardware")
	if hardware == nil {
		return
	}
	if f := hardware.child("Firmware"); f != nil {
		b.out.Firmware = "bios"
		if strings.HasPrefix(strings.ToUpper(f.get("type")), "EFI") {
			b.out.Firmware = "efi"
		}
	}
	if t := hardware.child("TrustedPlatformModule"); t != nil {
		b.out.VTPM = strings.HasPrefix(strings.ToLower(t.get("type")), "v")
	}
	b.out.warn(n, "of VirtualBox's own description only the firmware and the TPM are used")
}

// xenServer reads XenServer's boot parameters, "firmware=uefi;order=cd".
func (b *builder) xenServer(n *node) {
	if name := n.get("Name"); name != "HVM_boot_params" {
		b.dropped.elements = note(b.dropped.elements, name)
		return
	}
	for part := range strings.SplitSeq(n.value("Value"), ";") {
		switch strings.ToLower(strings.TrimSpace(part)) {
		case "firmware=uefi":
			b.out.Firmware = "efi"
		case "firmware=bios":
			b.out.Firmware = "bios"
		}
	}
}
