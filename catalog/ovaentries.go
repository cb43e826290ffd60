package catalog

import (
	"spliced/api"
	"spliced/store"
)

// vncBind is where the screens of an OVA's machines are: on this host alone.
const vncBind = "127.0.0.1"

// ovaEntries puts a system template and a profile for each of an OVA's systems
// into a batch. Their names must be free.
func (c *Catalog) ovaEntries(b *store.Batch, o *api.OVA) {
	for i := range o.Systems {
		s := &o.Systems[i]
		c.systems.CreateIn(b, s.SystemTemplate, systemTemplate(o.Name, s))
		c.profiles.CreateIn(b, s.Profile, ovaProfile(o, s, o.Configuration))
	}
}

// systemTemplate is the hardware that a system was planned with.
func systemTemplate(ova string, s *api.System) api.SystemTemplate {
	const mib = 1 << 20
	return api.SystemTemplate{
		VCPUs: s.VCPUs, VRAM: int((s.Memory-1)/mib + 1), Serial: true, VNC: &api.VNC{Enabled: true, Bind: vncBind},
		Firmware: s.Firmware, SecureBoot: s.SecureBoot, VTPM: s.VTPM, Machine: s.Machine,
		DiskBus: s.DiskBus, SCSIModel: s.SCSIModel, NICModel: s.NICModel, Origin: api.OriginOVA(ova),
	}
}

// ovaProfile is the profile of one of an OVA's systems.
func ovaProfile(o *api.OVA, s *api.System, configuration string) api.Profile {
	p := api.Profile{
		Type: api.ProfileOVA, OVA: o.Name, SystemTemplate: s.SystemTemplate,
		Configuration: configuration, Origin: api.OriginOVA(o.Name),
	}
	if len(o.Systems) > 1 {
		p.System = s.Key
	}
	return p
}
