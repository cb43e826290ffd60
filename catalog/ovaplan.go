package catalog

import (
	"fmt"
	"maps"
	"slices"

	"spliced/api"
	"spliced/ovf"
	"spliced/rpc"
	"spliced/vm"
)

// A replan is an OVA's descriptor planned once more, with another choice than at
// its upload.
type replan struct {
	ova       *api.OVA
	plan      *ovf.Plan
	passwords []string // keys of those among the properties that were given to it, sorted
}

// plan plans the descriptor of an OVA with a configuration, "" standing for the
// upload's, and with properties over those of the upload, the later over the
// earlier: they can't be put together before, since each may be said under two keys.
// Those of the upload that the configuration doesn't have are left aside. It fails
// with an *ovf.Refusal where the choice doesn't fit.
//
// A descriptor may take some 100 MB for a moment, so it is one at a time.
func (c *Catalog) plan(o *api.OVA, configuration string, properties ...map[string]string) (*replan, error) {
	if configuration == "" {
		configuration = o.Configuration
	}
	c.planning.Lock()
	defer c.planning.Unlock()
	appliance, err := c.descriptor(o)
	if err != nil {
		return nil, err
	}
	configuration = asWritten(appliance, configuration)
	choice := ovf.Choice{Configuration: configuration, Properties: overlaid(appliance, o, configuration, properties)}
	plan, err := appliance.Plan(choice)
	if err != nil {
		return nil, err
	}
	secret := map[string]string{}
	for _, some := range properties {
		maps.Copy(secret, appliance.Given(ovf.Choice{Configuration: configuration, Properties: some}).Secret)
	}
	return &replan{ova: o, plan: plan, passwords: slices.Sorted(maps.Keys(secret))}, nil
}

// descriptor parses the descriptor that was kept of an OVA. The caller holds
// c.planning.
func (c *Catalog) descriptor(o *api.OVA) (*ovf.Appliance, error) {
	text, err := c.descriptors.Get(o.Name)
	if absent(err) {
		return nil, rpc.Errorf(rpc.StateCorrupt, "the descriptor of OVA %q is gone, while its record is there.", o.Name).
			WithHint("Bring its file back from a backup, or import the OVA again.")
	}
	if err != nil {
		return nil, err
	}
	return ovf.Parse(text)
}

// asWritten is the id of a configuration as the descriptor has it: records have it
// cleaned.
func asWritten(a *ovf.Appliance, id string) string {
	for _, c := range a.Configurations {
		if ovf.Clean(c.ID) == id {
			return c.ID
		}
	}
	return id
}

// overlaid are the properties of an upload with others over them, each under its
// full key, so that one said under two keys is one.
func overlaid(a *ovf.Appliance, o *api.OVA, configuration string, properties []map[string]string) map[string]string {
	all := map[string]string{}
	for _, base := range []map[string]string{o.Properties, o.Secrets} {
		given := a.Given(ovf.Choice{Configuration: configuration, Properties: base})
		maps.Copy(all, given.Shown)
		maps.Copy(all, given.Secret)
	}
	for _, some := range properties {
		given := a.Given(ovf.Choice{Configuration: configuration, Properties: some})
		for _, over := range []map[string]string{given.Shown, given.Secret, given.Unknown} {
			maps.Copy(all, over)
		}
	}
	return all
}

// ovaSystem is the machine that a profile makes of an OVA: its system, in the
// profile's configuration and with more properties over the profile's, on the
// volumes that the upload made. It fails where these don't do for it.
func (c *Catalog) ovaSystem(o *api.OVA, p *api.Profile, properties map[string]string) (api.System, error) {
	made, err := vm.SystemOf(o, p.System)
	if err != nil {
		return api.System{}, err
	}
	same := p.Configuration == "" || p.Configuration == o.Configuration
	if same && len(p.Properties) == 0 && len(properties) == 0 {
		return *made, nil
	}
	r, err := c.plan(o, p.Configuration, p.Properties, properties)
	if err != nil {
		return api.System{}, err
	}
	return r.system(made.Key)
}

// system is the system of that key as the plan has it, on the volumes that the OVA
// has. A disk that has none, or one of another size, is refused by name.
func (r *replan) system(key string) (api.System, error) {
	for i := range r.plan.Systems {
		if s := &r.plan.Systems[i]; s.Key == key {
			return r.mapped(s)
		}
	}
	return api.System{}, missing("system", key, r.ova)
}

func (r *replan) mapped(s *ovf.SystemPlan) (api.System, error) {
	if made := findSystem(r.ova, s.Key); made != nil {
		s.SetFirmware(made.Firmware, "it is what the upload found")
	}
	s.SetFirmware("bios", "the descriptor does not say, and the upload had no such system")
	system := systemRecord(r.ova.Name, r.plan, s)
	free := newVolumes(r.ova, s.Key)
	for _, d := range s.Disks {
		volume := free.take(diskKey(d))
		if volume == nil {
			return system, r.lacks(s, d, "the upload made no volume for it")
		}
		if wrong := int64(volume.Size) < d.Capacity || d.Blank && int64(volume.Size) != d.Capacity; wrong {
			return system, r.lacks(s, d, fmt.Sprintf("it is to have %d bytes, and its volume has %d", d.Capacity, int64(volume.Size)))
		}
		volume.ID, volume.BootIndex, volume.Shared = d.ID, d.BootIndex, d.SharedWith != ""
		system.Disks = append(system.Disks, *volume)
	}
	for _, m := range s.Media {
		volume := free.take(ovf.Clean(m.FileID))
		if volume == nil {
			return system, r.refuse("its medium %s is in no volume", ovf.Display(m.FileID))
		}
		volume.ID, volume.BootIndex = m.ID, m.BootIndex
		system.Media = append(system.Media, *volume)
	}
	return system, nil
}

func (r *replan) lacks(s *ovf.SystemPlan, d ovf.Disk, why string) error {
	return r.refuse("the disk %s (%s) of system %q cannot be had: %s", ovf.Display(diskKey(d)), d.ID, s.Key, why)
}

func (r *replan) refuse(format string, args ...any) error {
	return rpc.Errorf(rpc.InvalidState, format+".", args...).
		WithHint("Import the OVA under another name with this configuration and these properties.")
}

// volumes are the volumes of an OVA from which a system's disks are taken.
type volumes struct {
	own, others []api.OVADisk
}

func newVolumes(o *api.OVA, key string) *volumes {
	v := &volumes{}
	for i := range o.Systems {
		s := &o.Systems[i]
		into := &v.others
		if s.Key == key {
			into = &v.own
		}
		*into = append(append(*into, s.Disks...), s.Media...)
	}
	v.others = append(v.others, o.Unattached...)
	return v
}

// take finds the volume of the descriptor's disk or file of that id: the system's
// own, each once, for a blank disk may stand for several; else one that another
// system has, or none. nil when there is none.
func (v *volumes) take(id string) *api.OVADisk {
	for _, list := range []*[]api.OVADisk{&v.own, &v.others} {
		for i, d := range *list {
			if d.DiskID == id {
				*list = append(append([]api.OVADisk{}, (*list)[:i]...), (*list)[i+1:]...)
				return &d
			}
		}
	}
	return nil
}
