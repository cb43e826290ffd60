package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"spliced/api"
)

func ovaTable(w io.Writer, ovas []api.OVASummary) {
	slices.SortFunc(ovas, func(a, b api.OVASummary) int { return cmp.Compare(a.Name, b.Name) })
	t := problemTable{titles: []string{"NAME", "POOL", "SYSTEMS", "DISKS", "SIZE", "CREATED"}}
	for _, o := range ovas {
		disks, size := diskSum(o)
		t.add(o.Problem, dash(o.Name), dash(o.Pool), fmt.Sprint(len(o.Systems)), fmt.Sprint(disks), human(size), moment(o.Created))
	}
	t.write(w)
}

// diskSum counts an OVA's disks and media, and what they have together. One that
// several systems share counts once.
func diskSum(o api.OVASummary) (n int, size api.Size) {
	lists := [][]api.DiskSummary{o.Unattached}
	for _, s := range o.Systems {
		lists = append(lists, s.Disks, s.Media)
	}
	for _, list := range lists {
		for _, d := range list {
			if !d.Shared {
				n, size = n+1, size+d.Size
			}
		}
	}
	return n, size
}

func ovaDetails(w io.Writer, o api.OVA) {
	row(w, "Name:", clean(o.Name))
	row(w, "Pool:", clean(o.Pool))
	optional(w, "SHA-256:", o.SHA256)
	row(w, "Created:", moment(o.Created))
	optional(w, "By:", o.UploadedBy)
	optional(w, "Job:", o.Job)
	for _, option := range o.Configurations {
		row(w, "Configuration:", configurationText(configuration{option.ID, option.Label, option.Default}, o.Configuration))
	}
	for _, s := range o.Startup {
		row(w, "Starts:", startText(startStep{s.ID, s.System, s.Order, s.StartDelay, s.WaitGuest}))
	}
	for _, s := range o.Systems {
		systemDetails(w, s)
	}
	productRows(w, " of the appliance", shownProducts(o.Products))
	if len(o.Unattached) > 0 {
		section(w, "Disks of no system")
		diskRows(w, o.Unattached)
	}
	memberRows(w, o.Members)
	if len(o.Warnings) > 0 {
		section(w, "Warnings")
		warningRows(w, "  ", o.Warnings)
	}
}

func systemDetails(w io.Writer, s api.System) {
	section(w, fmt.Sprintf("System %q", cmp.Or(s.Key, s.Name)))
	if s.Key != "" && s.Name != s.Key {
		optional(w, "  Name:", s.Name)
	}
	optional(w, "  Profile:", s.Profile)
	optional(w, "  Template:", s.SystemTemplate)
	optional(w, "  Guest:", s.Guest)
	row(w, "  Hardware:", hardware(s))
	optional(w, "  Networks:", strings.Join(s.Networks, ", "))
	for _, n := range s.NICs {
		row(w, "  Network card:", nicText(nic{Network: n.Network, Model: n.Model, MAC: n.MAC}))
	}
	optional(w, "  Environment:", strings.Join(s.Transports, ", "))
	diskRows(w, slices.Concat(s.Disks, s.Media))
	if len(s.Warnings) > 0 {
		row(w)
		row(w, "  Warnings:")
		warningRows(w, "    ", s.Warnings)
	}
	productRows(w, fmt.Sprintf(" of system %q", s.Key), shownProducts(s.Products))
}

// shownProducts are a record's products as a plan has them. A record doesn't say
// of a password whether it is set; one that isn't lacking passes for hidden.
func shownProducts(list []api.Product) []product {
	var all []product
	for _, p := range list {
		shown := product{Name: p.Name, Vendor: p.Vendor, Version: p.Version}
		for _, q := range p.Properties {
			shown.Properties = append(shown.Properties, property{
				Key: q.Key, Label: q.Label, Settable: q.Settable, Password: q.Password,
				Set: q.Value != "" || q.Password && !q.Lacks, Lacks: q.Lacks, Value: q.Value,
			})
		}
		all = append(all, shown)
	}
	return all
}

// section begins a part of the details. A line without cells also ends the
// columns of what stands above.
func section(w io.Writer, title string) {
	row(w)
	row(w, clean(title)+":")
}

func hardware(s api.System) string {
	parts := []string{count(s.VCPUs, "vCPU", "vCPUs"), human(s.Memory) + " memory"}
	for _, part := range []string{s.Firmware, s.Machine} {
		if part != "" {
			parts = append(parts, clean(part))
		}
	}
	if s.DiskBus != "" {
		parts = append(parts, "disks on "+clean(strings.TrimSpace(s.DiskBus+" "+s.SCSIModel)))
	}
	if s.NICModel != "" {
		parts = append(parts, "network by "+clean(s.NICModel))
	}
	if s.SecureBoot {
		parts = append(parts, "secure boot")
	}
	if s.VTPM {
		parts = append(parts, "virtual TPM")
	}
	return strings.Join(parts, ", ")
}

func diskRows(w io.Writer, disks []api.OVADisk) {
	if len(disks) == 0 {
		return
	}
	row(w)
	row(w, "  DISK", "SIZE", "VOLUME", "FORMAT", "MEMBER", "MANIFEST")
	for _, d := range disks {
		volume := dash(d.Volume)
		if d.Shared {
			volume += ", shared"
		}
		row(w, "  "+dash(d.ID), human(d.Size), volume, dash(d.SourceFormat), dash(d.Member), dash(string(d.Manifest)))
	}
}

func memberRows(w io.Writer, members []api.Member) {
	if len(members) == 0 {
		return
	}
	section(w, "Members of the archive")
	row(w, "  NAME", "SIZE", "MANIFEST", "SHA-256")
	for _, m := range members {
		row(w, "  "+dash(m.Name), human(m.Size), dash(string(m.Manifest)), dash(m.SHA256))
	}
}

func warningRows(w io.Writer, indent string, warnings []string) {
	for _, text := range warnings {
		row(w, indent+clean(text))
	}
}
