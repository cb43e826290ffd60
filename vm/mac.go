package vm

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"spliced/api"
)

// mac is the address of the n-th adapter, from 0; no two are the same.
func (w *work) mac(n int) (string, error) {
	if w.Network.MACTemplate != "" {
		mac, err := api.MAC(w.Network.MACTemplate, w.VMID, n)
		if err != nil { // the template is valid, so the number is too large for it
			return "", fail(Invalid, "vmid", "network template %q: %v", w.Profile.NetworkTemplate, err)
		}
		return mac, nil
	}
	for round := 0; ; round++ {
		mac := stableMAC(w.UUID, n, round)
		if !slices.ContainsFunc(w.plan.NICs, func(n NIC) bool { return n.MAC == mac }) {
			return mac, nil
		}
	}
}

// stableMAC is the MAC of a VM's n-th adapter where no template says it: of the
// UUID, so that it is the same whenever the VM is made, and below the prefix that
// QEMU uses. Another round gives another one.
func stableMAC(uuid string, n, round int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %d", strings.ToLower(uuid), n, round))
	return fmt.Sprintf("52:54:00:%02x:%02x:%02x", sum[0], sum[1], sum[2])
}
