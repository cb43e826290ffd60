package vm_test

import (
	"testing"

	"spliced/api"
	"spliced/vm"
)

func macs(t *testing.T, p vm.Parts) []string {
	t.Helper()
	var all []string
	for _, n := range work(t, p).NICs {
		all = append(all, n.MAC)
	}
	return all
}

// The second adapter of the VM 42 is 2a and 1 in what digits the template has.
func TestMACTemplates(t *testing.T) {
	t.Parallel()
	for template, want := range map[string]string{
		"{prefix}:{vmid}:{netid}":    "52:54:01:00:2a:01",
		"{prefix}:ff:{vmid}:{netid}": "52:54:01:ff:2a:01",
		"{prefix}:00:0{vmid}{netid}": "52:54:01:00:02:a1",
		"02:{vmid}:{netid}":          "02:00:00:00:2a:01",
	} {
		p := provisioner()
		p.Network.MACTemplate = template
		if got := macs(t, p)[1]; got != want {
			t.Errorf("%s gives %s, want %s", template, got, want)
		}
	}
}

// Without a template a VM's addresses are its own, however often it is made.
func TestStableMACs(t *testing.T) {
	t.Parallel()
	p := provisioner()
	p.Network = &api.NetworkTemplate{PermitDuplicate: true}
	for range 32 {
		p.Network.Networks = append(p.Network.Networks, api.NetworkLink{VNI: "cluster"})
	}
	first := macs(t, p)
	seen := map[string]bool{}
	for i, mac := range first {
		if mac[:9] != "52:54:00:" || len(mac) != 17 || seen[mac] {
			t.Errorf("adapter %d has %s", i, mac)
		}
		seen[mac] = true
	}
	p.Request.Name, p.VMID = "other", 7
	if again := macs(t, p); again[0] != first[0] || again[31] != first[31] {
		t.Errorf("they were %q, and are %q", first, again)
	}
	p.UUID = "1a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d"
	if other := macs(t, p); other[0] == first[0] {
		t.Errorf("another VM has %s, too", first[0])
	}
}
