package catalog

import (
	"slices"

	"spliced/api"
	"spliced/store"
)

// Lacks lists what a profile lacks for making a VM, as keys of its spec, in
// their order there; none when it is complete.
func (c *Catalog) Lacks(p *api.Profile) ([]string, error) {
	if p.OVA == "" {
		return lacks(p, nil), nil
	}
	o, err := c.ovas.Get(p.OVA)
	if absent(err) {
		return lacks(p, nil), nil
	}
	return lacks(p, o.Systems), err
}

// lacking adds what it lacks to one profile that is shown. An OVA that can't be
// read has no systems that could be told apart; daemon.status tells of it.
func (c *Catalog) lacking(e *api.Entry, p *api.Profile) { e.Lacks, _ = c.Lacks(p) }

// lackingAmong is lacking for many: the OVAs are looked at once.
func (c *Catalog) lackingAmong() func(*api.Entry, *api.Profile) {
	systems := map[string][]api.System{}
	// What fails here fails for the profiles, too, and is told there.
	_, _ = c.ovas.Each(func(o *store.Version[api.OVA]) { systems[o.Name] = o.Value.Systems })
	return func(e *api.Entry, p *api.Profile) { e.Lacks = lacks(p, systems[p.OVA]) }
}

// lacks judges a profile by the systems of its OVA, none when that isn't there.
func lacks(p *api.Profile, systems []api.System) []string {
	isOVA := p.Type == api.ProfileOVA
	parts := []struct {
		key    string
		absent bool
	}{
		{"system_template", p.SystemTemplate == ""},
		{"network_template", p.NetworkTemplate == "" && (!isOVA || wired(systems, p.System))},
		{"storage_template", p.StorageTemplate == "" && !isOVA},
		{"ova", p.OVA == "" && isOVA},
		{"system", p.System == "" && len(systems) > 1},
	}
	var missing []string
	for _, part := range parts {
		if part.absent {
			missing = append(missing, part.key)
		}
	}
	return missing
}

// wired tells whether the system of that key has network adapters, or, as long as
// none is chosen, whether any has. What isn't known may have some.
func wired(systems []api.System, key string) bool {
	return len(systems) == 0 || slices.ContainsFunc(systems, func(s api.System) bool {
		return len(s.NICs) > 0 && (key == "" || key == s.Key)
	})
}
