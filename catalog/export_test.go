package catalog

import (
	"spliced/api"
	"spliced/ovf"
)

// Remove starts the removal that an intent asks for, as one does that read the
// record a while ago.
func (c *Catalog) Remove(in Intent, by Caller) (api.Job, error) {
	return c.remove(ImageRemove, in, by, "")
}

// Environment renders the document for a VM.
func (c *Catalog) Environment(o *api.OVA, p *api.Profile, properties map[string]string) ([]byte, error) {
	return c.ovfEnvironment(o, p, properties)
}

// Machine is the system that a profile makes of an OVA.
func (c *Catalog) Machine(o *api.OVA, p *api.Profile, properties map[string]string) (api.System, error) {
	return c.ovaSystem(o, p, properties)
}

// Claimed tells whether a job for an OVA has the name.
func (c *Catalog) Claimed(kind, name string) bool {
	_, taken := c.claimedByImport(kind, name)
	return taken
}

// TemplateOf is the template that is made for a system of a plan.
func TemplateOf(plan *ovf.Plan, s *ovf.SystemPlan) api.SystemTemplate {
	system := systemRecord("x", plan, s)
	return systemTemplate("x", &system)
}
