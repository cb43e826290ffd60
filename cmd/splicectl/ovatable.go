package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"spliced/api"
)

func ovaTable(w io.Writer, ovas []api.OVA) {
	slices.SortFunc(ovas, func(a, b api.OVA) int { return cmp.Compare(a.Name, b.Name) })
	row(w, "NAME", "POOL", "SYSTEMS", "DISKS", "SIZE", "CREATED")
	for _, o := range ovas {
		disks, size := o.Volumes(), api.Size(0)
		for _, d := range disks {
			size += d.Size
		}
		row(w, dash(o.Name), dash(o.Pool), fmt.Sprint(len(o.Systems)), fmt.Sprint(len(disks)), human(size), moment(o.Created))
	}
}

func ovaDetails(w io.Writer, o api.OVA) {
	row(w, "Name:", clean(o.Name))
	row(w, "Pool:", clean(o.Pool))
	optional(w, "SHA-256:", o.SHA256)
	row(w, "Created:", moment(o.Created))
	optional(w, "By:", o.UploadedBy)
	optional(w, "Job:", o.Job)
	for _, s := range o.Systems {
		section(w, fmt.Sprintf("System %q", s.Name))
		row(w, "  Hardware:", hardware(s))
		optional(w, "  Networks:", strings.Join(s.Networks, ", "))
		diskRows(w, s.Disks)
		if len(s.Warnings) > 0 {
			row(w)
			row(w, "  Warnings:")
			warningRows(w, "    ", s.Warnings)
		}
	}
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

// section begins a part of the details. A line without cells also ends the
// columns of what stands above.
func section(w io.Writer, title string) {
	row(w)
	row(w, clean(title)+":")
}

func hardware(s api.System) string {
	text := fmt.Sprintf("%s, %s memory", count(s.VCPUs, "vCPU", "vCPUs"), human(s.Memory))
	if s.Firmware != "" {
		text += ", " + clean(s.Firmware)
	}
	return text
}

func diskRows(w io.Writer, disks []api.OVADisk) {
	if len(disks) == 0 {
		return
	}
	row(w)
	row(w, "  DISK", "SIZE", "VOLUME", "FORMAT", "MEMBER", "MANIFEST")
	for _, d := range disks {
		row(w, "  "+dash(d.ID), human(d.Size), dash(d.Volume), dash(d.SourceFormat), dash(d.Member), dash(string(d.Manifest)))
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
