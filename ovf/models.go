package ovf

// Elements under which the choices of hardware stand among the warnings.
const (
	choseFirmware = "firmware"
	choseMachine  = "machine"
	choseDiskBus  = "disk_bus"
	choseNIC      = "nic_model"
)

// SetFirmware decides the firmware, "bios" or "efi", where the descriptor left
// it open, and what depends on it; why goes into the warnings, as a clause like
// "the first disk has an EFI system partition". It changes nothing when the
// descriptor did say.
func (s *SystemPlan) SetFirmware(firmware, why string) {
	if s.Firmware != "" {
		return
	}
	s.Firmware = firmware
	s.chooseHardware()
	s.chose(choseFirmware, "the firmware is "+firmware+": "+why)
}

// chooseHardware chooses what QEMU emulates: what the guest has drivers for,
// before what would be fastest. It may be called again when the plan changed.
func (s *SystemPlan) chooseHardware() {
	var why string
	s.DiskBus, s.SCSIModel, why = s.chooseDiskBus()
	s.chose(choseDiskBus, "disks are on "+s.DiskBus+": "+why)
	s.NICModel, why = s.chooseNIC()
	s.chose(choseNIC, "network adapters are "+s.NICModel+": "+why)
	s.Machine, why = s.chooseMachine()
	s.chose(choseMachine, "the machine is "+s.Machine+": "+why)
	if s.Firmware == "" {
		s.chose(choseFirmware, "the firmware is not given; the first disk's partitions decide")
	}
	if s.SecureBoot && s.Firmware == "bios" {
		s.SecureBoot = false
		s.chose("secure_boot", "secure boot is off, because it needs EFI and the firmware is bios")
	}
}

// chose notes a choice in the place of an earlier one of the same thing.
func (s *SystemPlan) chose(what, text string) {
	for i := range s.Warnings {
		if s.Warnings[i].Line == 0 && s.Warnings[i].Element == what {
			s.Warnings[i].Text = text
			return
		}
	}
	s.Warnings = append(s.Warnings, Warning{Element: what, Text: text})
}

// firstBus is the bus of the first disk, and its controller where there is one.
func (s *SystemPlan) firstBus() (bus string, c Controller) {
	if len(s.Disks) == 0 {
		return "", c
	}
	for _, c := range s.Controllers {
		if c.Instance == s.Disks[0].Controller {
			return s.Disks[0].Bus, c
		}
	}
	return s.Disks[0].Bus, c
}

// maxIDE is how many drives the IDE of QEMU's machine pc takes.
const maxIDE = 4

// chooseDiskBus chooses the bus of all disks.
func (s *SystemPlan) chooseDiskBus() (bus, model, why string) {
	bus, model, why = s.wantedBus()
	if drives := len(s.Disks) + len(s.Media); bus == "ide" && drives > maxIDE {
		return "sata", "", "there are more drives than IDE takes"
	}
	return bus, model, why
}

// wantedBus is the bus that the guest is most likely to boot from.
func (s *SystemPlan) wantedBus() (bus, model, why string) {
	const same = "it is the controller that the guest was made with"
	first, c := s.firstBus()
	switch {
	case s.Guest.Family == LegacyWindows && s.Firmware != "efi":
		return "ide", "", "this Windows has drivers for nothing else that QEMU has"
	case s.Guest.Family == Windows || s.Guest.Family == LegacyWindows:
		return "sata", "", "Windows has a driver for it, and none for virtio until one is installed"
	case first == "virtio":
		return "virtio", "", "the descriptor asks for it"
	case c.Model == "virtioscsi", c.Model == "virtio-scsi", c.Instance == "" && first == "scsi":
		return "scsi", "virtio-scsi", "the descriptor asks for it"
	case c.Model == "virtualscsi":
		return "scsi", "vmpvscsi", same
	case c.Model == "lsilogicsas":
		return "scsi", "lsisas1068", same
	case first == "ide" && s.Firmware != "efi":
		return "ide", "", same
	case s.Guest.Family == LegacyLinux && s.Firmware != "efi":
		return "ide", "", "so old a Linux has a driver for it"
	}
	return "sata", "", "nearly every guest has a driver for it"
}

// chooseNIC chooses the model of all network adapters.
func (s *SystemPlan) chooseNIC() (model, why string) {
	const same = "it is the adapter that the guest was made with"
	asked := ""
	if len(s.NICs) > 0 {
		asked = s.NICs[0].Model
	}
	switch s.Guest.Family {
	case Windows:
		return "e1000e", "Windows has a driver for it, and none for virtio until one is installed"
	case LegacyWindows:
		if model := sameNIC(asked); model == "e1000" {
			return model, same
		}
		return "rtl8139", "this Windows has a driver for it"
	case Linux:
		if model := sameNIC(asked); model != "" && model != "vmxnet3" && model != "pcnet" {
			return model, same
		}
		return "virtio", "every such Linux has a driver for it"
	case LegacyLinux, BSD, OtherGuest:
	}
	if model := sameNIC(asked); model != "" {
		return model, same
	}
	return "e1000", "nearly every guest has a driver for it"
}

// sameNIC is QEMU's model of the adapter that a descriptor asks for, "" when it
// has none.
func sameNIC(asked string) string {
	switch asked {
	case "virtio", "e1000", "e1000e", "rtl8139", "vmxnet3":
		return asked
	case "82540em", "82543gc", "82545em":
		return "e1000"
	case "pcnet32", "pcnet", "flexible", "vlance", "am79c970a", "am79c973":
		return "pcnet"
	}
	return ""
}

// chooseMachine chooses the chipset.
func (s *SystemPlan) chooseMachine() (machine, why string) {
	switch {
	case s.Firmware == "efi":
		return "q35", "EFI needs it"
	case s.DiskBus == "ide":
		return "pc", "IDE disks need it"
	case s.Guest.Family == LegacyWindows, s.Guest.Family == LegacyLinux:
		return "pc", "the guest is older than PCI Express"
	}
	return "q35", "it is QEMU's present one"
}
