package ovf

import (
	"slices"
	"sort"
	"strconv"
	"strings"
)

// propertyValues are the chosen values of an appliance's properties.
type propertyValues struct {
	config string
	given  map[*Property]*secret
}

// chooseProperties checks the caller's values and pairs them with properties.
func (p *planner) chooseProperties(given map[string]string) (*propertyValues, error) {
	v := &propertyValues{config: p.config, given: map[*Property]*secret{}}
	keys := make([]string, 0, len(given))
	for key := range given {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	for _, key := range keys {
		found := p.app.findProperty(key, p.config)
		if len(found) == 0 {
			return nil, badChoice("it has no property %s", Display(key))
		}
		for _, property := range found {
			if !property.UserConfigurable {
				return nil, badChoice("its property %s cannot be set", Display(property.Key))
			}
			if why := property.refuses(given[key]); why != "" {
				return nil, badChoice("the value of its property %s %s", Display(property.Key), why)
			}
			v.given[property] = &secret{given[key]}
		}
	}
	return v, nil
}

func badChoice(format string, args ...any) *Refusal {
	return refuseAt(BadChoice, nil, format, args...)
}

// findProperty returns the properties that a configuration has of a full key,
// else the only one of that plain key.
func (a *Appliance) findProperty(key, config string) []*Property {
	var full, plain []*Property
	a.eachProperty(func(p *Property) {
		if !p.in(config) {
			return
		}
		if p.Key == key {
			full = append(full, p)
		}
		if p.plain == key {
			plain = append(plain, p)
		}
	})
	if len(full) > 0 || len(plain) != 1 {
		return full
	}
	return plain
}

func (a *Appliance) eachProperty(f func(*Property)) {
	visit := func(products []Product) {
		for i := range products {
			for j := range products[i].Properties {
				f(&products[i].Properties[j])
			}
		}
	}
	visit(a.Products)
	for i := range a.Systems {
		visit(a.Systems[i].Products)
	}
}

// value is a property's value: the caller's, the configuration's, the default,
// nil when there is none.
func (v *propertyValues) value(p *Property) *secret {
	if s := v.given[p]; s != nil {
		return s
	}
	if s := p.byConfiguration[v.config]; s != nil {
		return s
	}
	return p.fallback
}

// products lists products with their values.
func (v *propertyValues) products(list []Product) []ProductPlan {
	var plans []ProductPlan
	for i := range list {
		product := &list[i]
		plan := ProductPlan{Name: product.Name, Vendor: product.Vendor, Version: product.Version}
		if plan.Version == "" {
			plan.Version = product.FullVersion
		}
		for j := range product.Properties {
			if !product.Properties[j].in(v.config) {
				continue
			}
			plan.Properties = append(plan.Properties, v.propertyValue(&product.Properties[j]))
		}
		plans = append(plans, plan)
	}
	return plans
}

func (v *propertyValues) propertyValue(p *Property) PropertyValue {
	value := v.value(p)
	out := PropertyValue{
		Key: p.Key, Type: p.Type, Label: p.Label, Description: p.Description, Category: p.Category,
		Settable: p.UserConfigurable, Password: p.Password, Set: value != nil, secret: value,
	}
	if value != nil && !p.Password {
		out.Value = value.value
	}
	out.Lacks = p.needsValue() && (value == nil || value.value == "")
	return out
}

// in reports whether a configuration has the property.
func (p *Property) in(config string) bool {
	return len(p.configurations) == 0 || slices.Contains(p.configurations, config)
}

// needsValue reports whether an empty value won't do.
func (p *Property) needsValue() bool {
	return p.Required || slices.ContainsFunc(p.qualifiers, func(q qualifier) bool { return q.name == "minlen" && q.number > 0 })
}

// refuses says why a value can't be the property's, "" when it can. It doesn't
// repeat the value, which may be a password.
func (p *Property) refuses(value string) string {
	for _, q := range p.qualifiers {
		if why := q.refuses(value); why != "" {
			return why
		}
	}
	kind := strings.ToLower(p.Type)
	bits, sized := strings.CutPrefix(strings.TrimPrefix(strings.TrimPrefix(kind, "u"), "s"), "int")
	size, err := strconv.Atoi(bits)
	if kind == "int" {
		sized, size, err = true, 32, nil
	}
	switch {
	case kind == "boolean" && !slices.Contains([]string{"true", "false", "True", "False", "1", "0"}, value):
		return "is neither true nor false"
	case sized && err == nil && strings.HasPrefix(kind, "u"):
		if _, err := strconv.ParseUint(value, 10, size); err != nil {
			return "is no number of the type " + kind
		}
	case sized && err == nil:
		if _, err := strconv.ParseInt(value, 10, size); err != nil {
			return "is no number of the type " + kind
		}
	case kind == "real32", kind == "real64":
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return "is no number"
		}
	}
	return ""
}
