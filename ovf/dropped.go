package ovf

import (
	"fmt"
	"slices"
	"strings"
)

// maxDropped bounds how many names one summary lists.
const maxDropped = 40

// dropped collects what is left out of a system in great numbers and says so in
// a warning for each kind, not in one for each occurrence.
type dropped struct {
	devices  []string // sound and the like
	settings []string // VMware's keys
	elements []string // children of items
	limits   *node    // the first reservation, limit or share
}

// note adds a name once, within the bound.
func note(list []string, name string) []string {
	if len(list) > maxDropped || slices.Contains(list, name) {
		return list
	}
	return append(list, name)
}

// summary joins names for a warning.
func summary(names []string) string {
	shown := make([]string, 0, len(names))
	for n, name := range names {
		if n == maxDropped {
			return strings.Join(shown, ", ") + " and others"
		}
		shown = append(shown, Display(name))
	}
	return strings.Join(shown, ", ")
}

// warnings puts what was collected into a plan.
func (d *dropped) warnings(out *SystemPlan, at *node) {
	if len(d.devices) > 0 {
		out.warn(at, "devices of no use to a server are left out: %s", summary(d.devices))
	}
	if len(d.settings) > 0 {
		out.warn(at, "settings of VMware's own are not used: %s", summary(d.settings))
	}
	if len(d.elements) > 0 {
		out.warn(at, "elements of items are not used: %s", summary(d.elements))
	}
	if d.limits != nil {
		out.warn(d.limits, "reservations, limits and shares are not used")
	}
}

// inspect looks through an item's children for what nothing reads. It refuses
// one that is marked as required (DSP0243, section 8.3).
func (d *dropped) inspect(i *item) error {
	for _, c := range i.at.children {
		switch c.name {
		case "Reservation", "Limit", "Weight":
			if d.limits == nil && c.text != "" && c.text != "0" {
				d.limits = c
			}
		case "Config", "ExtraConfig":
			d.settings = note(d.settings, c.get("key"))
		default:
			if itemElement(c.name) {
				continue
			}
			if isTrue(c.get("required")) {
				return refuseAt(Unsupported, c, "the item %s has an element %s, which is not known, but marked as required", i.label(), Display(c.name))
			}
			d.elements = note(d.elements, c.name)
		}
	}
	return nil
}

// itemElement reports whether a child of an item is read, or only for people.
func itemElement(name string) bool {
	return slices.Contains([]string{
		"Address", "AddressOnParent", "AllocationUnits", "AutomaticAllocation", "AutomaticDeallocation", "BootOrder", "BusNumber",
		"Caption", "Connection", "CoresPerSocket", "Description", "ElementName", "HostResource", "InstanceID", "InstanceId",
		"MACAddress", "OtherResourceType", "Parent", "ResourceSubType", "ResourceType", "VirtualQuantity", "VirtualQuantityUnits",
		"cpu_per_socket", "num_of_sockets", "threads_per_cpu", "Name", "Type", "Device", "Linked", "IsPlugged",
	}, name)
}

// configurationNames warns of items that no configuration can ever choose.
func (p *parser) configurationNames() {
	for _, s := range p.app.Systems {
		for _, i := range s.items {
			for _, c := range i.configurations {
				if !p.app.hasConfiguration(c) {
					p.warnOnce(i.at, "%s", fmt.Sprintf("items are for the configuration %s, which is not there", Display(c)))
				}
			}
		}
	}
}
