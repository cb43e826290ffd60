package vm

import (
	"cmp"
	"slices"
)

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
			_, ofOVA := w.ofOVA[d.ID]
			if d.Device == device && d.BootOrder == 0 && (device == Disk || ofOVA) {
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
		if w.ofOVA[d.ID].BootIndex > 0 {
			numbered = append(numbered, i)
		}
	}
	slices.SortStableFunc(numbered, func(a, b int) int {
		return cmp.Compare(w.ofOVA[w.plan.Drives[a].ID].BootIndex, w.ofOVA[w.plan.Drives[b].ID].BootIndex)
	})
	return numbered
}
