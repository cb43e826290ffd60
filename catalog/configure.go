package catalog

import (
	"fmt"
	"maps"
	"slices"

	"spliced/api"
	"spliced/rpc"
)

// ConfigureOVA makes a system template and a profile for each system of an OVA, for
// another of its configurations: the descriptor that was kept is planned again, and
// its disks are those that the upload made. All are made or none.
func (c *Catalog) ConfigureOVA(p api.OVAConfigure, by Caller) (api.OVAConfigured, error) {
	o, err := c.ovas.Get(p.Name)
	if err != nil {
		return api.OVAConfigured{}, err
	}
	if p.As == "" && p.Configuration == "" {
		return api.OVAConfigured{}, rpc.Errorf(rpc.InvalidParams, "without a configuration, what is made needs a name.").WithField("as")
	}
	if p.As == "" {
		p.As = p.Name + "-" + p.Configuration
	}
	made, err := c.reconfigured(&o, p)
	if err != nil {
		return api.OVAConfigured{}, err
	}
	c.changing.Lock()
	defer c.changing.Unlock()
	r := request{"configure", kindOVA, p.As, p.RequestID}
	if _, same, err := c.answers.recall(by.UID, r); same || err != nil {
		return made.answer(p), err
	}
	if err := c.keepConfigured(&o, made); err != nil {
		return api.OVAConfigured{}, told(err)
	}
	c.answers.keep(by.UID, r, api.Entry{})
	return made.answer(p), nil
}

// A configuredSystem is what is made for one of an OVA's systems: a template and a
// profile of one name.
type configuredSystem struct {
	name    string
	system  api.SystemTemplate
	profile api.Profile
}

type configuredSystems []configuredSystem

// reconfigured works out what is to be made.
func (c *Catalog) reconfigured(o *api.OVA, p api.OVAConfigure) (configuredSystems, error) {
	r, err := c.plan(o, p.Configuration, p.Properties)
	if err != nil {
		return nil, err
	}
	if err := r.withoutPasswords("properties"); err != nil {
		return nil, err
	}
	var made configuredSystems
	for _, s := range o.Systems {
		system, err := r.system(s.Key)
		if err != nil {
			return nil, err
		}
		name := p.As
		if len(o.Systems) > 1 {
			name += "." + s.Key
		}
		if err := api.CheckName(name); err != nil {
			return nil, rpc.Errorf(rpc.InvalidParams, "the profile cannot be called so: %w.", err).WithField("as").
				WithHint("Say another name for what is made.")
		}
		system.SystemTemplate, system.Profile = name, name
		profile := ovaProfile(o, &system, p.Configuration)
		profile.Properties = maps.Clone(p.Properties)
		made = append(made, configuredSystem{name, systemTemplate(o.Name, &system), profile})
	}
	return made, nil
}

// keepConfigured writes down what was made, if the OVA is still the one that it was
// made from. The caller holds c.changing.
func (c *Catalog) keepConfigured(o *api.OVA, made configuredSystems) error {
	c.starting.Lock() // no import that would claim a name begins meanwhile, and no removal
	defer c.starting.Unlock()
	if err := c.unreserved(target{kind: kindOVA, name: o.Name}); err != nil {
		return err
	}
	now, err := c.ovas.Get(o.Name)
	if err != nil {
		return err
	}
	if now.Job != o.Job {
		return rpc.Errorf(rpc.Busy, "it was replaced by another one a moment ago.").WithHint("Try again.")
	}
	b := c.batch()
	for _, m := range made {
		if err := c.vacant(m.name); err != nil {
			return err
		}
		c.systems.CreateIn(b, m.name, m.system)
		c.profiles.CreateIn(b, m.name, m.profile)
	}
	return b.Commit()
}

// vacant returns nil when a system template and a profile may be made under the
// name.
func (c *Catalog) vacant(name string) error {
	for _, kind := range []api.Kind{api.KindSystem, api.KindProfile} {
		if err := c.unclaimed(kind, name); err != nil {
			return err
		}
		there, err := c.shelves[kind].has(name)
		if err != nil {
			return err
		}
		if there {
			return rpc.Errorf(rpc.Exists, "there is a %s %q already.", kind.Title(), name).WithField("as").
				WithHint("Say another name for what is made, or remove that one first.")
		}
	}
	return nil
}

// answer names what was made.
func (made configuredSystems) answer(p api.OVAConfigure) api.OVAConfigured {
	var names []string
	for _, m := range made {
		names = append(names, m.name)
	}
	text := fmt.Sprintf("Made the profile %q", p.As)
	if len(made) > 1 {
		text = fmt.Sprintf("Made %d profiles, %q to %q,", len(made), names[0], names[len(names)-1])
	}
	if p.Configuration != "" {
		text += fmt.Sprintf(" for the configuration %q", p.Configuration)
	}
	return api.OVAConfigured{
		Message:  fmt.Sprintf("%s of OVA %q.", text, p.Name),
		Profiles: names, SystemTemplates: slices.Clone(names),
	}
}
