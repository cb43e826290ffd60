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
	system := func(change func(*api.SystemTemplate), text string) row {
		return row{
			provisioner(), func(p *vm.Parts) { change(p.System) },
			vm.Failure{Kind: vm.Invalid, Field: "system_template", Text: `system template "small": ` + text},
		}
	}
	disk := func(change func(*api.DiskTemplate), text string) row {
		return row{
			provisioner(), func(p *vm.Parts) { change(&p.Storage.Disks[0]) },
			vm.Failure{Kind: vm.Invalid, Field: "storage_template", Text: text},
		}
	}
	network := func(change func(*api.NetworkTemplate), text string) row {
		return row{
			provisioner(), func(p *vm.Parts) { change(p.Network) },
			vm.Failure{Kind: vm.Invalid, Field: "network_template", Text: `network template "two": ` + text},
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

		"no vcpus":        system(func(s *api.SystemTemplate) { s.VCPUs = 0 }, "vcpus is 0, it must be from 1 to 255"),
		"many vcpus":      system(func(s *api.SystemTemplate) { s.VCPUs = 256 }, "vcpus is 256, it must be from 1 to 255"),
		"no memory":       system(func(s *api.SystemTemplate) { s.VRAM = 0 }, "vram is 0 MiB, it must be from 1 to 16777216"),
		"huge memory":     system(func(s *api.SystemTemplate) { s.VRAM = 1 << 62 }, "vram is 4611686018427387904 MiB, it must be from 1 to 16777216"),
		"firmware":        system(func(s *api.SystemTemplate) { s.Firmware = "coreboot" }, `firmware is "coreboot", known are bios, efi`),
		"SCSI model":      system(func(s *api.SystemTemplate) { s.SCSIModel = "x" }, `scsi_model is "x", known are virtio-scsi, lsisas1068, lsilogic, vmpvscsi`),
		"secure BIOS":     system(func(s *api.SystemTemplate) { s.SecureBoot = true }, "secure_boot needs the firmware efi"),
		"secure pc":       system(func(s *api.SystemTemplate) { s.SecureBoot, s.Firmware, s.Machine = true, "efi", "pc" }, "secure_boot needs the machine q35: only that one has the protected memory that it keeps its keys in"),
		"IDE on q35":      system(func(s *api.SystemTemplate) { s.DiskBus, s.Machine = "ide", "q35" }, "disk_bus ide needs the machine pc: q35 has no IDE"),
		"VNC on a name":   system(func(s *api.SystemTemplate) { s.VNC.Bind = "localhost" }, `vnc.bind is "localhost", which is no IP address`),
		"VNC with a zone": system(func(s *api.SystemTemplate) { s.VNC.Bind = "fe80::1%eth0" }, `vnc.bind is "fe80::1%eth0", which is no IP address`),

		"strange id":    disk(func(d *api.DiskTemplate) { d.ID = "vda" }, `disk "vda" of storage template "disks" has no id of a disk: sda, sdb, … sdz, sdaa, … sdzz`),
		"id twice":      disk(func(d *api.DiskTemplate) { d.ID = "sda" }, `disk "sda" of storage template "disks" is there twice`),
		"no pool":       disk(func(d *api.DiskTemplate) { d.Pool = "" }, `disk "sdb" of storage template "disks" has no pool`),
		"no size":       disk(func(d *api.DiskTemplate) { d.Size = nil }, `disk "sdb" of storage template "disks" has neither size nor source_volume`),
		"odd size":      disk(func(d *api.DiskTemplate) { d.Size = size(1000) }, `disk "sdb" of storage template "disks" has a size of 1000 bytes; it must be a multiple of 512, and more than nothing`),
		"empty":         disk(func(d *api.DiskTemplate) { d.Size = size(0) }, `disk "sdb" of storage template "disks" has a size of 0 bytes; it must be a multiple of 512, and more than nothing`),
		"mountpoint":    disk(func(d *api.DiskTemplate) { d.Mountpoint = "/" }, `disk "sdb" of storage template "disks" has the mountpoint "/" and no filesystem`),
		"arguments":     disk(func(d *api.DiskTemplate) { d.FilesystemArgs = []string{"-f"} }, `disk "sdb" of storage template "disks" has filesystem_args and no filesystem`),
		"size of clone": disk(func(d *api.DiskTemplate) { d.SourceVolume = "images/debian12" }, `disk "sdb" of storage template "disks" has both size and source_volume; a clone is as large as its source`),
		"mkfs on clone": disk(func(d *api.DiskTemplate) { d.Size, d.SourceVolume, d.Filesystem = nil, "images/debian12", "ext4" }, `disk "sdb" of storage template "disks" has a source_volume, which brings its own filesystems`),

		"neither":          network(func(n *api.NetworkTemplate) { n.Networks[0] = api.NetworkLink{} }, "a network needs either vni or bridge"),
		"both":             network(func(n *api.NetworkTemplate) { n.Networks[0].Bridge = "br0" }, "a network needs either vni or bridge"),
		"VNI 0":            network(func(n *api.NetworkTemplate) { n.Networks[0].VNI = "0" }, `vni is "0"; it must be a number from 1 to 16777215, upstream, cluster or storage`),
		"VNI too large":    network(func(n *api.NetworkTemplate) { n.Networks[0].VNI = "16777216" }, `vni is "16777216"; it must be a number from 1 to 16777215, upstream, cluster or storage`),
		"VNI two ways":     network(func(n *api.NetworkTemplate) { n.Networks[0].VNI = "0100" }, `vni is "0100"; it must be a number from 1 to 16777215, upstream, cluster or storage`),
		"long bridge":      network(func(n *api.NetworkTemplate) { n.Networks[0] = api.NetworkLink{Bridge: "br01234567890123"} }, `"br01234567890123" can't be the name of a bridge: 1 to 15 bytes without spaces, '/' and ':'`),
		"path as a bridge": network(func(n *api.NetworkTemplate) { n.Networks[0] = api.NetworkLink{Bridge: "../x"} }, `"../x" can't be the name of a bridge: 1 to 15 bytes without spaces, '/' and ':'`),
		"network twice":    network(func(n *api.NetworkTemplate) { n.Networks[1].VNI = "upstream" }, "the bridge brupstream is there twice; permit_duplicate allows it"),
		"two ways to one":  network(func(n *api.NetworkTemplate) { n.Networks[1] = api.NetworkLink{Bridge: "brupstream"} }, "the bridge brupstream is there twice; permit_duplicate allows it"),
		"same MACs":        network(func(n *api.NetworkTemplate) { n.MACTemplate = "{prefix}:{vmid}" }, `its MAC template "{prefix}:{vmid}" gives two adapters the address 52:54:01:00:00:2a; {netid} tells them apart`),
		"VM without room":  network(func(n *api.NetworkTemplate) { n.MACTemplate = "{prefix}:00:00:{vmid}{netid}" }, "{vmid} is 42, which has more hexadecimal digits than the MAC template leaves it (1)"),
		"many networks":    network(func(n *api.NetworkTemplate) { n.Networks = make([]api.NetworkLink, 33) }, "it has 33 networks, 32 are possible"),

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
			Kind: vm.Missing, Field: "storage_template", Text: `disk "sdb" of storage template "disks" has the source "none" in pool "images", where no such image is`,
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
			Kind: vm.Unsupported, Field: "storage_template", Text: `disk "sda" of storage template "data" comes behind the last id of a disk`,
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
		`cannot attach volume vms/web1_sda: "relative" is no absolute path`:  {File: "relative"},
		`cannot attach volume vms/web1_sda: the monitor ":6789" has no host`: {RBD: &vm.RBD{Image: "a/b", Monitors: []string{":6789"}}},
	} {
		_, err := plan.Domain(vm.Options{}, func(string, string) (vm.Location, error) { return where, nil })
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
