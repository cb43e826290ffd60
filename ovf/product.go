package ovf

import (
	"slices"
	"strings"
)

// A Property is a value that the guest reads from the environment document.
type Property struct {
	Key              string // as the environment document has it: class.key.instance
	Type             string // as in the descriptor: string, uint8, boolean, …
	Label            string
	Description      string
	Category         string
	UserConfigurable bool
	Password         bool // its values appear in no output but the environment document
	Required         bool
	qualifiers       []qualifier
	configurations   []string           // that have it, none: all
	fallback         *secret            // the default, nil when there is none
	byConfiguration  map[string]*secret // defaults of configurations
	plain            string             // the key alone
	at               *node
}

// A secret holds a value behind a pointer, so that printing what contains it
// doesn't print it.
type secret struct {
	value string
}

// product reads a product section.
func (p *parser) product(n *node) (Product, error) {
	product := Product{
		Class: n.get("class"), Instance: n.get("instance"), Name: p.text(n.child("Product")),
		Vendor: p.text(n.child("Vendor")), Version: n.value("Version"), FullVersion: n.value("FullVersion"),
	}
	category := ""
	seen := map[string][][]string{} // keys to the configurations that have them
	for _, c := range n.children {
		switch c.name {
		case "Category":
			category = p.text(c)
		case "Property":
			if err := full(c, p.properties, maxProperties, "properties"); err != nil {
				return product, err
			}
			p.properties++
			property, err := p.property(c, product)
			if err != nil {
				return product, err
			}
			property.Category = category
			for _, other := range seen[property.plain] {
				if overlap(other, property.configurations) {
					return product, refuseAt(BadDescriptor, c, "the property %s is there twice", Display(property.Key))
				}
			}
			seen[property.plain] = append(seen[property.plain], property.configurations)
			product.Properties = append(product.Properties, property)
		}
	}
	return product, nil
}

// overlap reports whether two lists of configurations, of which an empty one
// means all, have one in common.
func overlap(a, b []string) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(c string) bool { return slices.Contains(b, c) })
}

// property reads one property (DSP0243, section 9.5.1).
func (p *parser) property(n *node, product Product) (Property, error) {
	key := n.get("key")
	if key == "" {
		return Property{}, refuseAt(BadDescriptor, n, "a property has no key")
	}
	property := Property{
		Key: fullKey(product, key), Type: n.get("type"), Label: p.text(n.child("Label")),
		Description: p.text(n.child("Description")), UserConfigurable: isTrue(n.get("userConfigurable")),
		Password: isTrue(n.get("password")), Required: isTrue(n.get("required")),
		configurations: strings.Fields(n.get("configuration")), plain: key, at: n,
	}
	if strings.EqualFold(property.Type, "password") {
		property.Password = true
	}
	property.qualifiers = p.qualifiers(n)
	if value, ok := n.attr("value"); ok {
		property.fallback = &secret{value}
	}
	for _, v := range n.all("Value") {
		value := &secret{v.get("value")}
		if configuration := v.get("configuration"); configuration != "" {
			if property.byConfiguration == nil {
				property.byConfiguration = map[string]*secret{}
			}
			property.byConfiguration[configuration] = value
		} else {
			property.fallback = value
		}
	}
	return property, nil
}

// fullKey is the name of a property in the environment document.
func fullKey(product Product, key string) string {
	if product.Class != "" {
		key = product.Class + "." + key
	}
	if product.Instance != "" {
		key += "." + product.Instance
	}
	return key
}
