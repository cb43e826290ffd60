package catalog

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"spliced/api"
	"spliced/ovf"
	"spliced/rpc"
)

// shelve names what is particular about each kind of entry.
func (c *Catalog) shelve() map[api.Kind]shelf {
	return map[api.Kind]shelf{
		api.KindSystem: &entries[api.SystemTemplate]{
			kind: api.KindSystem, catalog: c, records: c.systems,
			origin: func(s *api.SystemTemplate) string { return s.Origin },
		},
		api.KindNetwork: &entries[api.NetworkTemplate]{
			kind: api.KindNetwork, catalog: c, records: c.networks,
			origin: func(n *api.NetworkTemplate) string { return n.Origin },
			tidy: func(n *api.NetworkTemplate) {
				if n.Networks == nil { // an empty list is one, too
					n.Networks = []api.NetworkLink{}
				}
			},
		},
		api.KindStorage: &entries[api.StorageTemplate]{
			kind: api.KindStorage, catalog: c, records: c.storages,
			origin: func(s *api.StorageTemplate) string { return s.Origin },
			refs:   storageRefs, tidy: (*api.StorageTemplate).Sort,
			vet: func(_, s *api.StorageTemplate) error { return c.vetSizes(s) },
		},
		api.KindProfile: &entries[api.Profile]{
			kind: api.KindProfile, catalog: c, records: c.profiles,
			origin: func(p *api.Profile) string { return p.Origin },
			refs:   profileRefs, vet: c.vetProfile, add: c.lacking, among: c.lackingAmong,
		},
		api.KindUserdata: &entries[api.Userdata]{
			kind: api.KindUserdata, catalog: c, records: c.userdata, summary: (*api.Userdata).Summary,
			vet: func(_, u *api.Userdata) error { return c.vetUserdata(u) },
		},
		api.KindScript: &entries[api.Script]{
			kind: api.KindScript, catalog: c, records: c.scripts, summary: (*api.Script).Summary,
		},
	}
}

func storageRefs(s *api.StorageTemplate) []reference {
	var refs []reference
	for i, d := range s.Disks {
		field := fmt.Sprintf("disks[%d].", i)
		refs = append(refs, reference{field + "pool", target{kind: kindPool, name: d.Pool}})
		if d.SourceVolume != "" {
			pool, name := d.Image()
			refs = append(refs, reference{field + "source_volume", target{kindImage, pool, name}})
		}
	}
	return refs
}

func profileRefs(p *api.Profile) []reference {
	all := []reference{
		{"system_template", target{kind: api.KindSystem, name: p.SystemTemplate}},
		{"network_template", target{kind: api.KindNetwork, name: p.NetworkTemplate}},
		{"storage_template", target{kind: api.KindStorage, name: p.StorageTemplate}},
		{"userdata", target{kind: api.KindUserdata, name: p.Userdata}},
		{"script", target{kind: api.KindScript, name: p.Script}},
		{"ova", target{kind: kindOVA, name: p.OVA}},
	}
	var refs []reference
	for _, r := range all {
		if r.to.name != "" {
			refs = append(refs, r)
		}
	}
	return refs
}

// vetSizes holds new disks against the limit for all disks.
func (c *Catalog) vetSizes(s *api.StorageTemplate) error {
	most := c.limits.MaxVirtualSize
	for i, d := range s.Disks {
		if d.Size != nil && int64(*d.Size) > most {
			return &api.FieldError{
				Field: fmt.Sprintf("disks[%d].size", i),
				Why:   fmt.Sprintf("is %s; limits.max_virtual_size allows %s", *d.Size, api.Size(most)),
			}
		}
	}
	return nil
}

// vetUserdata asks cloud-init's grammar.
func (c *Catalog) vetUserdata(u *api.Userdata) error {
	if c.checkUserdata == nil {
		return nil
	}
	if err := c.checkUserdata(u.Content); err != nil {
		return &api.FieldError{Field: "content", Why: "is no userdata: " + err.Error()}
	}
	return nil
}

// vetProfile keeps a profile to what it was made for, and what it names inside
// of its OVA to what is there.
func (c *Catalog) vetProfile(before, p *api.Profile) error {
	if before == nil {
		return c.vetSystem(&api.Profile{}, p)
	}
	if p.Type != before.Type {
		return &api.FieldError{Field: "type", Why: fmt.Sprintf("is %s and can't be changed; make another profile", before.Type)}
	}
	if p.OVA != before.OVA && before.OVA != "" {
		return &api.FieldError{Field: "ova", Why: fmt.Sprintf("is %s and can't be changed; make another profile", before.OVA)}
	}
	return c.vetSystem(before, p)
}

// vetSystem looks into the OVA for what is new in the profile.
func (c *Catalog) vetSystem(before, p *api.Profile) error {
	system, configuration := p.System != before.System, p.Configuration != before.Configuration
	properties := len(p.Properties) > 0 && !maps.Equal(p.Properties, before.Properties)
	if p.OVA == "" || !system && !configuration && !properties {
		return nil
	}
	o, err := c.ovas.Get(p.OVA)
	if absent(err) { // somebody removed its file
		return c.reachable(reference{"ova", target{kind: kindOVA, name: p.OVA}})
	}
	if err != nil {
		return err
	}
	if system && p.System != "" && findSystem(&o, p.System) == nil {
		return missing("system", p.System, &o)
	}
	if configuration && p.Configuration != "" && !hasConfiguration(&o, p.Configuration) {
		return missing("configuration", p.Configuration, &o)
	}
	if !properties {
		return nil
	}
	return c.vetProperties(&o, p)
}

func hasConfiguration(o *api.OVA, id string) bool {
	return slices.ContainsFunc(o.Configurations, func(known api.Configuration) bool { return known.ID == id })
}

// vetProperties refuses what the OVA's descriptor doesn't have, and passwords. What
// else keeps it from being planned so is for whoever makes a VM.
func (c *Catalog) vetProperties(o *api.OVA, p *api.Profile) error {
	r, err := c.plan(o, p.Configuration, p.Properties)
	if refusal, ok := errors.AsType[*ovf.Refusal](err); ok {
		if refusal.Class != ovf.BadChoice {
			return nil
		}
		return rpc.Errorf(rpc.InvalidParams, "%w.", err).WithField("spec.properties")
	}
	if err != nil {
		return err
	}
	return r.withoutPasswords("spec.properties")
}

// withoutPasswords refuses properties for a profile that are passwords.
func (r *replan) withoutPasswords(field string) error {
	if len(r.passwords) == 0 {
		return nil
	}
	return rpc.Errorf(rpc.InvalidParams, "the property %s is a password, and a profile is shown to all.", ovf.Display(r.passwords[0])).
		WithField(field).WithHint("Give it when the VM is made.")
}

func missing(field, key string, o *api.OVA) error {
	return rpc.Errorf(rpc.NotFound, "OVA %q has no %s %.80q.", o.Name, field, key).WithField("spec." + field).
		WithHint("See what it has with splicectl ova show " + o.Name + ".")
}

func findSystem(o *api.OVA, key string) *api.System {
	for i := range o.Systems {
		if o.Systems[i].Key == key {
			return &o.Systems[i]
		}
	}
	return nil
}
