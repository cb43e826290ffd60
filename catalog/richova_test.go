package catalog_test

import (
	"os"
	"path/filepath"
	"strings"

	"spliced/api"
	"spliced/test/ovatest"
)

// secret is the password that tests set, vendorSecret the one that the descriptor
// has itself.
const (
	secret       = "swordfish-7"
	vendorSecret = "hunter2-vendor"
)

// item is a piece of hardware: its type, its id, and more elements as "Name=text".
func item(kind, id string, more ...string) string {
	var b strings.Builder
	b.WriteString("<Item><rasd:InstanceID>" + id + "</rasd:InstanceID><rasd:ResourceType>" + kind + "</rasd:ResourceType>")
	for _, m := range more {
		name, text, _ := strings.Cut(m, "=")
		b.WriteString("<rasd:" + name + ">" + text + "</rasd:" + name + ">")
	}
	return b.String() + "</Item>"
}

// of gives an item to one configuration.
func of(configuration, item string) string {
	return strings.Replace(item, "<Item>", `<Item ovf:configuration="`+configuration+`">`, 1)
}

// richDescriptor describes two machines that share a disk, in two sizes, with
// properties and media. The text evil stands wherever a descriptor names
// something for people.
func richDescriptor(evil string) string {
	db := item("3", "1", "VirtualQuantity=2") + of("large", item("3", "1", "VirtualQuantity=8")) +
		item("4", "2", "VirtualQuantity=1025", "AllocationUnits=byte * 2^10") +
		item("6", "3", "Address=0", "ResourceSubType=VirtualSCSI") +
		item("17", "4", "Parent=3", "AddressOnParent=0", "HostResource=ovf:/disk/root") +
		item("17", "5", "Parent=3", "AddressOnParent=1", "HostResource=ovf:/disk/shared") +
		of("large", item("17", "6", "Parent=3", "AddressOnParent=2", "HostResource=ovf:/disk/spare")) +
		of("huge", item("17", "7", "Parent=3", "AddressOnParent=3", "HostResource=ovf:/disk/scratch")) +
		item("10", "8", "Connection=front "+evil, "ResourceSubType=VmxNet3", "Address=00:50:56:00:00:01") +
		item("10", "9", "Connection=back") +
		item("5", "10", "Address=0") + item("15", "11", "Parent=10", "HostResource=ovf:/file/tools") +
		item("14", "12", "HostResource=ovf:/file/floppy")
	app := item("3", "1", "VirtualQuantity=1") + item("4", "2", "VirtualQuantity=512", "AllocationUnits=MB") +
		item("20", "3", "ResourceSubType=AHCI") +
		item("17", "4", "Parent=3", "AddressOnParent=0", "HostResource=ovf:/disk/blank") +
		item("17", "5", "Parent=3", "AddressOnParent=1", "HostResource=ovf:/disk/shared") +
		`<vmw:Config vmw:key="firmware" vmw:value="efi"/><vmw:Config vmw:key="bootOptions.efiSecureBootEnabled" vmw:value="true"/>` +
		item("34", "9")
	return `<?xml version="1.0"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1" xmlns:vmw="http://www.vmware.com/schema/ovf"
 xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData">
<References><File ovf:id="f1" ovf:href="root.vmdk"/><File ovf:id="f2" ovf:href="shared.vmdk"/><File ovf:id="f3" ovf:href="spare.vmdk"/>
<File ovf:id="tools" ovf:href="tools.iso"/><File ovf:id="floppy" ovf:href="floppy.img"/></References>
<DiskSection><Info/><Disk ovf:diskId="root" ovf:fileRef="f1" ovf:capacity="65536"/><Disk ovf:diskId="shared" ovf:fileRef="f2" ovf:capacity="65536"/>
<Disk ovf:diskId="spare" ovf:fileRef="f3" ovf:capacity="65536"/><Disk ovf:diskId="scratch" ovf:capacity="1048576"/>
<Disk ovf:diskId="blank" ovf:capacity="${size}" ovf:capacityAllocationUnits="byte * 2^20"/></DiskSection>
<NetworkSection><Info/><Network ovf:name="front ` + evil + `"/><Network ovf:name="back"/></NetworkSection>
<DeploymentOptionSection><Info/><Configuration ovf:id="small" ovf:default="true"><Label>Small ` + evil + `</Label><Description>For trials</Description></Configuration>
<Configuration ovf:id="large"><Label>Large</Label></Configuration><Configuration ovf:id="huge"/></DeploymentOptionSection>
<VirtualSystemCollection ovf:id="all"><Info/>
<StartupSection><Item ovf:id="app" ovf:order="2" ovf:startDelay="30" ovf:waitingForGuest="true"/><Item ovf:id="db" ovf:order="1" ovf:stopDelay="5"/></StartupSection>
<ProductSection><Info/><Product>Suite ` + evil + `</Product><Vendor>We</Vendor><Version>1.0</Version>
<Property ovf:key="size" ovf:type="uint16" ovf:userConfigurable="true" ovf:value="1"/>
<Property ovf:key="site" ovf:type="string" ovf:userConfigurable="true"><Label>Site ` + evil + `</Label></Property></ProductSection>
<VirtualSystem ovf:id="db"><Info/><Name>db ` + evil + `</Name><OperatingSystemSection ovf:id="96" vmw:osType="debian11_64Guest"><Info/><Description>Debian 11 ` + evil + `</Description></OperatingSystemSection>
<ProductSection ovf:class="db"><Info/><Product>Database</Product>
<Property ovf:key="password" ovf:type="string" ovf:password="true" ovf:userConfigurable="true" ovf:value="` + vendorSecret + `"/>
<Property ovf:key="host" ovf:type="string" ovf:userConfigurable="true" ovf:qualifiers="MinLen(1)"/>
<Property ovf:key="tuning" ovf:type="string" ovf:userConfigurable="true" ovf:configuration="large" ovf:value="fast"/></ProductSection>
<VirtualHardwareSection ovf:transport="iso"><Info/>` + db + `</VirtualHardwareSection></VirtualSystem>
<VirtualSystem ovf:id="app"><Info/><Name>app</Name><OperatingSystemSection ovf:id="1" vmw:osType="windows9Server64Guest"><Info/></OperatingSystemSection>
<VirtualHardwareSection><Info/>` + app + `</VirtualHardwareSection></VirtualSystem>
</VirtualSystemCollection></Envelope>
`
}

// richOVA packs it: archive and descriptor.
func richOVA(evil string) (archive, descriptor []byte) {
	descriptor = []byte(richDescriptor(evil))
	member := func(name string, data []byte) ovatest.Member { return ovatest.Member{Name: name, Data: data} }
	d, vmdk := member("rich.ovf", descriptor), ovatest.VMDK(disk())
	files := []ovatest.Member{
		d, member("root.vmdk", vmdk), member("shared.vmdk", vmdk), member("spare.vmdk", vmdk),
		member("tools.iso", ovatest.Data(2048)), member("floppy.img", ovatest.Data(1024)),
	}
	return ovatest.Archive(append(files, ovatest.Manifest(files...))...), descriptor
}

func (f *fixture) uploadRich(p api.OVAUpload, evil string) (api.Job, error) {
	archive, _ := richOVA(evil)
	p.Pool, p.Name = "local", "web"
	return f.catalog.UploadOVA(p, source(f.t, archive), caller())
}

// stateFiles reads everything that is kept, by its path in the state folder.
func (f *fixture) stateFiles() map[string]string {
	f.t.Helper()
	all := map[string]string{}
	ok(f.t, filepath.WalkDir(f.state, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		name, _ := filepath.Rel(f.state, path)
		all[name] = string(text)
		return err
	}))
	return all
}
