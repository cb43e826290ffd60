package vm_test

import (
	"fmt"

	"spliced/api"
	"spliced/vm"
)

// provisioner is a VM of two blank disks and two networks.
func provisioner() vm.Parts {
	return vm.Parts{
		Request: api.VMCreate{Name: "web1", Profile: "web"},
		Profile: api.Profile{Type: api.ProfileProvisioner, SystemTemplate: "small", NetworkTemplate: "two", StorageTemplate: "disks"},
		System:  &api.SystemTemplate{VCPUs: 2, VRAM: 2048, Serial: true, VNC: &api.VNC{Enabled: true, Bind: "0.0.0.0"}},
		Network: &api.NetworkTemplate{
			MACTemplate: "{prefix}:{vmid}:{netid}",
			Networks:    []api.NetworkLink{{VNI: "upstream"}, {VNI: "1001"}},
		},
		Storage: &api.StorageTemplate{Disks: []api.DiskTemplate{
			{ID: "sdb", Pool: "vms", Size: new(api.Size(1 << 30))},
			{ID: "sda", Pool: "vms", Size: new(api.Size(8 << 30))},
		}},
		Image: image,
		VMID:  42, UUID: "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d",
		Job: "19ac0d3f1a2deadbeef", Version: "1.2.3",
	}
}

// cloning has a disk from an image of its own pool, and one from another.
func cloning() vm.Parts {
	p := provisioner()
	p.System.VNC = nil
	p.System.NodeLimit, p.System.NodeAutostart = []string{"hv1", "hv2"}, true
	p.System.NodeSelector, p.System.MigrationMethod = "mem", "live"
	p.Storage.Disks = []api.DiskTemplate{
		{ID: "sda", Pool: "images", SourceVolume: "debian12"},
		{ID: "sdb", Pool: "vms", SourceVolume: "images/debian12"},
		{ID: "sdc", Pool: "images", SourceVolume: "vms/tools"},
	}
	p.Request.Pools = map[string]string{"sdc": "vms"}
	return p
}

func filesystems() vm.Parts {
	p := provisioner()
	p.System.Serial = false
	p.Storage.Disks = []api.DiskTemplate{
		{ID: "sda", Pool: "vms", Size: new(api.Size(8 << 30)), Filesystem: "ext4", FilesystemArgs: []string{"-L", "root"}, Mountpoint: "/"},
		{ID: "sdb", Pool: "vms", Size: new(api.Size(1 << 30)), Filesystem: "swap"},
	}
	return p
}

func seeded() vm.Parts {
	p := provisioner()
	p.Userdata = true
	p.Network = &api.NetworkTemplate{Networks: []api.NetworkLink{{Bridge: "br-lan.7"}, {VNI: "16777215"}}}
	return p
}

// many has n disks on a bus.
func many(bus string, n int) vm.Parts {
	p := provisioner()
	p.System.DiskBus = bus
	p.Storage.Disks = nil
	for i := range n {
		id := "sd" + string(rune('a'+i%26))
		if i >= 26 {
			id = "sda" + string(rune('a'+i-26))
		}
		p.Storage.Disks = append(p.Storage.Disks, api.DiskTemplate{ID: id, Pool: "vms", Size: new(api.Size(1 << 20))})
	}
	return p
}

// appliance is an OVA of one disk, for BIOS and SATA.
func appliance() vm.Parts {
	p := provisioner()
	p.Profile = api.Profile{Type: api.ProfileOVA, SystemTemplate: "router", NetworkTemplate: "two", OVA: "router"}
	p.Request.Profile = "router"
	p.Storage = nil
	p.System.DiskBus, p.System.NICModel = "sata", "e1000"
	p.OVA = &api.OVA{Name: "router", Pool: "ovas", Systems: []api.System{{
		Key: "router", Name: "Router", Guest: "debian12_64Guest",
		Disks: []api.OVADisk{{ID: "sda", Volume: "ova_router_sda", Size: 4<<30 + 512}},
		NICs:  []api.NIC{{Network: "VM Network"}, {Network: "Management", MAC: "00:50:56:00:00:01"}},
	}}}
	return p
}

// eight has eight disks, of which the third boots first.
func eight(bus, model string) vm.Parts {
	p := appliance()
	p.System.DiskBus, p.System.SCSIModel = bus, model
	s := &p.OVA.Systems[0]
	s.Disks = nil
	for _, c := range "abcdefgh" {
		s.Disks = append(s.Disks, api.OVADisk{ID: "sd" + string(c), Volume: fmt.Sprintf("ova_router_sd%c", c), Size: 1 << 30})
	}
	s.Disks[2].BootIndex = 1
	return p
}

func windows() vm.Parts {
	p := appliance()
	p.System.Firmware, p.System.SecureBoot, p.System.VTPM, p.System.NICModel = "efi", true, true, "e1000e"
	p.System.VCPUs, p.System.VRAM = 4, 8192
	p.OVA.Systems[0].Guest = "windows2019srv_64Guest"
	return p
}

// withStorage adds two disks, one in another pool, to an OVA's.
func withStorage() vm.Parts {
	p := appliance()
	p.Profile.StorageTemplate = "data"
	p.Storage = &api.StorageTemplate{Disks: []api.DiskTemplate{
		{ID: "sdb", Pool: "slow", Size: new(api.Size(100 << 30)), Filesystem: "xfs", Mountpoint: "/srv"},
		{ID: "sda", Pool: "vms", Size: new(api.Size(10 << 30))},
	}}
	p.Request.Pools = map[string]string{"sda": "vms"}
	return p
}

func withEnvironment() vm.Parts {
	p := appliance()
	p.OVFEnv, p.Userdata = true, true
	p.Request.Pool = "vms"
	return p
}

// legacy has IDE disks, a CD to install from, and a floppy.
func legacy() vm.Parts {
	p := appliance()
	p.System.DiskBus, p.System.NICModel, p.System.Machine = "ide", "rtl8139", "pc"
	s := &p.OVA.Systems[0]
	s.Guest = "winXPProGuest"
	s.Disks = append(s.Disks, api.OVADisk{ID: "sdb", Size: 1 << 30, Volume: "ova_router_sdb"})
	s.Media = []api.OVADisk{
		{ID: "cd0", Volume: "ova_router_cd0", Size: 650 << 20, BootIndex: 1},
		{ID: "fd0", Volume: "ova_router_fd0", Size: 1440 << 10},
	}
	p.Profile.StorageTemplate = "data"
	p.Storage = &api.StorageTemplate{Disks: []api.DiskTemplate{
		{ID: "sda", Pool: "vms", Size: new(api.Size(1 << 30))}, {ID: "sdb", Pool: "vms", Size: new(api.Size(1 << 30))},
	}}
	return p
}

func efi() vm.Parts {
	p := appliance()
	p.System.Firmware, p.System.NICModel = "efi", "vmxnet3"
	p.System.DiskBus, p.System.SCSIModel = "scsi", "vmpvscsi"
	p.OVA.Systems[0].Media = []api.OVADisk{{ID: "cd0", Volume: "ova_router_cd0", Size: 1 << 20}}
	return p
}

func pcnet() vm.Parts {
	p := appliance()
	p.System.NICModel, p.System.Machine = "pcnet", "pc"
	return p
}
