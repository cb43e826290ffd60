package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"

	"spliced/api"
	"spliced/rpc"
	"spliced/store"
	"spliced/vm"
)

// A vmOrder is a VM that is asked for, with what is settled at once: two of the
// same request are the same VM.
type vmOrder struct {
	api.VMCreate
	uuid   string
	vmid   int
	define bool
	start  bool
}

// vmParts are what a VM is made from, beside what package vm needs to know.
type vmParts struct {
	vm.Parts
	userdata string   // "" for none
	script   string   // "" for none
	warnings []string // clauses
	env      []byte   // the OVF environment; nil for none
}

// parts reads what a VM is made from. job is the one that makes it, "" for none.
func (c *Catalog) parts(o *vmOrder, job string) (*vmParts, error) {
	p := &vmParts{}
	profile, err := part(p, c.profiles, "profile", o.Profile)
	if err != nil {
		return nil, err
	}
	p.Parts = vm.Parts{
		Request: o.VMCreate, Profile: *profile, Image: c.sourceImage, VMID: o.vmid, UUID: o.uuid, Job: job, Version: c.version,
	}
	if p.System, err = part(p, c.systems, "system template", profile.SystemTemplate); err != nil {
		return nil, err
	}
	if p.Network, err = part(p, c.networks, "network template", profile.NetworkTemplate); err != nil {
		return nil, err
	}
	if p.Storage, err = part(p, c.storages, "storage template", profile.StorageTemplate); err != nil {
		return nil, err
	}
	return p, errors.Join(c.texts(p), c.appliance(p))
}

// texts reads the userdata and the script that the profile names.
func (c *Catalog) texts(p *vmParts) error {
	userdata, err := part(p, c.userdata, "userdata", p.Profile.Userdata)
	if err != nil {
		return err
	}
	if userdata != nil {
		p.userdata, p.Userdata = userdata.Content, true
	}
	script, err := part(p, c.scripts, "script", p.Profile.Script)
	if script != nil {
		p.script = script.Content
	}
	return err
}

// appliance reads the OVA of the profile, as the profile's configuration has it.
func (c *Catalog) appliance(p *vmParts) error {
	if p.Profile.OVA == "" {
		return nil
	}
	o, err := c.ovas.Get(p.Profile.OVA)
	if errors.Is(err, fs.ErrNotExist) {
		return rpc.Errorf(rpc.NotFound, "there is no OVA %q, which the profile names.", p.Profile.OVA).WithField("profile")
	}
	if err != nil {
		return err
	}
	system, err := c.ovaSystem(&o, &p.Profile, p.Request.Properties)
	if err != nil {
		return err
	}
	// The others don't matter for this VM; what they are in another configuration
	// isn't known.
	o.Systems, p.Profile.System = []api.System{system}, system.Key
	p.OVA = &o
	p.env, err = c.ovfEnvironment(&o, &p.Profile, p.Request.Properties)
	p.OVFEnv = p.env != nil
	return err
}

// part reads what a profile names; nil where it names nothing. A part whose file
// can't be used any more is taken as it last could be, and p warns of it.
func part[T any](p *vmParts, from *store.Collection[T], what, name string) (*T, error) {
	if name == "" {
		return nil, nil //nolint:nilnil // no part is an answer, not a failure
	}
	v, err := from.Look(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return nil, rpc.Errorf(rpc.NotFound, "there is no %s %q.", what, name).WithField("profile")
	}
	if v.Problem != nil {
		p.warnings = append(p.warnings, fmt.Sprintf("the %s %q is used as it last was good: %v", what, name, v.Problem))
	}
	return &v.Value, err
}

// sourceImage looks for an image that a storage template begins a disk with.
func (c *Catalog) sourceImage(pool, name string) (api.Volume, bool) {
	v, err := c.image(pool, name)
	return v, err == nil
}

// arguments are the profile's, and over them those of the request.
func (p *vmParts) arguments() map[string]string {
	all := maps.Clone(p.Profile.Arguments)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, p.Request.Arguments)
	return all
}
