package ovf_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/ovf"
)

func TestDisksAreOrderedByControllerAndAddress(t *testing.T) {
	doc := machine(files+diskSection(
		`<Disk ovf:diskId="a" ovf:fileRef="f1" ovf:capacity="1"/>`, `<Disk ovf:diskId="b" ovf:fileRef="f2" ovf:capacity="2"/>`,
		`<Disk ovf:diskId="c" ovf:capacity="3" ovf:capacityAllocationUnits="byte * 2^30"/>`, `<Disk ovf:diskId="d" ovf:capacity="4"/>`,
		`<Disk ovf:diskId="loose" ovf:fileRef="f1" ovf:capacity="5"/>`, `<Disk ovf:diskId="spare" ovf:capacity="6"/>`,
	),
		it(17, 20, "HostResource=/disk/a", "Parent=11", "AddressOnParent=10")+
			it(17, 21, "HostResource=ovf:/disk/b", "Parent=11", "AddressOnParent=9")+
			it(17, 22, "HostResource=ovf://disk/c", "Parent=10", "AddressOnParent=3")+
			it(17, 23, "HostResource=d", "Parent=9", "AddressOnParent=1")+
			it(17, 24, "HostResource=d", "Parent=9", "AddressOnParent=2")+
			it(17, 25, "HostResource=/disk/a", "Parent=11", "AddressOnParent=12")+
			it(6, 11, "Address=1", "ResourceSubType=lsilogic")+it(6, 10, "Address=0", "ResourceSubType=buslogic lsilogic")+it(5, 9, "Address=0"))
	p := mustPlan(t, doc)
	var got []string
	for _, d := range p.Systems[0].Disks {
		got = append(got, fmt.Sprint(d.ID, " ", d.DiskID, " ", d.Bus, " ", d.Address, " ", d.Blank, " ", d.Capacity))
	}
	want := []string{"sda d ide 1 true 4", "sdb d ide 2 true 4", "sdc c scsi 3 true 3221225472", "sdd b scsi 9 false 2", "sde a scsi 10 false 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(p.Unattached) != 1 || p.Unattached[0].DiskID != "loose" || p.Unattached[0].ID != "sdf" {
		t.Errorf("unattached: %+v", p.Unattached)
	}
	for _, words := range []string{"attached a second time", `"loose" is attached to no system`, `not made: "spare"`} {
		if !warned(p, words) {
			t.Errorf("no warning with %q", words)
		}
	}
}

func TestDisksBeyondTheAlphabet(t *testing.T) {
	var disks, items strings.Builder
	for n := range 60 {
		fmt.Fprintf(&disks, `<Disk ovf:diskId="d%d" ovf:capacity="1"/>`, n)
		items.WriteString(it(17, 100+n, fmt.Sprintf("HostResource=/disk/d%d", n), fmt.Sprintf("AddressOnParent=%d", n)))
	}
	got := mustPlan(t, machine(diskSection(disks.String()), items.String())).Systems[0].Disks
	for n, want := range map[int]string{0: "sda", 25: "sdz", 26: "sdaa", 27: "sdab", 51: "sdaz", 52: "sdba", 59: "sdbh"} {
		if got[n].ID != want || got[n].Address != n {
			t.Errorf("the disk %d is %s at %d, want %s", n, got[n].ID, got[n].Address, want)
		}
	}
}

func TestSharedDisksAndFiles(t *testing.T) {
	system := func(id string) string {
		return `<VirtualSystem ovf:id="` + id + `"><Info/><VirtualHardwareSection><Info/>` + it(17, 1, "HostResource=ovf:/disk/a") + `</VirtualHardwareSection></VirtualSystem>`
	}
	p := mustPlan(t, envelope(files+diskSection(`<Disk ovf:diskId="a" ovf:fileRef="f1" ovf:capacity="1"/>`)+
		`<VirtualSystemCollection ovf:id="all">`+system("one")+`<VirtualSystemCollection ovf:id="inner">`+system("two")+`</VirtualSystemCollection>
		<StartupSection><Item ovf:id="two" ovf:order="2" ovf:startDelay="5" ovf:waitingForGuest="true"/><Item ovf:id="one" ovf:order="1"/></StartupSection></VirtualSystemCollection>`))
	if p.Systems[0].Disks[0].SharedWith != "" || p.Systems[1].Disks[0].SharedWith != "one/sda" {
		t.Errorf("shared: %+v", p.Systems)
	}
	if diff := cmp.Diff([]string{"all", "inner"}, p.Systems[1].Collections); diff != "" {
		t.Error(diff)
	}
	want := []ovf.StartStep{{Collection: "all", ID: "one", Key: "one", Order: 1}, {Collection: "all", ID: "two", Key: "two", Order: 2, StartDelay: 5, WaitGuest: true}}
	if diff := cmp.Diff(want, p.Startup); diff != "" {
		t.Error(diff)
	}
}

func TestCapacitiesAndMemory(t *testing.T) {
	plan := func(disk, memory string) (*ovf.Plan, error) {
		return planOf([]byte(machine(diskSection(`<Disk ovf:diskId="a" `+disk+`/>`), it(17, 1, "HostResource=/disk/a")+memory)), ovf.Choice{})
	}
	for disk, want := range map[string]int64{
		`ovf:capacity="1"`: 1, `ovf:capacity="20" ovf:capacityAllocationUnits="byte * 2^30"`: 20 << 30,
		`ovf:capacity="20" ovf:capacityAllocationUnits="GigaBytes"`: 20 << 30, `ovf:capacity="3.0" ovf:capacityAllocationUnits="MB"`: 3 << 20,
		`ovf:capacity=" 9223372036854775807 "`: 1<<63 - 1, `ovf:size="10"`: 10 << 30,
	} {
		if p, err := plan(disk, ""); err != nil || p.Systems[0].Disks[0].Capacity != want {
			t.Errorf("%s: %+v, %v; want %d", disk, p, err, want)
		}
	}
	for _, disk := range []string{
		`ovf:capacity="9223372036854775808"`, `ovf:capacity="8589934592" ovf:capacityAllocationUnits="byte * 2^30"`, `ovf:capacity="-1"`,
		`ovf:capacity="1.5"`, `ovf:capacity="@@X@@"`, `ovf:capacity="1" ovf:capacityAllocationUnits="furlong"`, `ovf:capacity="0"`, ``, `ovf:capacity="${none}"`,
	} {
		if p, err := plan(disk, ""); err == nil {
			t.Errorf("%s is accepted: %+v", disk, p.Systems[0].Disks)
		}
	}
	for items, want := range map[string]int64{
		it(17, 9, "VirtualQuantity=10240", "AllocationUnits=byte*1024*1024"):                                             10 << 30,
		it(17, 9, "VirtualQuantity=5"):                                                                                   5,
		strings.Replace(it(17, 9, "HostResource="), "<rasd:HostResource>", `<rasd:HostResource vcloud:capacity="8">`, 1): 8 << 20,
	} {
		p, err := planOf([]byte(machine("", items)), ovf.Choice{})
		if err != nil || !p.Systems[0].Disks[0].Blank || p.Systems[0].Disks[0].Capacity != want {
			t.Errorf("%s: %+v, %v", items, p, err)
		}
	}
	for memory, want := range map[string]int64{
		it(4, 2, "VirtualQuantity=512", "AllocationUnits=MegaBytes"): 512 << 20, it(4, 2, "VirtualQuantity=2", "AllocationUnits=byte * 2 ^ 30"): 2 << 30,
		it(4, 2, "VirtualQuantity=768"): 768 << 20, it(4, 2, "VirtualQuantity=1073741824"): 1 << 30, it(4, 2, "AllocationUnits=MB"): 1 << 30, "": 1 << 30,
		it(4, 2, "VirtualQuantity=1", "AllocationUnits=GB") + it(4, 3, "VirtualQuantity=2", "AllocationUnits=GB"): 3 << 30,
	} {
		if p, err := plan(`ovf:capacity="1"`, memory); err != nil || p.Systems[0].Memory != want {
			t.Errorf("%s: %v; want %d", memory, err, want)
		}
	}
	for _, memory := range []string{
		it(4, 2, "VirtualQuantity=x"), it(4, 2, "VirtualQuantity=5", "AllocationUnits=hertz"), it(4, 2, "VirtualQuantity=99999999999", "AllocationUnits=TB"),
		it(4, 2, "VirtualQuantity=8191", "AllocationUnits=PB") + it(4, 3, "VirtualQuantity=8191", "AllocationUnits=PB"),
		it(3, 2, "VirtualQuantity=0"), it(3, 2, "VirtualQuantity=5000"), it(3, 2, "VirtualQuantity=x"),
	} {
		if _, err := plan(`ovf:capacity="1"`, memory); err == nil {
			t.Errorf("%s is accepted", memory)
		}
	}
}

func TestReferencesThatLeadNowhere(t *testing.T) {
	disk := `<Disk ovf:diskId="a" ovf:fileRef="f1" ovf:capacity="1"/>`
	for name, c := range map[string]struct{ doc, want string }{
		"item to disk": {machine(files+diskSection(disk), it(17, 1, "HostResource=ovf:/disk/zz")), `made of "zz", which the descriptor does not have`},
		"item to file": {machine(files, it(17, 1, "HostResource=ovf:/file/zz")), `made of "zz"`},
		"disk to file": {machine(diskSection(disk), ""), `on the file "f1", which is not among the references`},
		"cd to file":   {machine(files, it(15, 1, "HostResource=ovf:/file/zz")), `holds "zz"`},
		"delta":        {machine(files+diskSection(`<Disk ovf:diskId="a" ovf:fileRef="f1" ovf:capacity="1" ovf:parentRef="zz"/>`), ""), `delta to the disk "zz"`},
		"compression":  {machine(`<References><File ovf:id="f" ovf:href="h" ovf:compression="lzma"/></References>`, ""), `compressed by "lzma"`},
		"section":      {envelope(`<vmw:Foo ovf:required="true"/>`), `section "Foo" is not known, but marked as required`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := planOf([]byte(c.doc), ovf.Choice{})
			checkRefusal(t, err, c.want)
		})
	}
}

func TestMediaAndOtherDevices(t *testing.T) {
	p := mustPlan(t, machine(files,
		it(15, 1, "HostResource=ovf:/file/cd")+it(15, 2)+it(15, 3, "HostResource=E:")+it(14, 4, "HostResource=/file/f2")+it(21, 5)+it(35, 6, "ElementName=sound")+it(4000, 7, "ElementName=x")))
	s := p.Systems[0]
	want := []ovf.Media{{ID: "cd0", Kind: "iso", FileID: "cd", Href: "cd.iso"}, {ID: "fd0", Kind: "floppy", FileID: "f2", Href: "two.vmdk"}}
	if diff := cmp.Diff(want, s.Media); diff != "" || s.Serial != 1 {
		t.Errorf("%s, %d serial ports", diff, s.Serial)
	}
	for _, words := range []string{`"sound"`, "resource type 4000"} {
		if !warned(p, words) {
			t.Errorf("no warning with %q", words)
		}
	}
}
