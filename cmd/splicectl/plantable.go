package main

import (
	"fmt"
	"io"
	"strings"

	"spliced/api"
)

// writePlan words a plan for a person.
func writePlan(w io.Writer, p plan) {
	optional(w, "OVF:", p.Version)
	row(w, "Systems:", fmt.Sprint(len(p.Systems)))
	for _, n := range p.Networks {
		row(w, "Network:", named(n.Name, n.Description))
	}
	for _, option := range p.Configurations {
		row(w, "Configuration:", configurationText(option, p.Configuration))
	}
	for _, s := range p.Startup {
		row(w, "Starts:", startText(s))
	}
	for _, s := range p.Systems {
		systemPlan(w, s)
	}
	if len(p.Unattached) > 0 {
		section(w, "Disks of no system")
		planDisks(w, p.Unattached)
	}
	licences(w, p.EULAs)
	productRows(w, " of the appliance", p.Products)
	if len(p.Warnings) > 0 {
		section(w, "Warnings")
		planWarnings(w, "  ", p.Warnings)
	}
}

// named gives a name and what may explain it.
func named(name, description string) string {
	if description == "" || description == name {
		return dash(name)
	}
	return fmt.Sprintf("%s (%s)", dash(name), clean(description))
}

func configurationText(option configuration, chosen string) string {
	text := named(option.ID, option.Label)
	if option.Default {
		text += ", the default"
	}
	if option.ID == chosen {
		text += ", chosen here"
	}
	return text
}

func systemPlan(w io.Writer, s planSystem) {
	section(w, fmt.Sprintf("System %q", s.Key))
	if s.Name != s.Key {
		optional(w, "  Name:", s.Name)
	}
	optional(w, "  Guest:", guestText(s.Guest))
	row(w, "  Hardware:", fmt.Sprintf("%s, %s memory", count(s.VCPUs, "vCPU", "vCPUs"), human(api.Size(s.Memory))))
	row(w, "  Machine:", machineText(s))
	for _, n := range s.NICs {
		row(w, "  Network card:", nicText(n))
	}
	for _, m := range s.Media {
		row(w, "  Medium:", fmt.Sprintf("%s, %s, %s", dash(m.ID), dash(m.Kind), dash(m.Href)))
	}
	optional(w, "  Environment:", strings.Join(s.Transports, ", "))
	planDisks(w, s.Disks)
	licences(w, s.EULAs)
	if len(s.Warnings) > 0 {
		row(w)
		row(w, "  Warnings:")
		planWarnings(w, "    ", s.Warnings)
	}
	productRows(w, fmt.Sprintf(" of system %q", s.Key), s.Products)
}

// startText words a step of the appliance's start: "2. app, the next after 30 s".
func startText(s startStep) string {
	text := named(s.ID, s.Key)
	if s.Order > 0 {
		text = fmt.Sprintf("%d. %s", s.Order, text)
	}
	if s.StartDelay > 0 {
		text += fmt.Sprintf(", the next after %d s", s.StartDelay)
	}
	if s.WaitGuest {
		text += ", or once its guest is up"
	}
	return text
}

func guestText(g guest) string {
	if g.Description != "" {
		return g.Description
	}
	return strings.TrimSpace(g.Type + " " + g.Version)
}

func machineText(s planSystem) string {
	firmware := s.Firmware
	if firmware == "" {
		firmware = "firmware by its first disk's partitions"
	}
	parts := []string{dash(s.Machine), clean(firmware), "disks on " + dash(s.DiskBus), "network by " + dash(s.NICModel)}
	if s.SecureBoot {
		parts = append(parts, "secure boot")
	}
	if s.VTPM {
		parts = append(parts, "virtual TPM")
	}
	return strings.Join(parts, ", ")
}

func nicText(n nic) string {
	text := "connected to none"
	if n.Network != "" {
		text = fmt.Sprintf("to %q", clean(n.Network))
	}
	for _, more := range []string{n.Model, n.MAC} {
		if more != "" {
			text += ", " + clean(more)
		}
	}
	return text
}

func planDisks(w io.Writer, disks []planDisk) {
	if len(disks) == 0 {
		return
	}
	row(w)
	row(w, "  DISK", "SIZE", "BUS", "FROM")
	for _, d := range disks {
		size := "by its image"
		if d.Capacity > 0 {
			size = human(api.Size(d.Capacity))
		}
		row(w, "  "+dash(d.ID), size, dash(d.Bus), diskOrigin(d))
	}
}

func diskOrigin(d planDisk) string {
	text := dash(d.Href)
	switch {
	case d.SharedWith != "":
		text = "the same as " + clean(d.SharedWith)
	case d.Blank:
		text = "blank"
	}
	if d.Compression != "" {
		text += ", in " + clean(d.Compression)
	}
	if d.Parent != "" {
		text += ", on top of " + clean(d.Parent)
	}
	return text
}

// productRows lists products; of says whose they are. One without a name and
// without properties says nothing.
func productRows(w io.Writer, of string, products []product) {
	for _, p := range products {
		title := strings.TrimSpace(p.Name + " " + p.Version)
		if title == "" && len(p.Properties) == 0 {
			continue
		}
		section(w, strings.TrimSpace("Product "+title)+of)
		optional(w, "  Vendor:", p.Vendor)
		if len(p.Properties) == 0 {
			continue
		}
		row(w)
		row(w, "  PROPERTY", "VALUE", "LABEL")
		for _, q := range p.Properties {
			row(w, "  "+dash(q.Key), propertyValue(q), dash(q.Label))
		}
	}
}

// propertyValue shows what a property is set to, but never a password.
func propertyValue(q property) string {
	switch {
	case q.Lacks:
		return "needed: --property KEY=VALUE"
	case q.Password && q.Set:
		return "(hidden)"
	case !q.Set:
		return "-"
	case q.Value == "":
		return `""`
	}
	return clean(q.Value)
}

func licences(w io.Writer, texts []string) {
	if len(texts) > 0 {
		row(w)
		row(w, fmt.Sprintf("  %s to agree to; -o json has the text.", count(len(texts), "licence", "licences")))
	}
}

func planWarnings(w io.Writer, indent string, warnings []warning) {
	for _, one := range warnings {
		text := indent + clean(one.Text)
		if one.Line > 0 {
			text += fmt.Sprintf(" (line %d)", one.Line)
		}
		row(w, text)
	}
}
