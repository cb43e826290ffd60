package vm

import "slices"

// bootOrder numbers what the VM boots from: first what the OVA numbers, then the
// other disks, the OVA's CDs, and the network.
func (w *work) bootOrder() {
	order := 0
	number := func(to *int) {
		order++
		*to = order
	}
	for _, i := range w.byBootIndex() {
		number(&w.plan.Drives[i].BootOrder)
	}
	for _, device := range []Device{Disk, CDROM} {
		for i := range w.plan.Drives {
			d := &w.plan.Drives[i]
			if d.Device == device && d.BootOrder == 0 && (device == Disk || d.ofOVA) {
				number(&d.BootOrder)
			}
		}
	}
	for i := range w.plan.NICs {
		number(&w.plan.NICs[i].BootOrder)
	}
}

// byBootIndex lists the drives that the OVA has numbered, by that number.
func (w *work) byBootIndex() []int {
	var numbered []int
	for i, d := range w.plan.Drives {
		if d.bootIndex > 0 {
			numbered = append(numbered, i)
		}
	}
	slices.SortStableFunc(numbered, func(a, b int) int { return w.plan.Drives[a].bootIndex - w.plan.Drives[b].bootIndex })
	return numbered
}
