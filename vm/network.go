package vm

import (
	"slices"
	"strconv"
	"strings"

	"spliced/api"
)

// networks connects the VM: the n-th network of the template is the n-th adapter
// of the OVA.
func (w *work) networks() error {
	if w.Network == nil {
		return nil
	}
	for i, link := range w.Network.Networks {
		mac, err := w.mac(i)
		if err != nil {
			return err
		}
		w.plan.NICs = append(w.plan.NICs, NIC{Bridge: link.Interface(), MAC: mac, Model: w.plan.Hardware.NICModel})
	}
	w.compareNICs()
	return nil
}

// compareNICs says what becomes of the OVA's adapters.
func (w *work) compareNICs() {
	if w.Network.MACTemplate != "" && !strings.Contains(w.Network.MACTemplate, "{vmid}") && len(w.plan.NICs) > 0 {
		w.warn("the MAC template of network template %q has no {vmid}: every VM made with it has the same addresses", w.Profile.NetworkTemplate)
	}
	if w.system == nil {
		return
	}
	if have, want := len(w.plan.NICs), len(w.system.NICs); have < want {
		var left []string
		for _, n := range w.system.NICs[have:] {
			left = append(left, strconv.Quote(n.Network))
		}
		w.warn("network template %q has fewer networks than the OVA has adapters (%d, %d); left out: those to %s",
			w.Profile.NetworkTemplate, have, want, strings.Join(left, ", "))
	}
	if slices.ContainsFunc(w.system.NICs, func(n api.NIC) bool { return n.MAC != "" }) {
		w.warn("the MAC addresses of the OVA are not used, since only one VM could have them")
	}
}
