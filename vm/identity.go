package vm

import (
	"regexp"
	"strings"

	"spliced/api"
)

// maxVMID is the largest number of a VM: it goes into MAC addresses as at most
// four hexadecimal digits.
const maxVMID = 0xffff

// checkIdentity checks what tells the VM from others. Its name begins those of
// its volumes, which must be taken neither for what a job is still staging nor
// for an OVA's.
func (w *work) checkIdentity() error {
	if err := api.CheckName(w.plan.Name); err != nil {
		return fail(Invalid, "name", "%v", err)
	}
	for _, taken := range []string{"spliced.", "ova_"} {
		if strings.HasPrefix(w.plan.Name, taken) {
			return fail(Invalid, "name", "the name %q begins with %q, as only volumes of spliced's own may; choose another", w.plan.Name, taken)
		}
	}
	if w.VMID < 1 || w.VMID > maxVMID {
		return fail(Invalid, "vmid", "the VM's number is %d, it must be from 1 to %d", w.VMID, maxVMID)
	}
	if !regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`).MatchString(w.UUID) {
		return fail(Invalid, "uuid", "%q is no UUID", w.UUID)
	}
	return nil
}

// complete checks that every part that the profile needs is there, and finds the
// OVA's system.
func (w *work) complete() error {
	if w.Profile.Type != api.ProfileOVA && w.Profile.Type != api.ProfileProvisioner {
		return fail(Invalid, "profile", "profile %q has the type %q, which is not known", w.Request.Profile, w.Profile.Type)
	}
	if w.Profile.Type != api.ProfileOVA {
		w.OVA = nil // a provisioner's disks come from its storage template alone
	}
	var systems []api.System
	if w.OVA != nil {
		systems = w.OVA.Systems
	}
	if lacks := Lacks(&w.Profile, systems); len(lacks) > 0 {
		return incomplete(w.Request.Profile, lacks)
	}
	if err := w.present(); err != nil || w.OVA == nil {
		return err
	}
	var err error
	w.system, err = SystemOf(w.OVA, w.Profile.System)
	return err
}

// valid checks the templates by their own rules: their files may have been
// written by hand.
func (w *work) valid() error {
	check := func(field, what, name string, template interface{ Validate() error }) error {
		if err := template.Validate(); err != nil {
			return fail(Invalid, field, "%s %q can't be used: %v", what, name, err)
		}
		return nil
	}
	if err := check("system_template", "system template", w.Profile.SystemTemplate, w.System); err != nil {
		return err
	}
	if w.Network != nil {
		if err := check("network_template", "network template", w.Profile.NetworkTemplate, w.Network); err != nil {
			return err
		}
	}
	if w.Storage != nil {
		return check("storage_template", "storage template", w.Profile.StorageTemplate, w.Storage)
	}
	return nil
}

// present checks that what the profile names is there.
func (w *work) present() error {
	for _, part := range []struct {
		field, what, name string
		there             bool
	}{
		{"system_template", "system template", w.Profile.SystemTemplate, w.System != nil},
		{"network_template", "network template", w.Profile.NetworkTemplate, w.Network != nil},
		{"storage_template", "storage template", w.Profile.StorageTemplate, w.Storage != nil},
		{"ova", "OVA", w.Profile.OVA, w.OVA != nil || w.Profile.Type != api.ProfileOVA},
	} {
		if part.name != "" && !part.there {
			return fail(Missing, part.field, "profile %q names the %s %q, which isn't there", w.Request.Profile, part.what, part.name)
		}
	}
	return nil
}

// metadata notes where the VM comes from.
func (w *work) metadata() {
	w.plan.Metadata = Metadata{
		Job: w.Job, Profile: w.Request.Profile, Version: w.Version, VMID: w.VMID,
		NodeLimit: w.System.NodeLimit, NodeSelector: w.System.NodeSelector,
		NodeAutostart: w.System.NodeAutostart, MigrationMethod: w.System.MigrationMethod,
	}
	if w.OVA != nil {
		w.plan.Metadata.OVA = w.OVA.Name
	}
}
