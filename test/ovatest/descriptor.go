package ovatest

import (
	"bytes"
	"fmt"
)

// An Appliance is what a descriptor tells.
type Appliance struct {
	Files   []File
	Disks   []Disk
	Systems []System
}

// A File is a reference to a member.
type File struct {
	ID, Href    string
	Compression string // "" or gzip
	ChunkSize   int64  // bytes, 0: it is whole
}

// A Disk is one of the disk section.
type Disk struct {
	ID       string
	File     string // id, "": it is blank
	Capacity int64  // bytes
}

// A System is a virtual machine.
type System struct {
	ID    string
	Disks []string // ids
	CDs   []string // ids of files
}

// OneDisk is an appliance of one system with one disk.
func OneDisk(href string, capacity int64) Appliance {
	return Appliance{
		Files: []File{{ID: "f1", Href: href}}, Disks: []Disk{{ID: "d1", File: "f1", Capacity: capacity}},
		Systems: []System{{ID: "vm", Disks: []string{"d1"}}},
	}
}

// Member is the descriptor as a member of an archive.
func (a Appliance) Member() Member {
	return Member{Name: "appliance.ovf", Data: a.Descriptor()}
}

// Descriptor writes the appliance as DMTF's DSP0243 has it.
func (a Appliance) Descriptor() []byte {
	var b bytes.Buffer
	b.WriteString(`<?xml version="1.0"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1" xmlns:ovf="http://schemas.dmtf.org/ovf/envelope/1"
 xmlns:rasd="http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_ResourceAllocationSettingData">
<References>
`)
	for _, f := range a.Files {
		fmt.Fprintf(&b, `<File ovf:id=%q ovf:href=%q`, f.ID, f.Href)
		if f.Compression != "" {
			fmt.Fprintf(&b, ` ovf:compression=%q`, f.Compression)
		}
		if f.ChunkSize > 0 {
			fmt.Fprintf(&b, ` ovf:chunkSize="%d"`, f.ChunkSize)
		}
		b.WriteString("/>\n")
	}
	b.WriteString("</References>\n<DiskSection><Info>Disks</Info>\n")
	for _, d := range a.Disks {
		fmt.Fprintf(&b, `<Disk ovf:diskId=%q ovf:capacity="%d"`, d.ID, d.Capacity)
		if d.File != "" {
			fmt.Fprintf(&b, ` ovf:fileRef=%q`, d.File)
		}
		b.WriteString("/>\n")
	}
	b.WriteString("</DiskSection>\n")
	a.systems(&b)
	b.WriteString("</Envelope>\n")
	return b.Bytes()
}

func (a Appliance) systems(b *bytes.Buffer) {
	if len(a.Systems) > 1 {
		b.WriteString("<VirtualSystemCollection ovf:id=\"all\"><Info>All</Info>\n")
		defer b.WriteString("</VirtualSystemCollection>\n")
	}
	for _, s := range a.Systems {
		fmt.Fprintf(b, "<VirtualSystem ovf:id=%q><Info>A machine</Info><Name>%s</Name>\n<VirtualHardwareSection><Info>Hardware</Info>\n", s.ID, s.ID)
		item := func(id, kind int, more string) {
			fmt.Fprintf(b, "<Item><rasd:ElementName>item %d</rasd:ElementName><rasd:InstanceID>%d</rasd:InstanceID>"+
				"<rasd:ResourceType>%d</rasd:ResourceType>%s</Item>\n", id, id, kind, more)
		}
		item(1, 3, "<rasd:VirtualQuantity>2</rasd:VirtualQuantity>")
		item(2, 4, "<rasd:AllocationUnits>byte * 2^20</rasd:AllocationUnits><rasd:VirtualQuantity>512</rasd:VirtualQuantity>")
		item(3, 6, "<rasd:Address>0</rasd:Address><rasd:ResourceSubType>lsilogic</rasd:ResourceSubType>")
		item(4, 5, "<rasd:Address>0</rasd:Address>")
		for n, d := range s.Disks {
			item(10+n, 17, fmt.Sprintf("<rasd:Parent>3</rasd:Parent><rasd:AddressOnParent>%d</rasd:AddressOnParent>"+
				"<rasd:HostResource>ovf:/disk/%s</rasd:HostResource>", n, d))
		}
		for n, f := range s.CDs {
			item(30+n, 15, fmt.Sprintf("<rasd:Parent>4</rasd:Parent><rasd:AddressOnParent>%d</rasd:AddressOnParent>"+
				"<rasd:HostResource>ovf:/file/%s</rasd:HostResource>", n, f))
		}
		b.WriteString("</VirtualHardwareSection></VirtualSystem>\n")
	}
}
