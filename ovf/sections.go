package ovf

import (
	"strconv"
	"strings"
)

// networkSection reads the logical networks.
func (p *parser) networkSection(n *node) error {
	for _, w := range n.all("Network") {
		if err := full(w, len(p.app.Networks), maxNetworks, "networks"); err != nil {
			return err
		}
		name := w.get("name")
		if name == "" {
			p.warn(w, "a network without a name is ignored")
			continue
		}
		if p.app.hasNetwork(name) {
			p.warn(w, "the network %s is listed twice", Display(name))
			continue
		}
		p.app.Networks = append(p.app.Networks, Network{Name: name, Description: p.text(w.child("Description"))})
	}
	return nil
}

func (a *Appliance) hasNetwork(name string) bool {
	for _, n := range a.Networks {
		if n.Name == name {
			return true
		}
	}
	return false
}

// deploymentOptions reads the configurations.
func (p *parser) deploymentOptions(n *node) error {
	for _, c := range n.all("Configuration") {
		if err := full(c, len(p.app.Configurations), maxConfigurations, "configurations"); err != nil {
			return err
		}
		id := c.get("id")
		if id == "" {
			p.warn(c, "a configuration without an id is ignored")
			continue
		}
		if p.app.hasConfiguration(id) {
			return refuseAt(BadDescriptor, c, "the configuration id %s is used twice", Display(id))
		}
		p.app.Configurations = append(p.app.Configurations, Configuration{
			ID: id, Label: p.text(c.child("Label")), Description: p.text(c.child("Description")),
			Default: isTrue(c.get("default")),
		})
	}
	return nil
}

func (a *Appliance) hasConfiguration(id string) bool {
	for _, c := range a.Configurations {
		if c.ID == id {
			return true
		}
	}
	return false
}

// about reads the sections that describe software, at any level.
func (p *parser) about(n *node, name string, products *[]Product, eulas, annotations *[]string) error {
	switch name {
	case "ProductSection":
		if err := full(n, len(*products), maxProducts, "product sections"); err != nil {
			return err
		}
		product, err := p.product(n)
		if err != nil {
			return err
		}
		for _, other := range *products {
			if other.Class == product.Class && other.Instance == product.Instance {
				return refuseAt(BadDescriptor, n, "there are two product sections of the class %s and instance %s", Display(product.Class), Display(product.Instance))
			}
		}
		*products = append(*products, product)
	case "EulaSection":
		if text := p.text(n.child("License")); text != "" {
			*eulas = append(*eulas, text)
		}
	case "AnnotationSection":
		if text := p.text(n.child("Annotation")); text != "" {
			*annotations = append(*annotations, text)
		}
	}
	return nil
}

// readStrings collects the message bundle that stands in the descriptor itself;
// of several languages the first, and English before others, is taken.
func (p *parser) readStrings(root *node) {
	p.strings = map[string]string{}
	for _, bundle := range root.all("Strings") {
		if ref := bundle.get("fileRef"); ref != "" {
			p.warn(bundle, "the message bundle in the file %s is not used", Display(ref))
		}
		english := strings.HasPrefix(strings.ToLower(bundle.get("lang")), "en")
		for _, m := range bundle.all("Msg") {
			if id := m.get("msgid"); p.strings[id] == "" || english {
				p.strings[id] = m.text
			}
		}
	}
}

// text is an element's text, by its message id if the bundle has it.
func (p *parser) text(n *node) string {
	if n == nil {
		return ""
	}
	if t := p.strings[n.get("msgid")]; t != "" && n.get("msgid") != "" {
		return t
	}
	return n.text
}

// isTrue reads an xs:boolean; anything else is false.
func isTrue(s string) bool {
	return s == "1" || strings.EqualFold(s, "true")
}

// number reads a small number that only informs; 0 for anything else.
func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
