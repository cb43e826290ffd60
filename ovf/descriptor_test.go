package ovf_test

import (
	"fmt"
	"strings"
	"testing"

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

func TestLatin1(t *testing.T) {
	doc := strings.Replace(machine("<NetworkSection><Network ovf:name=\"caf\xe9\"/></NetworkSection>", ""), "UTF-8", "ISO-8859-1", 1)
	if p := mustPlan(t, doc); p.Networks[0].Name != "café" {
		t.Errorf("the network is %q", p.Networks[0].Name)
	}
}
