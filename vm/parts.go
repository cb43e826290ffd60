package vm

import (
	"fmt"

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

	// Image looks for an image that a storage template has as a source.
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
// type ova, and networks when that OVA's system has adapters. The OVA is nil
// where it isn't known.
func Lacks(profile api.Profile, ova *api.OVA) []string {
	var lacks []string
	need := func(key, value string) {
		if value == "" {
			lacks = append(lacks, key)
		}
	}
	need("system_template", profile.SystemTemplate)
	if profile.Type != api.ProfileOVA {
		need("network_template", profile.NetworkTemplate)
		need("storage_template", profile.StorageTemplate)
		return lacks
	}
	need("ova", profile.OVA)
	if ova == nil {
		return lacks
	}
	system, err := SystemOf(ova, profile.System)
	if err != nil && profile.System == "" {
		lacks = append(lacks, "system")
	}
	if err == nil && len(system.NICs) > 0 {
		need("network_template", profile.NetworkTemplate)
	}
	return lacks
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
