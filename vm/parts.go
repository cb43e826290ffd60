package vm

import (
	"fmt"
	"slices"

	"spliced/api"
)

// Parts are all that a VM is made from. Templates are what the profile's names
// stand for, nil where it names none.
type Parts struct {
	Request api.VMCreate
	Profile api.Profile
	System  *api.SystemTemplate
	Network *api.NetworkTemplate
	Storage *api.StorageTemplate
	OVA     *api.OVA

	// Image looks for an image that a disk of the storage template begins as; it
	// may be nil where none does.
	Image func(pool, name string) (api.Volume, bool)

	Userdata bool // a NoCloud seed is to be attached
	OVFEnv   bool // an OVF environment is to be attached, as an ISO

	VMID    int    // 1 to 65535
	UUID    string // of the domain, in the form of RFC 9562
	Job     string // that makes the VM; "" when nothing is made
	Version string // of spliced
}

// Lacks lists what a profile lacks for a VM, as keys of its spec: a system
// template always, networks and disks for a provisioner's, the OVA for one of
// type ova, and networks when its system has adapters. The systems are those of
// the OVA; none are unknown ones, which may have adapters.
func Lacks(p *api.Profile, systems []api.System) []string {
	isOVA := p.Type == api.ProfileOVA
	var lacks []string
	for _, part := range []struct {
		key     string
		needed  bool
		content string
	}{
		{"system_template", true, p.SystemTemplate},
		{"network_template", !isOVA || wired(systems, p.System), p.NetworkTemplate},
		{"storage_template", !isOVA, p.StorageTemplate},
		{"ova", isOVA, p.OVA},
		{"system", isOVA && len(systems) > 1, p.System},
	} {
		if part.needed && part.content == "" {
			lacks = append(lacks, part.key)
		}
	}
	return lacks
}

// wired tells whether the system of that key has adapters, or, without a key,
// whether any has.
func wired(systems []api.System, key string) bool {
	return len(systems) == 0 || slices.ContainsFunc(systems, func(s api.System) bool {
		return len(s.NICs) > 0 && (key == "" || key == s.Key)
	})
}

// SystemOf returns the system of an OVA that has the key, or its only one for
// "". The failure is a *Failure: Missing for a key that it hasn't, Incomplete
// for none where there are several.
func SystemOf(ova *api.OVA, key string) (*api.System, error) {
	if key == "" && len(ova.Systems) == 1 {
		return &ova.Systems[0], nil
	}
	keys := make([]string, len(ova.Systems))
	for i := range ova.Systems {
		if keys[i] = ova.Systems[i].Key; key != "" && keys[i] == key {
			return &ova.Systems[i], nil
		}
	}
	if key == "" {
		return nil, &Failure{
			Kind: Incomplete, Field: "profile", Lacks: []string{"system"},
			Text: fmt.Sprintf("OVA %q has the systems %q, and the profile doesn't say which", ova.Name, keys),
		}
	}
	return nil, fail(Missing, "system", "OVA %q has no system %q; it has %q", ova.Name, key, keys)
}
