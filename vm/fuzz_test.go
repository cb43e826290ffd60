package vm_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"libvirt.org/go/libvirtxml"

	"spliced/api"
	"spliced/vm"
)

// FuzzWork makes parts of any kind, with hostile texts in them: whatever can be
// worked out is a domain that libvirt could read, in which nothing has the place
// or the name of another.
func FuzzWork(f *testing.F) {
	for seed := range uint64(64) {
		f.Add(seed, "]]></metadata>\x00<&\"'\n\u202e\xff", "br0")
	}
	f.Add(uint64(1), "", "../bridge")
	f.Fuzz(func(t *testing.T, seed uint64, hostile, bridge string) {
		parts, options := anyParts(rand.New(rand.NewPCG(seed, 0)), hostile, bridge)
		plan, err := vm.Work(parts)
		if err != nil {
			if _, ok := errors.AsType[*vm.Failure](err); !ok {
				t.Fatalf("not a Failure: %v", err)
			}
			return
		}
		checkPlan(t, plan)
		domain, err := plan.Domain(options, func(pool, volume string) (vm.Location, error) {
			return vm.Location{File: "/" + hostile + "/" + pool + "/" + volume}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		checkDomain(t, plan, domain)
	})
}

// TestAnyPartsAreMostlyRight keeps the fuzz target from checking nothing.
func TestAnyPartsAreMostlyRight(t *testing.T) {
	t.Parallel()
	right := 0
	for seed := range uint64(200) {
		parts, _ := anyParts(rand.New(rand.NewPCG(seed, 0)), "hostile", "br0")
		if _, err := vm.Work(parts); err == nil {
			right++
		}
	}
	if right < 100 {
		t.Errorf("%d of 200 can be worked out", right)
	}
}

// anyParts chooses parts, most of which fit together.
func anyParts(r *rand.Rand, hostile, bridge string) (vm.Parts, vm.Options) {
	p := provisioner()
	if r.IntN(2) == 0 {
		p = anyAppliance(r, hostile)
	}
	one := func(words ...string) string { return words[r.IntN(len(words))] }
	p.Request.Profile, p.Version, p.Job = hostile, hostile, hostile
	if r.IntN(8) == 0 {
		p.System.NodeSelector = hostile
	}
	p.System.DiskBus = one("", "scsi", "virtio", "sata", "ide")
	if p.System.DiskBus == "scsi" {
		p.System.SCSIModel = one("", "virtio-scsi", "lsisas1068", "lsilogic", "vmpvscsi")
	}
	p.System.Machine = one("", "", "", "q35", "pc")
	p.System.Firmware = one("", "bios", "efi")
	p.System.SecureBoot = p.System.Firmware == "efi" && p.System.Machine != "pc" && r.IntN(2) == 0
	p.System.VTPM, p.System.Serial = r.IntN(2) == 0, r.IntN(2) == 0
	p.VMID = 1 + r.IntN(1<<16-1)
	p.Userdata, p.OVFEnv = r.IntN(2) == 0, r.IntN(2) == 0
	p.Network.MACTemplate = one("", "", "{prefix}:{vmid}:{netid}", "{prefix}:{vmid}:{netid}", "02:{vmid}:{netid}", hostile)
	p.Network.PermitDuplicate = true
	for range r.IntN(8) {
		p.Network.Networks = append(p.Network.Networks, api.NetworkLink{Bridge: bridge})
	}
	if p.Storage != nil {
		for i := range r.IntN(40) {
			p.Storage.Disks = append(p.Storage.Disks, api.DiskTemplate{ID: "sdb" + string(rune('a'+i%26)) + strings.Repeat("a", i/26), Pool: "vms", Size: new(api.Size(512))})
		}
	}
	return p, vm.Options{NoKVM: r.IntN(2) == 0}
}

// anyAppliance has any number of disks, media and adapters.
func anyAppliance(r *rand.Rand, hostile string) vm.Parts {
	p := appliance()
	if r.IntN(2) == 0 {
		p = withStorage()
	}
	s := &p.OVA.Systems[0]
	s.Guest, s.NICs[0].Network, s.NICs[0].MAC = hostile, hostile, hostile
	s.Name, s.Networks = hostile, []string{hostile}
	for i := range r.IntN(20) {
		s.Disks = append(s.Disks, api.OVADisk{ID: "sd" + string(rune('b'+i)), Volume: "v", BootIndex: r.IntN(4)})
	}
	for i := range r.IntN(6) {
		s.Media = append(s.Media, api.OVADisk{ID: fmt.Sprintf("cd%d", i), Volume: "v", BootIndex: r.IntN(4)})
	}
	for i := range r.IntN(4) {
		s.Media = append(s.Media, api.OVADisk{ID: fmt.Sprintf("fd%d", i), Volume: "v", BootIndex: r.IntN(4)})
	}
	return p
}

// once fails when a value was there before.
func once(t *testing.T, seen map[string]bool, what string, value any) {
	t.Helper()
	key := fmt.Sprint(what, " ", value)
	if seen[key] {
		t.Errorf("two have the %s", key)
	}
	seen[key] = true
}

// checkPlan checks that all names, places and addresses are single.
func checkPlan(t *testing.T, plan *vm.Plan) {
	t.Helper()
	seen, orders := map[string]bool{}, 0
	order := func(n int) {
		if n > 0 {
			once(t, seen, "boot order", n)
			orders = max(orders, n)
		}
	}
	for _, d := range plan.Drives {
		once(t, seen, "volume", d.Volume)
		once(t, seen, "id", d.ID)
		once(t, seen, "target", d.Target)
		if d.Bus != "virtio" {
			once(t, seen, "place", fmt.Sprint(d.Bus, d.Controller, d.Slot))
		}
		order(d.BootOrder)
	}
	for _, n := range plan.NICs {
		once(t, seen, "MAC", n.MAC)
		order(n.BootOrder)
	}
	for n := range orders {
		if !seen[fmt.Sprint("boot order ", n+1)] {
			t.Errorf("nothing has the boot order %d of %d", n+1, orders)
		}
	}
	for _, w := range plan.Warnings {
		if strings.ContainsFunc(w, unicode.IsControl) {
			t.Errorf("the warning %q has a control character", w)
		}
	}
}

// checkDomain reads a domain back.
func checkDomain(t *testing.T, plan *vm.Plan, text string) {
	t.Helper()
	if i := strings.IndexFunc(text, func(c rune) bool { return c < ' ' && c != '\n' }); i >= 0 {
		t.Errorf("the domain has the character %q", text[i])
	}
	var domain libvirtxml.Domain
	if err := domain.Unmarshal(text); err != nil {
		t.Fatal(err)
	}
	if domain.Name != plan.Name || len(domain.Devices.Disks) != len(plan.Drives) || len(domain.Devices.Interfaces) != len(plan.NICs) {
		t.Errorf("read back, it is %q with %d disks and %d adapters", domain.Name, len(domain.Devices.Disks), len(domain.Devices.Interfaces))
	}
	seen := map[string]bool{}
	for _, d := range domain.Devices.Disks {
		if d.Driver.Type != "raw" {
			t.Errorf("%s is %s", d.Target.Dev, d.Driver.Type)
		}
		once(t, seen, "target", d.Target.Dev)
		if a := d.Address; a != nil {
			once(t, seen, "address", fmt.Sprint(d.Target.Bus, *a.Drive.Controller, *a.Drive.Bus, *a.Drive.Target, *a.Drive.Unit))
		}
	}
	m, err := vm.MetadataOf(text)
	if err != nil || m.VMID != plan.Metadata.VMID || m.OVA != plan.Metadata.OVA {
		t.Errorf("the metadata is %+v, %v", m, err)
	}
}
