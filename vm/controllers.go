package vm

import "libvirt.org/go/libvirtxml"

// address is a drive's place as libvirt has it; nil where libvirt gives a slot on
// the PCI bus. A SCSI drive is the only unit of its target, but with lsilogic
// libvirt counts units of one target.
func (d *Drive) address(scsiModel string) *libvirtxml.DomainAddress {
	var bus, target, unit int
	switch {
	case d.Bus == "virtio":
		return nil
	case d.Bus == "ide":
		bus, unit = d.Slot/2, d.Slot%2
	case d.Bus == "scsi" && scsiModel != "lsilogic":
		target = d.Slot
	default:
		unit = d.Slot
	}
	return &libvirtxml.DomainAddress{Drive: &libvirtxml.DomainAddressDrive{
		Controller: number(d.Controller), Bus: number(bus), Target: number(target), Unit: number(unit),
	}}
}

// number is a count, never negative here, as libvirtxml has it.
func number(n int) *uint { return new(uint(n)) }

// controllers lists those that the drives need, and the USB that the tablet is
// on: libvirt's default for q35 is older than the machine.
func (p *Plan) controllers() []libvirtxml.DomainController {
	var list []libvirtxml.DomainController
	add := func(kind, model string, index int) {
		list = append(list, libvirtxml.DomainController{Type: kind, Model: model, Index: number(index)})
	}
	usb := "qemu-xhci"
	if p.Hardware.Machine == "pc" {
		usb = "piix3-uhci"
	}
	add("usb", usb, 0)
	for _, bus := range []string{"ide", "sata", "scsi", "fdc"} {
		count := 0
		for _, d := range p.Drives {
			if d.Bus == bus {
				count = max(count, d.Controller+1)
			}
		}
		model := ""
		if bus == "scsi" {
			model = p.Hardware.SCSIModel
		}
		for i := range count {
			add(bus, model, i)
		}
	}
	return list
}
