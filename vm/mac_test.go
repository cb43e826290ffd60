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
		"{prefix}:{vmid}:{netid}":        "52:54:01:00:2a:01",
		"{prefix}:ff:{vmid}:{netid}":     "52:54:01:ff:2a:01",
		"{prefix}:f:{vmid}{netid}":       "52:54:01:f0:2a:01",
		"{prefix}:00:0{vmid}{netid}":     "52:54:01:00:02:a1",
		"{prefix}:00:00:{netid}":         "52:54:01:00:00:01",
		"{prefix}{netid}{vmid}":          "52:54:01:01:00:2a",
		"02:{vmid}:{netid}":              "02:00:00:00:2a:01",
		"AA:BB:CC:{vmid}:{netid}":        "aa:bb:cc:00:2a:01",
		"{vmid}:{netid}:00:00:00:01":     "2a:01:00:00:00:01",
		"::{prefix}:::{vmid}:::{netid}:": "52:54:01:00:2a:01",
	} {
		p := provisioner()
		p.Network.MACTemplate = template
		if got := macs(t, p)[1]; got != want {
			t.Errorf("%s gives %s, want %s", template, got, want)
		}
	}
}

func TestCheckMACTemplate(t *testing.T) {
	t.Parallel()
	if err := vm.CheckMACTemplate("{prefix}:ff:f6:{vmid}{netid}"); err != nil {
		t.Error(err)
	}
	digits := func(template, have string) string {
		return `the MAC template "` + template + `" has ` + have + "; together they must come to 12 digits, each of the two at most once"
	}
	for template, want := range map[string]string{
		"":                             digits("", "0 digits, 0 × {vmid} and 0 × {netid}"),
		"{prefix}":                     digits("{prefix}", "6 digits, 0 × {vmid} and 0 × {netid}"),
		"{prefix}:00:00:00:{netid}":    digits("{prefix}:00:00:00:{netid}", "12 digits, 0 × {vmid} and 1 × {netid}"),
		"{prefix}:00:000{vmid}{netid}": digits("{prefix}:00:000{vmid}{netid}", "11 digits, 1 × {vmid} and 1 × {netid}"),
		"{prefix}:{vmid}{vmid}":        digits("{prefix}:{vmid}{vmid}", "6 digits, 2 × {vmid} and 0 × {netid}"),
		"{prefix}{prefix}{netid}":      digits("{prefix}{prefix}{netid}", "12 digits, 0 × {vmid} and 1 × {netid}"),
		"{prefix}:{vm}:{netid}":        `the MAC template "{prefix}:{vm}:{netid}" has "{vm}:{netid}", where only hexadecimal digits, colons, {prefix}, {vmid} and {netid} may be`,
		"52-54-01{vmid}{netid}":        `the MAC template "52-54-01{vmid}{netid}" has "-54-01{vmid}{netid}", where only hexadecimal digits, colons, {prefix}, {vmid} and {netid} may be`,
		"03:{vmid}:{netid}":            "the MAC address 03:00:00:00:01:00 is a multicast one; the first octet must be even",
		"fe:{vmid}:{netid}":            "the MAC address fe:00:00:00:01:00 begins with fe, which libvirt keeps for the host's end of the cable",
		"00:00:00:00:00:{netid}":       "the MAC address 00:00:00:00:00:00 is nobody's",
	} {
		if err := vm.CheckMACTemplate(template); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", template, err, want)
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
