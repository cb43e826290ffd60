package ovf

// machine chooses what QEMU emulates: what the guest has drivers for, before
// what would be fastest.
func (b *builder) machine() {
	out := b.out
	if out.SecureBoot && out.Firmware == "bios" {
		out.warn(b.sys.hardware, "secure boot needs EFI; it is switched off because the firmware is BIOS")
		out.SecureBoot = false
	}
	var why string
	out.DiskBus, out.SCSIModel, why = b.diskBus()
	out.warn(b.sys.hardware, "disks are on %s: %s", out.DiskBus, why)
	out.NICModel, why = b.nicModel()
	out.warn(b.sys.hardware, "network adapters are %s: %s", out.NICModel, why)
	out.Machine, why = b.machineType()
	out.warn(b.sys.hardware, "the machine is %s: %s", out.Machine, why)
	if out.Firmware == "" {
		out.warn(b.sys.hardware, "the firmware is not given; the first disk's partitions decide")
	}
}

// firstController is the controller of the first disk, or an empty one.
func (b *builder) firstController() Controller {
	if len(b.out.Disks) > 0 {
		if c := b.controllers[b.out.Disks[0].Controller]; c != nil {
			return *c
		}
	}
	return Controller{}
}

// firstBus is the bus of the first disk, where that is said without naming a
// controller too.
func (b *builder) firstBus() string {
	if len(b.out.Disks) > 0 {
		return b.out.Disks[0].Bus
	}
	return ""
}

// diskBus chooses the bus of all disks.
func (b *builder) diskBus() (bus, model, why string) {
	c := b.firstController()
	switch {
	case b.out.Guest.Family == LegacyWindows:
		return "ide", "", "this Windows has drivers for nothing else that QEMU has"
	case b.out.Guest.Family == Windows:
		return "sata", "", "Windows has a driver for it, and none for virtio until one is installed"
	case c.Bus == "virtio" || c.Model == "virtio", b.firstBus() == "virtio":
		return "virtio", "", "the descriptor asks for it"
	case c.Model == "virtioscsi" || c.Model == "virtio-scsi", c.Bus == "" && b.firstBus() == "scsi":
		return "scsi", "virtio-scsi", "the descriptor asks for it"
	case c.Model == "virtualscsi":
		return "scsi", "vmpvscsi", "it is the controller that the guest was made with"
	case c.Model == "lsilogicsas":
		return "scsi", "lsisas1068", "it is the controller that the guest was made with"
	case c.Bus == "ide" && b.out.Firmware != "efi", b.out.Guest.Family == LegacyLinux:
		return "ide", "", "it is the controller that the guest was made with"
	}
	return "sata", "", "nearly every guest has a driver for it"
}

// nicModel chooses the model of all network adapters.
func (b *builder) nicModel() (model, why string) {
	asked := ""
	if len(b.out.NICs) > 0 {
		asked = b.out.NICs[0].Model
	}
	const same = "it is the adapter that the guest was made with"
	switch b.out.Guest.Family {
	case Windows:
		return "e1000e", "Windows has a driver for it, and none for virtio until one is installed"
	case LegacyWindows:
		if asked == "e1000" || asked == "82540em" || asked == "82545em" {
			return "e1000", same
		}
		return "rtl8139", "this Windows has a driver for it"
	case Linux, LegacyLinux, BSD, OtherGuest:
	}
	switch asked {
	case "virtio", "e1000", "e1000e", "rtl8139":
		return asked, same
	case "82540em", "82543gc", "82545em":
		return "e1000", same
	case "vmxnet3":
		if b.out.Guest.Family == Linux {
			return "virtio", "every such Linux has a driver for it, and QEMU's vmxnet3 is not maintained"
		}
		return asked, same
	case "pcnet32", "pcnet", "flexible", "vlance", "am79c970a", "am79c973":
		if b.out.Guest.Family != Linux {
			return "pcnet", same
		}
	}
	if b.out.Guest.Family == Linux {
		return "virtio", "every such Linux has a driver for it"
	}
	return "e1000", "nearly every guest has a driver for it"
}

// machineType chooses the chipset.
func (b *builder) machineType() (machine, why string) {
	switch {
	case b.out.Firmware == "efi":
		return "q35", "EFI needs it"
	case b.out.DiskBus == "ide":
		return "pc", "IDE disks need it"
	case b.out.Guest.Family == LegacyWindows, b.out.Guest.Family == LegacyLinux:
		return "pc", "the guest is older than PCI Express"
	}
	return "q35", "it is QEMU's present one"
}
