package ovf_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spliced/ovf"
)

// envelope is a descriptor with the namespaces that tests need around a body.
func envelope(body string) string {
	return `<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
 xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData"
 xmlns:vmw="http://www.vmware.com/schema/ovf" xmlns:vbox="http://www.virtualbox.org/ovf/machine"
 xmlns:vcloud="http://www.vmware.com/vcloud/v1.5">` + body + `</Envelope>`
}

// machine is a descriptor of one system with hardware and disks.
func machine(head, hardware string) string {
	return envelope(head + `<VirtualSystem ovf:id="vm"><Info/><VirtualHardwareSection><Info/>` + hardware + `</VirtualHardwareSection></VirtualSystem>`)
}

// it is an item: a resource type, an instance id, and more elements as
// "Name=value".
func it(resource, instance int, more ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<Item><rasd:InstanceID>%d</rasd:InstanceID><rasd:ResourceType>%d</rasd:ResourceType>", instance, resource)
	for _, m := range more {
		name, value, _ := strings.Cut(m, "=")
		fmt.Fprintf(&b, "<rasd:%s>%s</rasd:%s>", name, value, name)
	}
	return b.String() + "</Item>"
}

func diskSection(disks ...string) string {
	return "<DiskSection><Info/>" + strings.Join(disks, "") + "</DiskSection>"
}

const files = `<References><File ovf:id="f1" ovf:href="one.vmdk"/><File ovf:id="f2" ovf:href="two.vmdk"/><File ovf:id="cd" ovf:href="cd.iso"/></References>`

func mustPlan(t *testing.T, doc string) *ovf.Plan {
	t.Helper()
	p, err := planOf([]byte(doc), ovf.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// warned reports whether a warning has the words.
func warned(p *ovf.Plan, words string) bool {
	all := p.Warnings
	for _, s := range p.Systems {
		all = append(all, s.Warnings...)
	}
	for _, w := range all {
		if strings.Contains(w.Text, words) {
			return true
		}
	}
	return false
}

func TestDisksAreOrderedByControllerAndAddress(t *testing.T) {
	doc := machine(files+diskSection(
		`<Disk ovf:diskId="a" ovf:fileRef="f1" ovf:capacity="1"/>`, `<Disk ovf:diskId="b" ovf:fileRef="f2" ovf:capacity="2"/>`,
		`<Disk ovf:diskId="c" ovf:capacity="3" ovf:capacityAllocationUnits="byte * 2^30"/>`, `<Disk ovf:diskId="d" ovf:capacity="4"/>`,
		`<Disk ovf:diskId="loose" ovf:capacity="5"/>`,
	),
		it(17, 20, "HostResource=/disk/a", "Parent=11", "AddressOnParent=10")+
			it(17, 21, "HostResource=ovf:/disk/b", "Parent=11", "AddressOnParent=9")+
			it(17, 22, "HostResource=ovf://disk/c", "Parent=10", "AddressOnParent=3")+
			it(17, 23, "HostResource=d", "Parent=9", "AddressOnParent=1")+
			it(17, 24, "HostResource=d", "Parent=9", "AddressOnParent=2")+
			it(6, 11, "Address=1", "ResourceSubType=lsilogic")+it(6, 10, "Address=0", "ResourceSubType=buslogic lsilogic")+it(5, 9, "Address=0"))
	p := mustPlan(t, doc)
	var got []string
	for _, d := range p.Systems[0].Disks {
		got = append(got, fmt.Sprint(d.ID, " ", d.DiskID, " ", d.Bus, " ", d.Address, " ", d.Blank, " ", d.Capacity))
	}
	want := []string{"sda d ide 1 true 4", "sdb c scsi 3 true 3221225472", "sdc b scsi 9 false 2", "sdd a scsi 10 false 1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(p.Unattached) != 1 || p.Unattached[0].DiskID != "loose" || p.Unattached[0].ID != "sde" {
		t.Errorf("unattached: %+v", p.Unattached)
	}
	for _, words := range []string{"attached a second time", `"loose" is attached to no system`} {
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
	want := []ovf.StartStep{{Collection: "all", ID: "one", Order: 1}, {Collection: "all", ID: "two", Order: 2, StartDelay: 5, WaitGuest: true}}
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
	want := []ovf.Media{{Kind: "iso", FileID: "cd", Href: "cd.iso"}, {Kind: "floppy", FileID: "f2", Href: "two.vmdk"}}
	if diff := cmp.Diff(want, s.Media); diff != "" || s.Serial != 1 {
		t.Errorf("%s, %d serial ports", diff, s.Serial)
	}
	for _, words := range []string{`"sound"`, "resource type 4000"} {
		if !warned(p, words) {
			t.Errorf("no warning with %q", words)
		}
	}
}

func TestSpellingsOfOldAndNew(t *testing.T) {
	old := `<ovf:Envelope xmlns:o="http://www.vmware.com/schema/ovf/1/envelope" xmlns:ovf="http://www.vmware.com/schema/ovf/1/envelope" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
	<References><File o:id="f" o:href="d.vmdk"/></References>
	<Section xsi:type="ovf:DiskSection_Type"><Disk o:diskId="d" o:fileRef="f" o:capacity="7"/></Section>
	<Content xsi:type="o:VirtualSystem_Type" o:id="vm"><Section xsi:type="VirtualHardwareSection_Type">
	<Item><InstanceId>1</InstanceId><ResourceType>17</ResourceType><HostResource>/disk/d</HostResource></Item></Section></Content></ovf:Envelope>`
	next := `<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/2" xmlns:s="urn:s"><References><File id="f" href="d.vmdk"/></References>
	<SharedDiskSection><Disk diskId="d" fileRef="f" capacity="7"/></SharedDiskSection>
	<VirtualSystem id="vm"><VirtualHardwareSection><StorageItem><s:InstanceID>1</s:InstanceID><s:ResourceType>31</s:ResourceType><s:HostResource>ovf:/disk/d</s:HostResource></StorageItem>
	<EthernetPortItem><s:InstanceID>2</s:InstanceID><s:ResourceType>10</s:ResourceType><s:ResourceSubType>E1000</s:ResourceSubType><s:Connection>net</s:Connection></EthernetPortItem>
	</VirtualHardwareSection></VirtualSystem></Envelope>`
	for version, doc := range map[string]string{"0.9": old, "2": "\ufeff" + next} {
		p := mustPlan(t, doc)
		if p.Version != version || len(p.Systems[0].Disks) != 1 || p.Systems[0].Disks[0].Capacity != 7 || p.Systems[0].Name != "vm" {
			t.Errorf("%s: %+v", version, p)
		}
	}
}

func TestFirmwareAndModels(t *testing.T) {
	guest := func(os, hardware, more string) *ovf.SystemPlan {
		p := mustPlan(t, envelope(files+diskSection(`<Disk ovf:diskId="a" ovf:fileRef="f1" ovf:capacity="1"/>`)+
			`<VirtualSystem ovf:id="vm"><OperatingSystemSection vmw:osType="`+os+`"/><VirtualHardwareSection>`+hardware+
			it(17, 1, "HostResource=/disk/a", "Parent=2")+`</VirtualHardwareSection>`+more+`</VirtualSystem>`))
		return &p.Systems[0]
	}
	scsi := func(model string) string { return it(6, 2, "ResourceSubType="+model) }
	nic := func(model string) string { return it(10, 3, "ResourceSubType="+model, "Connection=n") }
	config := func(key, value string) string { return `<vmw:Config vmw:key="` + key + `" vmw:value="` + value + `"/>` }
	efi := config("firmware", "efi")
	for _, c := range []struct {
		name string
		got  *ovf.SystemPlan
		want string // firmware, secure boot, vTPM, machine, bus, controller, NIC
	}{
		{"linux pvscsi", guest("ubuntu64Guest", scsi("VirtualSCSI")+nic("VmxNet3"), ""), " false false q35 scsi vmpvscsi virtio"},
		{"linux sas", guest("rhel7_64Guest", scsi("lsilogicsas")+nic("E1000"), ""), " false false q35 scsi lsisas1068 e1000"},
		{"linux lsi", guest("debian10_64Guest", scsi("buslogic, lsilogic")+nic("VMXNET3 virtio"), ""), " false false q35 sata  virtio"},
		{"linux ide", guest("centosGuest", it(5, 2)+nic("PCNet32"), ""), " false false pc ide  virtio"},
		{"linux ide efi", guest("centosGuest", it(5, 2)+nic("e1000e")+efi, ""), "efi false false q35 sata  e1000e"},
		{"linux virtio", guest("fedoraGuest", scsi("virtio lsilogic")+nic("virtio"), ""), " false false q35 virtio  virtio"},
		{"windows", guest("windows9Server64Guest", scsi("lsilogicsas")+nic("VmxNet3")+efi+config("bootOptions.efiSecureBootEnabled", "true")+it(1, 9, "ResourceSubType=vmware.vtpm"), ""), "efi true true q35 sata  e1000e"},
		{"secure boot alone", guest("windows9_64Guest", config("bootOptions.efiSecureBootEnabled", "true"), ""), "efi true false q35 sata  e1000e"},
		{"secure boot on bios", guest("windows9_64Guest", config("firmware", "bios")+config("bootOptions.efiSecureBootEnabled", "true"), ""), "bios false false q35 sata  e1000e"},
		{"old windows", guest("winXPProGuest", scsi("buslogic")+nic("PCNet32"), ""), " false false pc ide  rtl8139"},
		{"esxi", guest("vmkernel7Guest", scsi("VirtualSCSI")+nic("VmxNet3"), ""), " false false q35 scsi vmpvscsi vmxnet3"},
		{"bsd", guest("freebsd12_64Guest", it(20, 2, "ResourceSubType=AHCI")+nic("E1000"), ""), " false false q35 sata  e1000"},
		{"nvme", guest("otherLinux64Guest", it(20, 2, "ResourceSubType=vmware.nvme.controller"), ""), " false false q35 sata  virtio"},
		{"virtualbox", guest("", it(20, 2, "ResourceSubType=AHCI"), `<vbox:Machine><vbox:Hardware><Firmware type="EFI64"/><TrustedPlatformModule type="v2_0"/></vbox:Hardware></vbox:Machine>`), "efi false true q35 sata  e1000"},
		{"ovirt", guest("", it(17, 7), `<BiosType>4</BiosType>`), "efi true false q35 sata  e1000"},
		{"xenserver", guest("", `<VirtualSystemOtherConfigurationData Name="HVM_boot_params"><Value>firmware=uefi;order=dc</Value></VirtualSystemOtherConfigurationData>`, ""), "efi false false q35 sata  e1000"},
		{"unfilled", guest("", config("firmware", "@@FIRMWARE@@"), ""), " false false q35 sata  e1000"},
	} {
		s := c.got
		got := fmt.Sprint(s.Firmware, " ", s.SecureBoot, " ", s.VTPM, " ", s.Machine, " ", s.DiskBus, " ", s.SCSIModel, " ", s.NICModel)
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	s := guest("centosGuest", it(5, 2), "")
	s.SetFirmware("efi", "the first disk has an EFI system partition")
	if s.Firmware != "efi" || s.Machine != "q35" || s.DiskBus != "sata" || !warned(&ovf.Plan{Systems: []ovf.SystemPlan{*s}}, "EFI system partition") {
		t.Errorf("after the disk was looked at: %+v", s)
	}
	s.SetFirmware("bios", "")
	if s.Firmware != "efi" {
		t.Error("the firmware was decided twice")
	}
}

func TestBootOrder(t *testing.T) {
	p := mustPlan(t, envelope(files+diskSection(`<Disk ovf:diskId="a" ovf:fileRef="f1" ovf:capacity="1"/>`)+`<VirtualSystem ovf:id="vm"><VirtualHardwareSection>`+
		it(17, 5, "HostResource=/disk/a")+it(15, 6, "HostResource=ovf:/file/cd")+it(10, 7)+`</VirtualHardwareSection>
		<vmw:BootOrderSection vmw:instanceId="6" vmw:type="cdrom"/><vmw:BootOrderSection vmw:instanceId="5" vmw:type="disk"/></VirtualSystem>`))
	s := p.Systems[0]
	if s.Media[0].BootIndex != 1 || s.Disks[0].BootIndex != 2 || s.NICs[0].BootIndex != 0 {
		t.Errorf("boot order: %+v", s)
	}
}

func TestHugeAndDeepDocuments(t *testing.T) {
	wide := func(element string, n int) string { return machine(strings.Repeat(element, n), "") }
	unique := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, c := range map[string]struct{ doc, want string }{
		"too long":        {machine("<!--"+strings.Repeat("x", 4<<20)+"-->", ""), "4194304 are the most"},
		"tags":            {wide("<a/>", 500_000), "more than 120000 tags"},
		"nearly too many": {wide("<a/>", 119_000), ""},
		"attributes":      {machine(`<a `+unique(` a%d=""`, 200_000)+`/>`, ""), "attributes"},
		"many attributes": {machine(`<a `+unique(` a%d=""`, 100_000)+`/>`, ""), ""},
		"deep":            {machine(strings.Repeat("<a>", 50)+strings.Repeat("</a>", 50), ""), "nested"},
		"endless depth":   {envelope(strings.Repeat("<a>", 119_000)), "nested"},
		"files":           {machine("<References>"+unique(`<File ovf:id="f%d" ovf:href="h"/>`, 30_000)+"</References>", ""), "more than 2048 files"},
		"items":           {machine("", unique("<Item><InstanceID>%d</InstanceID><ResourceType>17</ResourceType></Item>", 15_000)), "more than 4096 items"},
		"properties":      {machine("<ProductSection>"+unique(`<Property ovf:key="k%d"/>`, 20_000)+"</ProductSection>", ""), "more than 8192 properties"},
		"configurations":  {machine("<DeploymentOptionSection>"+unique(`<Configuration ovf:id="c%d"/>`, 20_000)+"</DeploymentOptionSection>", ""), "more than 64 configurations"},
		"doctype":         {"<!DOCTYPE x [<!ENTITY a \"b\">]>" + machine("", ""), "DOCTYPE"},
		"entity":          {machine("&a;", ""), "well-formed"},
		"utf-16":          {"\xff\xfe<\x00", "UTF-16"},
		"encoding":        {`<?xml version="1.0" encoding="EBCDIC"?><a/>`, "encoding"},
		"two roots":       {machine("", "") + "<a/>", "second root"},
		"text after":      {machine("", "") + "junk", "text outside"},
		"nothing":         {"", "no elements"},
		"cut":             {machine("", "")[:300], "well-formed"},
		"noise":           {"\x00\x01\x02", "well-formed"},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			start := time.Now()
			used := allocated(func() { _, err = planOf([]byte(c.doc), ovf.Choice{}) })
			checkRefusal(t, err, c.want)
			if used > memoryCeiling {
				t.Errorf("it took %d MiB of memory", used>>20)
			}
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

// memoryCeiling is what any descriptor may cost, all that is given back
// meanwhile counted too.
const memoryCeiling = 96 << 20

func TestLatin1(t *testing.T) {
	doc := strings.Replace(machine("<NetworkSection><Network ovf:name=\"caf\xe9\"/></NetworkSection>", ""), "UTF-8", "ISO-8859-1", 1)
	if p := mustPlan(t, doc); p.Networks[0].Name != "café" {
		t.Errorf("the network is %q", p.Networks[0].Name)
	}
}

func TestHostileNames(t *testing.T) {
	evil := "../../etc/passwd&#10;&#x202e;$(reboot) \"; drop &lt;script&gt; \u202e%00 : - {}[]"
	evil = strings.ReplaceAll(evil, `"`, "&quot;")
	p := mustPlan(t, envelope(`<NetworkSection><Network ovf:name="`+evil+`"/></NetworkSection><VirtualSystem ovf:id="`+evil+`"><Name>`+evil+`</Name><VirtualHardwareSection>`+
		it(17, 1)+`<vmw:Config vmw:key="`+evil+`" vmw:value=""/></VirtualHardwareSection></VirtualSystem><VirtualSystem ovf:id="...-"><VirtualHardwareSection/></VirtualSystem>`))
	if got := p.Systems[0].Key; got != "etc-passwd-reboot-drop-script" {
		t.Errorf("the key is %q", got)
	}
	if got := p.Systems[1].Key; got != "vm" {
		t.Errorf("the key is %q", got)
	}
	for _, w := range append(p.Warnings, p.Systems[0].Warnings...) {
		if strings.ContainsAny(w.Text, "\n\u202e\x1b") {
			t.Errorf("a warning has control characters: %q", w.Text)
		}
	}
}

func TestKeysAreUnique(t *testing.T) {
	one := `<VirtualSystem ovf:id="%s"><VirtualHardwareSection/></VirtualSystem>`
	long := strings.Repeat("a", 60)
	p := mustPlan(t, envelope(fmt.Sprintf(strings.Repeat(one, 5), "web", "Web", long, long, "")))
	var keys []string
	for _, s := range p.Systems {
		keys = append(keys, s.Key)
	}
	if diff := cmp.Diff([]string{"web", "Web-2", strings.Repeat("a", 30), strings.Repeat("a", 28) + "-2", "vm"}, keys); diff != "" {
		t.Error(diff)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(machine(files+diskSection(`<Disk ovf:diskId="a" ovf:fileRef="f1" ovf:capacity="${k}" ovf:capacityAllocationUnits="byte * 2^30"/>`)+
		`<ProductSection ovf:class="c"><Property ovf:key="k" ovf:value="3" ovf:qualifiers="MinLen(1) ValueMap{&quot;a&quot;}"/></ProductSection>`,
		it(17, 1, "HostResource=/disk/a", "Parent=2")+it(6, 2, "ResourceSubType=lsilogic")+it(4, 3, "VirtualQuantity=1", "AllocationUnits=GB"))))
	f.Add([]byte(envelope(`<VirtualSystemCollection ovf:id="c"><StartupSection><Item ovf:id="x" ovf:order="1"/></StartupSection><VirtualSystem ovf:id="x"><VirtualHardwareSection/></VirtualSystem></VirtualSystemCollection>`)))
	f.Fuzz(func(t *testing.T, doc []byte) {
		var plan *ovf.Plan
		var err error
		used := allocated(func() { plan, err = planOf(doc, ovf.Choice{}) })
		if limit := uint64(2<<20 + 400*len(doc)); used > max(limit, memoryCeiling) {
			t.Errorf("%d bytes took %d bytes of memory", len(doc), used)
		}
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b\u202e") {
				t.Errorf("the refusal has control characters: %q", err)
			}
			return
		}
		checkPlan(t, "fuzz", plan)
		for _, s := range plan.Systems {
			if plan.Environment(s.Key, ovf.Platform{}) == nil {
				t.Errorf("no environment document for %q", s.Key)
			}
		}
	})
}

func FuzzArchive(f *testing.F) {
	all := sampleFiles()
	all[1].data = all[1].data[:1500]
	f.Add(pack(f, append(all, manifest(all...))...), 600, int64(-1))
	f.Add(withPAX(f, pack(f, all...), "path", "other"), 1500, int64(4096))
	f.Fuzz(func(t *testing.T, doc []byte, cut int, size int64) {
		var err error
		used := allocated(func() { _, _, err = readAll(strings.NewReader(string(doc)), size) })
		if used > 64<<20 {
			t.Errorf("%d bytes took %d bytes of memory", len(doc), used)
		}
		if err == nil && (len(doc)%512 != 0 || size >= 0 && size != int64(len(doc))) {
			t.Errorf("%d bytes are accepted, said to be %d", len(doc), size)
		}
		if err == nil && cut >= 0 && cut < len(doc) {
			_, whole, _ := readAll(strings.NewReader(string(doc)), -1)
			if _, v, err := readAll(strings.NewReader(string(doc[:cut])), -1); err == nil && !v.HasManifest && len(v.Members) < len(whole.Members) {
				t.Errorf("cut at %d of %d, and accepted", cut, len(doc))
			}
		}
	})
}
