package ovf

import (
	"bytes"
	"encoding/xml"
	"slices"
)

// Namespace of environment documents (DSP8027).
const spaceEnvironment = "http://schemas.dmtf.org/ovf/environment/1"

// A Platform describes to the guest what it runs on. Empty parts are left out.
type Platform struct {
	Kind    string // of hypervisor, like "KVM"
	Version string
	Vendor  string
	Locale  string // like "en"
}

// environmentDoc is the document as encoding/xml writes it.
type environmentDoc struct {
	XMLName    xml.Name         `xml:"Environment"`
	Space      string           `xml:"xmlns,attr"`
	Prefixed   string           `xml:"xmlns:oe,attr"`
	Instance   string           `xml:"xmlns:xsi,attr"`
	ID         string           `xml:"oe:id,attr"`
	Platform   *platformDoc     `xml:"PlatformSection,omitempty"`
	Properties *propertiesDoc   `xml:"PropertySection,omitempty"`
	Entities   []environmentRef `xml:"Entity"`
}

type platformDoc struct {
	Kind    string `xml:"Kind,omitempty"`
	Version string `xml:"Version,omitempty"`
	Vendor  string `xml:"Vendor,omitempty"`
	Locale  string `xml:"Locale,omitempty"`
}

type propertiesDoc struct {
	Properties []propertyDoc `xml:"Property"`
}

type propertyDoc struct {
	Key   string `xml:"oe:key,attr"`
	Value string `xml:"oe:value,attr"`
}

type environmentRef struct {
	ID         string         `xml:"oe:id,attr"`
	Properties *propertiesDoc `xml:"PropertySection,omitempty"`
}

// WantsISO reports whether a system expects its environment document on a CD
// (DSP0243, section 10.2: transport "iso").
func (s *SystemPlan) WantsISO() bool {
	return slices.Contains(s.Transports, "iso")
}

// Environment renders the environment document of one of the plan's systems, in
// which its guest finds the values of properties, passwords among them; the
// other systems stand there as entities, with theirs but passwords. It belongs
// into a file ovf-env.xml at the root of the CD. nil for an unknown key.
func (p *Plan) Environment(key string, on Platform) []byte {
	own := p.system(key)
	if own == nil {
		return nil
	}
	doc := environmentDoc{
		Space: spaceEnvironment, Prefixed: spaceEnvironment, Instance: "http://www.w3.org/2001/XMLSchema-instance",
		ID: own.identity(), Properties: environmentProperties(true, p.Products, own.Products),
	}
	if on != (Platform{}) {
		doc.Platform = &platformDoc{on.Kind, on.Version, on.Vendor, on.Locale}
	}
	for i := range p.Systems {
		if other := &p.Systems[i]; other != own {
			doc.Entities = append(doc.Entities, environmentRef{other.identity(), environmentProperties(false, other.Products)})
		}
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	if err := e.Encode(doc); err != nil {
		return nil // cannot be: nothing in it fails to encode, and the buffer takes all
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func (p *Plan) system(key string) *SystemPlan {
	for i := range p.Systems {
		if p.Systems[i].Key == key {
			return &p.Systems[i]
		}
	}
	return nil
}

// identity is the system's id in environment documents.
func (s *SystemPlan) identity() string {
	if s.ID != "" {
		return s.ID
	}
	return s.Key
}

// environmentProperties lists the properties that have a value; nil for none.
func environmentProperties(passwords bool, lists ...[]ProductPlan) *propertiesDoc {
	var doc propertiesDoc
	for _, list := range lists {
		for _, product := range list {
			for _, p := range product.Properties {
				if p.secret != nil && (passwords || !p.Password) {
					doc.Properties = append(doc.Properties, propertyDoc{p.Key, p.secret.value})
				}
			}
		}
	}
	if doc.Properties == nil {
		return nil
	}
	return &doc
}
