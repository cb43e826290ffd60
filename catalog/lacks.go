package catalog

import "spliced/api"

// Lacks lists what a profile lacks for making a VM, as keys of its spec, in
// their order there; empty when it is complete.
func (c *Catalog) Lacks(p *api.Profile) ([]string, error) {
	if p.OVA == "" {
		return lacks(p, nil), nil
	}
	o, err := c.ovas.Get(p.OVA)
	if absent(err) {
		return lacks(p, nil), nil
	}
	return lacks(p, needsOf(&o)), err
}

// lacking adds lacks to the profiles of one answer. Profiles often share an OVA,
// which is then looked at once.
func (c *Catalog) lacking() func(*api.Entry, *api.Profile) {
	known := map[string]ovaNeeds{}
	return func(e *api.Entry, p *api.Profile) {
		needs, seen := known[p.OVA]
		if !seen && p.OVA != "" {
			// An OVA that can't be read has no systems that could be told apart; daemon.status
			// tells of it.
			if o, err := c.ovas.Get(p.OVA); err == nil {
				needs = needsOf(&o)
			}
			known[p.OVA] = needs
		}
		e.Lacks = lacks(p, needs)
	}
}

// ovaNeeds tells of each system of an OVA, by its key, whether it has network
// adapters. It is nil for an OVA that isn't there.
type ovaNeeds map[string]bool

func needsOf(o *api.OVA) ovaNeeds {
	needs := ovaNeeds{}
	for _, s := range o.Systems {
		needs[s.Key] = len(s.NICs) > 0
	}
	return needs
}

// network tells whether a VM of that system, or of the only one, needs networks.
func (n ovaNeeds) network(system string) bool {
	if wired, known := n[system]; known {
		return wired
	}
	for _, wired := range n {
		if wired {
			return true
		}
	}
	return len(n) == 0
}

func lacks(p *api.Profile, ova ovaNeeds) []string {
	isOVA := p.Type == api.ProfileOVA
	parts := []struct {
		key    string
		absent bool
	}{
		{"system_template", p.SystemTemplate == ""},
		{"network_template", p.NetworkTemplate == "" && (!isOVA || ova.network(p.System))},
		{"storage_template", p.StorageTemplate == "" && !isOVA},
		{"ova", p.OVA == "" && isOVA},
		{"system", p.System == "" && isOVA && len(ova) > 1},
	}
	var missing []string
	for _, part := range parts {
		if part.absent {
			missing = append(missing, part.key)
		}
	}
	return missing
}
