package vm_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/api"
	"spliced/vm"
)

func work(t *testing.T, p vm.Parts) *vm.Plan {
	t.Helper()
	plan, err := vm.Work(p)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// volumes lists the drives as "id pool/volume", and "<- source" behind it.
func volumes(p *vm.Plan) []string {
	var all []string
	for _, v := range p.Volumes() {
		text := v.ID + " " + v.Pool + "/" + v.Volume
		if v.Source != "" {
			text += " <- " + v.Source
		}
		if v.Copied {
			text += " copied"
		}
		all = append(all, text)
	}
	return all
}

func TestVolumes(t *testing.T) {
	t.Parallel()
	all := appliance()
	all.Request.Pool, all.Request.Pools = "fast", map[string]string{"sda": "ovas", "seed": "vms"}
	all.Userdata, all.OVFEnv = true, true
	media := legacy()
	media.Request.Pools = map[string]string{"cd0": "vms"}
	for name, c := range map[string]struct {
		parts vm.Parts
		want  []string
	}{
		"by id":         {provisioner(), []string{"sda vms/web1_sda", "sdb vms/web1_sdb"}},
		"clone or copy": {cloning(), []string{"sda images/web1_sda <- images/debian12", "sdb vms/web1_sdb <- images/debian12 copied", "sdc vms/web1_sdc <- vms/tools"}},
		"behind the OVA": {withStorage(), []string{
			"sda vms/web1_sda <- ovas/ova_router_sda copied", "sdb vms/web1_sdb", "sdc slow/web1_sdc",
		}},
		"pools": {all, []string{"sda ovas/web1_sda <- ovas/ova_router_sda", "seed vms/web1_seed", "ovfenv fast/web1_ovfenv"}},
		"media": {media, []string{
			"sda ovas/web1_sda <- ovas/ova_router_sda", "sdb ovas/web1_sdb <- ovas/ova_router_sdb", "sdc vms/web1_sdc", "sdd vms/web1_sdd",
			"cd0 vms/web1_cd0 <- ovas/ova_router_cd0 copied", "fd0 ovas/web1_fd0 <- ovas/ova_router_fd0",
		}},
	} {
		if diff := cmp.Diff(c.want, volumes(work(t, c.parts))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A volume keeps the exact size of what it begins as.
func TestSizes(t *testing.T) {
	t.Parallel()
	if got := work(t, appliance()).Drives[0].Size; got != 4<<30+512 {
		t.Errorf("the OVA's disk has %d bytes", got)
	}
	if got := work(t, cloning()).Drives[2].Size; got != 64<<20 {
		t.Errorf("the clone has %d bytes", got)
	}
}

// The longest name gives volumes that RBD can name: its limit is 96 bytes
// (RBD_MAX_IMAGE_NAME_SIZE in rbd_types.h).
func TestLongestVolumeName(t *testing.T) {
	t.Parallel()
	p := withEnvironment()
	p.Request.Name = strings.Repeat("x", api.MaxName)
	for _, d := range work(t, p).Drives {
		if len(d.Volume) > 96 {
			t.Errorf("%s has %d bytes", d.Volume, len(d.Volume))
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	p := provisioner()
	p.System = &api.SystemTemplate{VCPUs: 1, VRAM: 512, VNC: &api.VNC{Enabled: true}}
	want := vm.Hardware{
		VCPUs: 1, Memory: 512 << 20, VNC: "127.0.0.1", Firmware: "bios", Machine: "q35",
		DiskBus: "scsi", SCSIModel: "virtio-scsi", NICModel: "virtio",
	}
	if diff := cmp.Diff(want, work(t, p).Hardware); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	p.System.DiskBus, p.System.VNC.Enabled = "ide", false
	want.DiskBus, want.SCSIModel, want.Machine, want.VNC = "ide", "", "pc", ""
	if diff := cmp.Diff(want, work(t, p).Hardware); diff != "" {
		t.Errorf("with IDE (-want +got):\n%s", diff)
	}
}

func TestBootOrder(t *testing.T) {
	t.Parallel()
	indexed := eight("sata", "")
	indexed.OVA.Systems[0].Disks[0].BootIndex = 2
	indexed.OVA.Systems[0].Disks = indexed.OVA.Systems[0].Disks[:4]
	seeds := efi()
	seeds.Userdata, seeds.OVFEnv = true, true
	for name, c := range map[string]struct {
		parts vm.Parts
		want  []string
	}{
		"disks, network":     {provisioner(), []string{"sda", "sdb", "nic0", "nic1"}},
		"as the OVA numbers": {indexed, []string{"sdc", "sda", "sdb", "sdd", "nic0", "nic1"}},
		"never from a seed":  {seeds, []string{"sda", "cd0", "nic0", "nic1"}},
		"a CD first":         {legacy(), []string{"cd0", "sda", "sdb", "sdc", "sdd", "nic0", "nic1"}},
	} {
		plan := work(t, c.parts)
		got := make([]string, len(c.want)+len(plan.Drives))
		for _, d := range plan.Drives {
			got[d.BootOrder] = d.ID
		}
		for i, n := range plan.NICs {
			got[n.BootOrder] = "nic" + string(rune('0'+i))
		}
		if got = got[1 : len(c.want)+1]; !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// What is other than one may expect is said.
func TestWarnings(t *testing.T) {
	t.Parallel()
	fewer := appliance()
	fewer.Network.Networks = fewer.Network.Networks[:1]
	fewer.OVA.Systems[0].NICs[1] = api.NIC{Network: "hostile\n\x1b[2Jname"}
	fixed := provisioner()
	fixed.Network.MACTemplate = "{prefix}:00:00:{netid}"
	shared := appliance()
	shared.OVA.Systems[0].Disks[0].Shared = true
	diskless := withStorage() // its disks keep their ids
	diskless.OVA.Systems[0].Disks, diskless.OVA.Systems[0].NICs = nil, nil
	floppies := legacy()
	floppies.OVA.Systems[0].Media = []api.OVADisk{{ID: "fd0"}, {ID: "fd1"}, {ID: "fd2"}}
	for name, c := range map[string]struct {
		parts vm.Parts
		want  string
	}{
		"a copy":           {cloning(), "sdb is a full copy: its source images/debian12 is in another pool than vms, where it can't be cloned to"},
		"the mapping":      {withStorage(), `the disks of storage template "data" come behind those of the OVA: sda is sdb, sdb is sdc`},
		"fewer networks":   {fewer, `network template "two" has fewer networks than the OVA has adapters (1, 2); left out: those to "hostile\n\x1b[2Jname"`},
		"the OVA's MAC":    {appliance(), "the MAC addresses of the OVA are not used, since only one VM could have them"},
		"the same MACs":    {fixed, `the MAC template of network template "two" has no {vmid}: every VM made with it has the same addresses`},
		"more than IDE":    {legacy(), "on SATA instead of IDE, which takes 4 drives: sdd"},
		"a shared disk":    {shared, "sda is this VM's alone, while in the OVA another system shares it"},
		"a third floppy":   {floppies, "fd2 is left out: a machine has 2 floppy drives"},
		"disks of its own": {diskless, ""},
		"nothing to warn":  {provisioner(), ""},
		"clones and seeds": {seeded(), ""},
	} {
		warnings := work(t, c.parts).Warnings
		if c.want == "" && len(warnings) > 0 || c.want != "" && !slices.Contains(warnings, c.want) {
			t.Errorf("%s: got %q, want %q", name, warnings, c.want)
		}
	}
}

// More networks than the OVA has adapters are more adapters.
func TestMoreNetworks(t *testing.T) {
	t.Parallel()
	p := appliance()
	p.Network.Networks = append(p.Network.Networks, api.NetworkLink{VNI: "storage"})
	want := []vm.NIC{
		{Bridge: "brupstream", MAC: "52:54:01:00:2a:00", Model: "e1000", BootOrder: 2},
		{Bridge: "vmbr1001", MAC: "52:54:01:00:2a:01", Model: "e1000", BootOrder: 3},
		{Bridge: "brstorage", MAC: "52:54:01:00:2a:02", Model: "e1000", BootOrder: 4},
	}
	if diff := cmp.Diff(want, work(t, p).NICs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// An appliance without adapters needs no networks.
func TestApplianceWithoutNetwork(t *testing.T) {
	t.Parallel()
	p := appliance()
	p.Profile.NetworkTemplate, p.Network = "", nil
	p.OVA.Systems[0].NICs = nil
	if nics := work(t, p).NICs; len(nics) > 0 {
		t.Errorf("it has %v", nics)
	}
}

func TestLacks(t *testing.T) {
	t.Parallel()
	two := []api.System{{Key: "a", NICs: []api.NIC{{}}}, {Key: "b"}}
	for name, c := range map[string]struct {
		profile api.Profile
		systems []api.System
		want    []string
	}{
		"a provisioner of nothing": {api.Profile{Type: "provisioner"}, nil, []string{"system_template", "network_template", "storage_template"}},
		"an appliance of nothing":  {api.Profile{Type: "ova"}, nil, []string{"system_template", "network_template", "ova"}},
		"no system":                {api.Profile{Type: "ova", SystemTemplate: "s", OVA: "two"}, two, []string{"network_template", "system"}},
		"adapters":                 {api.Profile{Type: "ova", SystemTemplate: "s", OVA: "two", System: "a"}, two, []string{"network_template"}},
		"no adapters":              {api.Profile{Type: "ova", SystemTemplate: "s", OVA: "two", System: "b"}, two, nil},
		"complete":                 {provisioner().Profile, nil, nil},
	} {
		if got := vm.Lacks(&c.profile, c.systems); !slices.Equal(got, c.want) {
			t.Errorf("%s lacks %q, want %q", name, got, c.want)
		}
	}
}

// A system that the OVA hasn't is missing, none of several is not said.
func TestSystemOf(t *testing.T) {
	t.Parallel()
	two := &api.OVA{Name: "two", Systems: []api.System{{Key: "a"}, {Key: "b"}}}
	if s, err := vm.SystemOf(two, "b"); err != nil || s.Key != "b" {
		t.Errorf("got %v, %v", s, err)
	}
	for key, kind := range map[string]vm.Kind{"": vm.Incomplete, "c": vm.Missing} {
		_, err := vm.SystemOf(two, key)
		if f, ok := errors.AsType[*vm.Failure](err); !ok || f.Kind != kind {
			t.Errorf("system %q: %v", key, err)
		}
	}
}
