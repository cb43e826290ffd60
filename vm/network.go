package vm

import (
	"slices"
	"strconv"
	"strings"

	"spliced/api"
)

const (
	maxNICs   = 32        // each takes a PCI slot
	maxVNI    = 1<<24 - 1 // RFC 7348, section 5
	maxBridge = 15        // IFNAMSIZ in linux/if.h, less the zero
)

// networks connects the VM: the n-th network of the template is the n-th adapter
// of the OVA.
func (w *work) networks() error {
	if w.Network == nil {
		return nil
	}
	if n := len(w.Network.Networks); n > maxNICs {
		return w.badNetwork("it has %d networks, %d are possible", n, maxNICs)
	}
	for i, link := range w.Network.Networks {
		bridge, err := w.bridge(link)
		if err != nil {
			return err
		}
		twice := slices.ContainsFunc(w.plan.NICs, func(n NIC) bool { return n.Bridge == bridge })
		if twice && !w.Network.PermitDuplicate {
			return w.badNetwork("the bridge %s is there twice; permit_duplicate allows it", bridge)
		}
		mac, err := w.mac(i)
		if err != nil {
			return err
		}
		w.plan.NICs = append(w.plan.NICs, NIC{Bridge: bridge, MAC: mac, Model: w.plan.Hardware.NICModel})
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

// badNetwork is the failure of a network template's content.
func (w *work) badNetwork(format string, args ...any) error {
	return fail(Invalid, "network_template", "network template %q: "+format, append([]any{w.Profile.NetworkTemplate}, args...)...)
}

// bridge is the bridge that a network is on: vmbr<VNI> for a number, br<label>
// for a label, or the one that is named.
func (w *work) bridge(link api.NetworkLink) (string, error) {
	vni := string(link.VNI)
	switch {
	case (vni == "") == (link.Bridge == ""):
		return "", w.badNetwork("a network needs either vni or bridge")
	case vni == "upstream", vni == "cluster", vni == "storage":
		return "br" + vni, nil
	case vni != "":
		n, err := strconv.Atoi(vni)
		if err != nil || n < 1 || n > maxVNI || strconv.Itoa(n) != vni {
			return "", w.badNetwork("vni is %q; it must be a number from 1 to %d, upstream, cluster or storage", vni, maxVNI)
		}
		return "vmbr" + vni, nil
	}
	if !validInterface(link.Bridge) {
		return "", w.badNetwork("%q can't be the name of a bridge: 1 to %d bytes without spaces, '/' and ':'", link.Bridge, maxBridge)
	}
	return link.Bridge, nil
}

// validInterface is the kernel's dev_valid_name in net/core/dev.c, for printable
// ASCII.
func validInterface(name string) bool {
	if name == "" || len(name) > maxBridge || name == "." || name == ".." {
		return false
	}
	return !strings.ContainsFunc(name, func(c rune) bool { return c <= ' ' || c > '~' || c == '/' || c == ':' })
}

// mac is the address of the n-th adapter, from 0; no two are the same.
func (w *work) mac(n int) (string, error) {
	if w.Network.MACTemplate == "" {
		for round := 0; ; round++ {
			if mac := stableMAC(w.UUID, n, round); !w.taken(mac) {
				return mac, nil
			}
		}
	}
	t, err := readMACTemplate(w.Network.MACTemplate)
	if err != nil {
		return "", w.badNetwork("%v", err)
	}
	mac, err := t.address(w.VMID, n)
	if err != nil {
		return "", w.badNetwork("%v", err)
	}
	if w.taken(mac) {
		return "", w.badNetwork("its MAC template %q gives two adapters the address %s; {netid} tells them apart", w.Network.MACTemplate, mac)
	}
	return mac, nil
}

func (w *work) taken(mac string) bool {
	return slices.ContainsFunc(w.plan.NICs, func(n NIC) bool { return n.MAC == mac })
}
