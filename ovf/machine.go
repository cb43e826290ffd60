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
		case "BootOrderSection":
			b.bootOrder(e.at)
		}
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
		b.out.warn(s.at, "the firmware's variables in %s cannot be used; it starts with fresh ones", Display(s.value))
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
}

// bootOrder reads vCloud's boot order: device types, the first first.
func (b *builder) bootOrder(n *node) {
	b.out.warn(n, "the boot order is not used")
}
