package ovf

import (
	"fmt"
	"strings"
)

// Namespaces of envelopes (DSP0243; VMware's OVF 0.9). oVirt writes the first
// with a slash at its end.
const (
	spaceDMTF1  = "http://schemas.dmtf.org/ovf/envelope/1"
	spaceDMTF2  = "http://schemas.dmtf.org/ovf/envelope/2"
	spaceVMware = "http://www.vmware.com/schema/ovf/1/envelope"
)

// isEnvelope reports whether a namespace is an envelope's.
func isEnvelope(space string) bool { return envelopeVersion(space) != "" }

// envelopeVersion is the version of OVF that a namespace stands for.
func envelopeVersion(space string) string {
	switch strings.TrimSuffix(space, "/") {
	case spaceDMTF1:
		return "1"
	case spaceDMTF2:
		return "2"
	case spaceVMware:
		return "0.9"
	}
	return ""
}

// Parse reads a descriptor. It fails with a *Refusal; what it could not
// understand without harm stands in Appliance.Warnings.
func Parse(doc []byte) (*Appliance, error) {
	root, err := readTree(doc)
	if err != nil {
		return nil, err
	}
	p := &parser{app: &Appliance{}, said: map[string]bool{}}
	if err := p.envelope(root); err != nil {
		return nil, err
	}
	return p.app, nil
}

// parser builds an Appliance out of a tree.
type parser struct {
	app     *Appliance
	path    []string          // ids of the collections around what is read
	strings map[string]string // msgid to text in the default language
	said    map[string]bool   // texts of warnOnce

	properties int // how many there are so far
}

// warn notes what was ignored or defaulted at n.
func (p *parser) warn(n *node, format string, args ...any) {
	p.app.Warnings = addWarning(p.app.Warnings, n, format, args...)
}

// warnOnce is warn for what would otherwise be said again and again: the same
// text isn't repeated.
func (p *parser) warnOnce(n *node, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !p.said[text] && len(p.said) <= maxWarnings {
		p.said[text] = true
		p.warn(n, "%s", text)
	}
}

// addWarning appends a warning, within the limit.
func addWarning(list []Warning, n *node, format string, args ...any) []Warning {
	if len(list) > maxWarnings {
		return list
	}
	if len(list) == maxWarnings {
		return append(list, Warning{Text: "there is more to warn of than is listed"})
	}
	w := Warning{Text: fmt.Sprintf(format, args...)}
	if n != nil {
		w.Line, w.Element = n.line, Clean(n.name)
	}
	return append(list, w)
}

// envelope reads the root element.
func (p *parser) envelope(root *node) error {
	if root.name != "Envelope" {
		return refuseAt(BadDescriptor, root, "the descriptor's root is %s, not an Envelope", Display(root.name))
	}
	p.app.Version = envelopeVersion(root.space)
	switch {
	case root.space == "":
		p.app.Version = "1"
		p.warn(root, "the envelope has no namespace; it is taken for OVF 1")
	case p.app.Version == "":
		return refuseAt(Unsupported, root, "the descriptor's namespace %s is of no known version of OVF", Display(root.space))
	}
	p.readStrings(root)
	for _, n := range root.children {
		if err := p.topLevel(n); err != nil {
			return err
		}
	}
	if len(p.app.Systems) == 0 {
		return refuseAt(BadDescriptor, root, "the descriptor has no virtual system")
	}
	p.configurationNames()
	return p.checkReferences()
}

// sectionName is an element's name, or in OVF 0.9's spelling its type: there a
// disk section is <Section xsi:type="ovf:DiskSection_Type">.
func sectionName(n *node) string {
	if n.name != "Section" && n.name != "Content" {
		return n.name
	}
	kind := n.get("type")
	kind = kind[strings.LastIndexByte(kind, ':')+1:]
	return strings.TrimSuffix(kind, "_Type")
}

// topLevel reads a child of the envelope.
func (p *parser) topLevel(n *node) error {
	switch name := sectionName(n); name {
	case "References":
		return p.references(n)
	case "DiskSection", "SharedDiskSection":
		return p.diskSection(n, name == "SharedDiskSection")
	case "NetworkSection":
		return p.networkSection(n)
	case "DeploymentOptionSection":
		return p.deploymentOptions(n)
	case "VirtualSystem":
		return p.system(n)
	case "VirtualSystemCollection":
		return p.collection(n)
	case "ProductSection", "EulaSection", "AnnotationSection":
		return p.about(n, name, &p.app.Products, &p.app.EULAs, &p.app.Annotations)
	case "Strings":
		return nil
	default:
		return p.unknownSection(n, name)
	}
}

// unknownSection warns of a section that is ignored, and refuses one that says
// that it must not be (DSP0243, section 9: ovf:required).
func (p *parser) unknownSection(n *node, name string) error {
	if isTrue(n.get("required")) && !harmless(name) {
		return refuseAt(Unsupported, n, "the section %s is not known, but marked as required", Display(name))
	}
	p.warnOnce(n, "the element %s is not used", Display(name))
	return nil
}

// harmless reports whether a section of that name is OVF's own and can be left
// out: where a VM is placed, in what order it boots, what it may consume, or a
// section that only stands at the wrong level.
func harmless(name string) bool {
	switch name {
	case "DiskSection", "NetworkSection", "ResourceAllocationSection", "StartupSection", "InstallSection",
		"DeploymentOptionSection", "OperatingSystemSection", "VirtualHardwareSection", "SharedDiskSection",
		"PlacementGroupSection", "PlacementSection", "BootDeviceSection", "ScaleOutSection":
		return true
	}
	return false
}
