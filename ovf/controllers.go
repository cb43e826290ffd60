package ovf

import (
	"slices"
	"strconv"
)

// controller notes a storage controller.
func (b *builder) controller(i *item) {
	bus := ""
	switch i.resource {
	case typeIDE:
		bus = "ide"
	case typeSCSI:
		bus = "scsi"
	case typeStorage:
		bus = storageBus(i)
	}
	if bus == "" {
		return
	}
	if i.has("virtio") {
		bus = "virtio"
	}
	c := &Controller{Instance: i.instance, Bus: bus, Model: controllerModel(i), Number: -1}
	if n, err := strconv.Atoi(i.address); err == nil && n >= 0 {
		c.Number = n
	}
	if c.Model == "" && len(i.subtypes) > 0 {
		c.Model = i.subtypes[0]
		b.out.warn(i.at, "the controller model %s is not known", Display(c.Model))
	}
	b.controllers[i.instance] = c
	b.out.Controllers = append(b.out.Controllers, *c)
}

// storageBus tells the bus of a controller of the type "other storage".
func storageBus(i *item) string {
	for _, s := range i.subtypes {
		switch s {
		case "vmware.sata.ahci", "ahci", "sata":
			return "sata"
		case "vmware.nvme.controller", "nvme":
			return "nvme"
		case "virtioscsi", "virtio-scsi":
			return "scsi"
		case "virtio", "virtio-blk":
			return "virtio"
		}
	}
	return ""
}

// controllerModel is the first subtype that is known.
func controllerModel(i *item) string {
	known := []string{
		"buslogic", "lsilogic", "lsilogicsas", "virtualscsi", "virtioscsi", "virtio-scsi", "virtio", "virtio-blk",
		"piix3", "piix4", "ich6", "vmware.sata.ahci", "ahci", "sata", "vmware.nvme.controller", "nvme",
	}
	for _, s := range i.subtypes {
		if slices.Contains(known, s) {
			return s
		}
	}
	return ""
}

// busRank orders controllers of different kinds as firmware tries them.
func busRank(bus string) int {
	return slices.Index([]string{"virtio", "ide", "scsi", "sata", "nvme"}, bus)
}
