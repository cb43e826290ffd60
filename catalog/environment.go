package catalog

import (
	"slices"
	"strings"

	"spliced/api"
	"spliced/ovf"
	"spliced/rpc"
	"spliced/vm"
)

// The CD with the document (DSP0243, section 10.2) as VMware's guests know it.
const (
	ovfEnvLabel = "OVF ENV"
	ovfEnvFile  = "ovf-env.xml"
)

// ovfEnvironment renders the OVF environment document for a VM that a profile
// makes of an OVA: its guest finds the values of properties there, those of the
// upload, of the profile and of the VM's creation over each other, passwords
// included. nil says that the guest doesn't expect the document on a CD. A property
// that is required and has no value is refused by name; so is what the descriptor
// doesn't let be set.
//
// The document belongs into the file ovfEnvFile at the root of the CD.
func (c *Catalog) ovfEnvironment(o *api.OVA, p *api.Profile, properties map[string]string) ([]byte, error) {
	system, err := vm.SystemOf(o, p.System)
	if err != nil {
		return nil, err
	}
	if len(properties) == 0 && !hasProperties(o, system) {
		return nil, nil // spare the descriptor's reading
	}
	r, err := c.plan(o, p.Configuration, p.Properties, properties)
	if err != nil {
		return nil, err
	}
	if lacking := r.plan.Lacking(system.Key); len(lacking) > 0 {
		return nil, unset(lacking)
	}
	for i := range r.plan.Systems {
		if s := &r.plan.Systems[i]; s.Key == system.Key && s.WantsISO() {
			return r.plan.Environment(s.Key, ovf.Platform{Kind: "KVM", Locale: "en"}), nil
		}
	}
	return nil, nil
}

// hasProperties tells whether a system has something to hear of.
func hasProperties(o *api.OVA, s *api.System) bool {
	return len(o.Products) > 0 || len(s.Products) > 0 || len(s.Transports) > 0
}

// unset refuses for want of properties.
func unset(keys []string) error {
	shown := make([]string, len(keys))
	for i, key := range keys {
		shown[i] = ovf.Display(key)
	}
	slices.Sort(shown)
	text := "the property " + shown[0] + " is required and has no value"
	if len(shown) > 1 {
		text = "the properties " + strings.Join(shown, ", ") + " are required and have no values"
	}
	return rpc.Errorf(rpc.InvalidParams, "%s.", text).WithField("properties").
		WithHint("Give each a value, with splicectl --property KEY=VALUE.")
}
