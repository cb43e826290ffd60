package vm_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/api"
	"spliced/vm"
)

// refusals are changes to good parts after which no VM can be worked out.
func refusals() map[string]struct {
	parts  vm.Parts
	change func(*vm.Parts)
	want   vm.Failure
} {
	type row = struct {
		parts  vm.Parts
		change func(*vm.Parts)
		want   vm.Failure
	}
	system := func(change func(*api.SystemTemplate), kind vm.Kind, text string) row {
		return row{
			provisioner(), func(p *vm.Parts) { change(p.System) },
			vm.Failure{Kind: kind, Field: "system_template", Text: `system template "small" ` + text},
		}
	}
	identity := func(change func(*vm.Parts), field, text string) row {
		return row{provisioner(), change, vm.Failure{Kind: vm.Invalid, Field: field, Text: text}}
	}
	return map[string]row{
		"no name":      identity(func(p *vm.Parts) { p.Request.Name = "" }, "name", "the name is empty"),
		"staging name": identity(func(p *vm.Parts) { p.Request.Name = "spliced.x" }, "name", `the name "spliced.x" begins with "spliced.", as only volumes of spliced's own may; choose another`),
		"OVA's name":   identity(func(p *vm.Parts) { p.Request.Name = "ova_web" }, "name", `the name "ova_web" begins with "ova_", as only volumes of spliced's own may; choose another`),
		"no number":    identity(func(p *vm.Parts) { p.VMID = 0 }, "vmid", "the VM's number is 0, it must be from 1 to 65535"),
		"large number": identity(func(p *vm.Parts) { p.VMID = 65536 }, "vmid", "the VM's number is 65536, it must be from 1 to 65535"),
		"no UUID":      identity(func(p *vm.Parts) { p.UUID = "x" }, "uuid", `"x" is no UUID`),
		"strange type": identity(func(p *vm.Parts) { p.Profile.Type = "x" }, "profile", `profile "web" has the type "x", which is not known`),
		"strange pool": identity(func(p *vm.Parts) { p.Request.Pools = map[string]string{"sdc": "vms"} }, "pools.sdc", `pools names the disk "sdc"; the VM has sda, sdb`),
		"seed nowhere": identity(func(p *vm.Parts) { p.Storage.Disks, p.Userdata = nil, true }, "pool", "the VM has no disk, so say with pool where its seed goes"),

		"a bad system template": system(func(s *api.SystemTemplate) { s.Firmware = "coreboot" }, vm.Invalid, `can't be used: "firmware" is "coreboot"; it can be bios or efi`),
		"many processors":       system(func(s *api.SystemTemplate) { s.VCPUs = 256 }, vm.Invalid, `can't be used: "vcpus" is 256; QEMU's machines have at most 255 without an IOMMU that remaps interrupts`),
		"IDE on q35":            system(func(s *api.SystemTemplate) { s.DiskBus, s.Machine = "ide", "q35" }, vm.Unsupported, "has the disk_bus ide, which only the machine pc has, and the machine q35"),
		"secure boot with IDE":  system(func(s *api.SystemTemplate) { s.DiskBus, s.SecureBoot, s.Firmware = "ide", true, "efi" }, vm.Unsupported, "has secure_boot, which only the machine q35 has, and the disk_bus ide, which only pc has"),

		"a bad network template": {provisioner(), func(p *vm.Parts) { p.Network.Networks[1].VNI = "upstream" }, vm.Failure{
			Kind: vm.Invalid, Field: "network_template",
			Text: `network template "two" can't be used: "networks[1]" is the same network as networks[0]; permit_duplicate allows that`,
		}},
		"a bad storage template": {provisioner(), func(p *vm.Parts) { p.Storage.Disks[0].Size = nil }, vm.Failure{
			Kind: vm.Invalid, Field: "storage_template",
			Text: `storage template "disks" can't be used: "disks[0].size" is missing; a disk has a size or a source_volume`,
		}},
		"a number too large for the MACs": {provisioner(), func(p *vm.Parts) { p.Network.MACTemplate = "{prefix}:00:00:{vmid}{netid}" }, vm.Failure{
			Kind: vm.Invalid, Field: "vmid",
			Text: `network template "two": the MAC template has room for 16 numbers of VMs, and this is 42`,
		}},

		"an incomplete profile": {provisioner(), func(p *vm.Parts) { p.Profile.StorageTemplate, p.Profile.NetworkTemplate = "", "" }, vm.Failure{
			Kind: vm.Incomplete, Field: "profile", Lacks: []string{"network_template", "storage_template"},
			Text: `profile "web" lacks network_template, storage_template`,
		}},
		"adapters and no networks": {appliance(), func(p *vm.Parts) { p.Profile.NetworkTemplate, p.Network = "", nil }, vm.Failure{
			Kind: vm.Incomplete, Field: "profile", Lacks: []string{"network_template"}, Text: `profile "router" lacks network_template`,
		}},
		"a template that went": {provisioner(), func(p *vm.Parts) { p.Storage = nil }, vm.Failure{
			Kind: vm.Missing, Field: "storage_template", Text: `profile "web" names the storage template "disks", which isn't there`,
		}},
		"an OVA that went": {appliance(), func(p *vm.Parts) { p.OVA = nil }, vm.Failure{
			Kind: vm.Missing, Field: "ova", Text: `profile "router" names the OVA "router", which isn't there`,
		}},
		"a system that went": {appliance(), func(p *vm.Parts) { p.Profile.System = "db" }, vm.Failure{
			Kind: vm.Missing, Field: "system", Text: `OVA "router" has no system "db"; it has ["router"]`,
		}},
		"an image that went": {cloning(), func(p *vm.Parts) { p.Storage.Disks[1].SourceVolume = "images/none" }, vm.Failure{
			Kind: vm.Missing, Field: "storage_template", Text: `disk sdb of storage template "disks" begins as the image "none" of pool "images", which isn't there`,
		}},
		"a strange medium": {legacy(), func(p *vm.Parts) { p.OVA.Systems[0].Media[0].ID = "cd\n" }, vm.Failure{
			Kind: vm.Invalid, Field: "ova", Text: `OVA "router" has a medium "cd\n", which is neither CD nor floppy`,
		}},
		"a strange disk": {appliance(), func(p *vm.Parts) { p.OVA.Systems[0].Disks[0].ID = "nvme0" }, vm.Failure{
			Kind: vm.Invalid, Field: "ova", Text: `"nvme0" is no id of a disk`,
		}},
		"a disk twice": {appliance(), func(p *vm.Parts) {
			p.OVA.Systems[0].Disks = append(p.OVA.Systems[0].Disks, p.OVA.Systems[0].Disks[0])
		}, vm.Failure{Kind: vm.Invalid, Field: "profile", Text: "the VM would have two drives sda"}},
		"ids used up": {withStorage(), func(p *vm.Parts) { p.OVA.Systems[0].Disks[0].ID = "sdzz"; p.Request.Pools = nil }, vm.Failure{
			Kind: vm.Unsupported, Field: "storage_template", Text: `disk sda of storage template "data" comes behind the last id of a disk`,
		}},
		"names used up": {efi(), func(p *vm.Parts) { p.OVA.Systems[0].Disks[0].ID = "sdzz" }, vm.Failure{
			Kind: vm.Unsupported, Field: "profile", Text: "there is no name left for cd0 behind the last disk",
		}},
		"many drives": {appliance(), func(p *vm.Parts) {
			for len(p.OVA.Systems[0].Disks) < 129 {
				n := len(p.OVA.Systems[0].Disks)
				p.OVA.Systems[0].Disks = append(p.OVA.Systems[0].Disks, api.OVADisk{ID: "sd" + string(rune('a'+n/26)) + string(rune('a'+n%26))})
			}
		}, vm.Failure{Kind: vm.Unsupported, Field: "profile", Text: "the VM would have 129 drives, 128 are possible"}},
	}
}

// Whatever can't be is refused, saying what it is and where.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, c := range refusals() {
		c.change(&c.parts)
		_, err := vm.Work(c.parts)
		got, ok := errors.AsType[*vm.Failure](err)
		if !ok {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if diff := cmp.Diff(&c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A volume that can't be located fails the domain, with the locator's own words.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	plan := work(t, provisioner())
	gone := errors.New("the pool went")
	if _, err := plan.Domain(vm.Options{}, func(string, string) (vm.Location, error) { return vm.Location{}, gone }); !errors.Is(err, gone) {
		t.Errorf("got %v", err)
	}
	for want, where := range map[string]vm.Location{
		`cannot attach volume vms/web1_sda: "relative" is no absolute path`:                     {File: "relative"},
		`cannot attach volume vms/web1_sda: libvirt has no secret with the key of the user "u"`: {RBD: &vm.RBD{Image: "a/b", User: "u"}},
		`cannot attach volume vms/web1_sda: the monitor ":6789" has no host`:                    {RBD: &vm.RBD{Image: "a/b", Monitors: []string{":6789"}}},
	} {
		_, err := plan.Domain(vm.Options{}, func(string, string) (vm.Location, error) { return where, nil })
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
