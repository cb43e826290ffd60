package catalog

import (
	"spliced/api"
	"spliced/store"
	"spliced/vm"
)

// Lacks lists what a profile lacks for making a VM, as keys of its spec, in
// their order there; none when it is complete.
func (c *Catalog) Lacks(p *api.Profile) ([]string, error) {
	if p.OVA == "" {
		return vm.Lacks(p, nil), nil
	}
	o, err := c.ovas.Get(p.OVA)
	if absent(err) {
		return vm.Lacks(p, nil), nil
	}
	return vm.Lacks(p, o.Systems), err
}

// lacking adds what it lacks to one profile that is shown. An OVA that can't be
// read has no systems that could be told apart; daemon.status tells of it.
func (c *Catalog) lacking(e *api.Entry, p *api.Profile) { e.Lacks, _ = c.Lacks(p) }

// lackingAmong is lacking for many: the OVAs are looked at once.
func (c *Catalog) lackingAmong() addition[api.Profile] {
	type version struct {
		generation string
		systems    []api.System
	}
	ovas := map[string]version{}
	// What fails here fails for the profiles, too, and is told there.
	_, _ = c.ovas.Each(func(o *store.Version[api.OVA]) {
		if o.Problem == nil {
			ovas[o.Name] = version{o.Generation, o.Value.Systems}
		}
	})
	return addition[api.Profile]{
		with: func(p *api.Profile) string { return ovas[p.OVA].generation },
		add:  func(e *api.Entry, p *api.Profile) { e.Lacks = vm.Lacks(p, ovas[p.OVA].systems) },
	}
}
