package vm

import "strings"

const (
	maxFloppies = 2 // of QEMU's floppy controller
	maxIDE      = 4 // drives of the machine pc: two channels, each with two
	perSATA     = 6 // ports of QEMU's AHCI controller
)

// perSCSI is how many drives a controller takes: its targets, since all of these
// but virtio-scsi have one unit in each (QEMU's hw/scsi: lsi53c895a.c,
// mptsas.c, vmw_pvscsi.c).
func perSCSI(model string) int {
	switch model {
	case "lsilogic":
		return 7
	case "lsisas1068":
		return 8
	}
	return 64
}

// attach gives every drive its bus and its place there.
func (w *work) attach() error {
	for i := range w.plan.Drives {
		d := &w.plan.Drives[i]
		d.Bus = w.bus(d.Device)
	}
	w.overIDE()
	places, names := map[string]int{}, w.firstFree()
	for i := range w.plan.Drives {
		d := &w.plan.Drives[i]
		w.place(d, places[d.Bus])
		places[d.Bus]++
		if err := w.name(d, &names); err != nil {
			return err
		}
	}
	return nil
}

// bus is where a device is attached.
func (w *work) bus(device Device) string {
	h := &w.plan.Hardware
	switch {
	case device == Floppy:
		return "fdc"
	case device == Disk:
		return h.DiskBus
	case h.Machine == "pc" && h.DiskBus != "sata":
		return "ide"
	}
	return "sata"
}

// overIDE moves to SATA what IDE can't take. The OVA's drives stay first: its
// guest may have drivers for nothing else.
func (w *work) overIDE() {
	used := 0
	var moved []string
	for _, first := range []bool{true, false} {
		for i := range w.plan.Drives {
			d := &w.plan.Drives[i]
			if _, ofOVA := w.ofOVA[d.ID]; d.Bus != "ide" || ofOVA != first {
				continue
			}
			if used++; used > maxIDE {
				d.Bus = "sata"
				moved = append(moved, d.ID)
			}
		}
	}
	if len(moved) > 0 {
		w.warn("on SATA instead of IDE, which takes %d drives: %s", maxIDE, strings.Join(moved, ", "))
	}
}

// place puts a drive on its bus as the n-th one there.
func (w *work) place(d *Drive, n int) {
	size := 1
	switch d.Bus {
	case "ide":
		size = maxIDE
	case "fdc":
		size = maxFloppies
	case "sata":
		size = perSATA
	case "scsi":
		size = perSCSI(w.plan.Hardware.SCSIModel)
	case "virtio":
		return // a PCI device of its own
	}
	d.Controller, d.Slot = n/size, n%size
}

// name gives a drive libvirt's target. A disk keeps the letters of its id; media
// take those from next on.
func (w *work) name(d *Drive, next *int) error {
	if d.Bus == "fdc" {
		d.Target = "fd" + letters(d.Slot)
		return nil
	}
	index, ok := diskIndex(d.ID)
	if d.Device == Disk && !ok {
		return fail(Invalid, "ova", "%q is no id of a disk", d.ID)
	}
	if d.Device != Disk {
		index = *next
		*next++
	}
	if index >= maxDisk {
		return fail(Unsupported, "profile", "there is no name left for %s behind the last disk", d.ID)
	}
	d.Target = prefix(d.Bus) + letters(index)
	return nil
}

// prefix is what targets on a bus begin with.
func prefix(bus string) string {
	switch bus {
	case "virtio":
		return "vd"
	case "ide":
		return "hd"
	}
	return "sd"
}
