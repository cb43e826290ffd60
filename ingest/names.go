package ingest

import (
	"spliced/ovf"
)

// MaxName is the length in bytes of the longest name of a template or profile.
const MaxName = 63

// SystemName is the name of the template and of the profile that are made with
// one of an OVA's systems: the OVA's own where there is no other system.
func SystemName(ova string, p *ovf.Plan, key string) string {
	if len(p.Systems) == 1 {
		return ova
	}
	return ova + "." + key
}

// namesFree refuses an OVA whose systems would get names that can't be had.
func (o *ova) namesFree() error {
	for _, s := range o.plan.Systems {
		name := SystemName(o.request.Name, o.plan, s.Key)
		if len(name) > MaxName {
			return refuse(TooLarge, "its system %q would get the profile %q, whose name has more than %d bytes", s.Key, name, MaxName).
				withHint("Import it under a shorter name.")
		}
		for _, t := range o.request.Taken {
			if t.Name == name {
				return refuse(Taken, "its system %q would get a template and a profile %q, and there is a %s of that name already", s.Key, name, t.What).
					withHint("Import it under another name, or remove what has this one first.")
			}
		}
	}
	return nil
}
