package vm

import (
	"encoding/xml"
	"fmt"
	"io/fs"

	"libvirt.org/go/libvirtxml"
)

// Namespace is the XML namespace of the element in a domain's metadata that
// tells what spliced made it from. libvirt keeps it as it is.
const Namespace = "https://spliced.dev/xmlns/vm/1"

// Metadata is what that element has.
type Metadata struct {
	Job     string // that made the VM
	Profile string
	OVA     string // "" without one
	Version string // of spliced
	VMID    int

	// What the system template says to a manager of several hosts.
	NodeLimit       []string
	NodeSelector    string
	NodeAutostart   bool
	MigrationMethod string
}

// element is Metadata as it is written: encoding/xml knows prefixes only as part
// of names.
type element struct {
	XMLName         xml.Name `xml:"spliced:vm"`
	Namespace       string   `xml:"xmlns:spliced,attr"`
	Job             string   `xml:"spliced:job,omitempty"`
	Profile         string   `xml:"spliced:profile,omitempty"`
	OVA             string   `xml:"spliced:ova,omitempty"`
	Version         string   `xml:"spliced:version,omitempty"`
	VMID            int      `xml:"spliced:vmid"`
	NodeLimit       []string `xml:"spliced:node_limit,omitempty"`
	NodeSelector    string   `xml:"spliced:node_selector,omitempty"`
	NodeAutostart   bool     `xml:"spliced:node_autostart,omitempty"`
	MigrationMethod string   `xml:"spliced:migration_method,omitempty"`
}

// inDomain is what is read of a domain. The element is looked for by its
// namespace: another application's may have the same name.
type inDomain struct {
	XMLName  xml.Name `xml:"domain"`
	Metadata struct {
		VM *struct {
			Job             string   `xml:"job"`
			Profile         string   `xml:"profile"`
			OVA             string   `xml:"ova"`
			Version         string   `xml:"version"`
			VMID            int      `xml:"vmid"`
			NodeLimit       []string `xml:"node_limit"`
			NodeSelector    string   `xml:"node_selector"`
			NodeAutostart   bool     `xml:"node_autostart"`
			MigrationMethod string   `xml:"migration_method"`
		} `xml:"https://spliced.dev/xmlns/vm/1 vm"`
	} `xml:"metadata"`
}

// MetadataOf reads from a domain's XML what spliced made it from. fs.ErrNotExist
// when spliced didn't; other failures are of text that is no domain.
func MetadataOf(domain string) (Metadata, error) {
	var in inDomain
	if err := xml.Unmarshal([]byte(domain), &in); err != nil {
		return Metadata{}, fmt.Errorf("cannot read the domain: %w", err)
	}
	if in.Metadata.VM == nil {
		return Metadata{}, fmt.Errorf("the domain has no metadata of spliced: %w", fs.ErrNotExist)
	}
	return Metadata(*in.Metadata.VM), nil
}

// xml writes the metadata for libvirt.
func (m *Metadata) xml() (*libvirtxml.DomainMetadata, error) {
	text, err := xml.MarshalIndent(element{
		Namespace: Namespace, Job: m.Job, Profile: m.Profile, OVA: m.OVA, Version: m.Version, VMID: m.VMID,
		NodeLimit: m.NodeLimit, NodeSelector: m.NodeSelector, NodeAutostart: m.NodeAutostart, MigrationMethod: m.MigrationMethod,
	}, "    ", "  ")
	if err != nil {
		return nil, err
	}
	return &libvirtxml.DomainMetadata{XML: "\n" + string(text) + "\n  "}, nil
}
