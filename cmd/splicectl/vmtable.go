package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"

	"spliced/api"
)

func vmTable(w io.Writer, vms []api.VM) {
	slices.SortFunc(vms, func(a, b api.VM) int { return cmp.Compare(a.Name, b.Name) })
	row(w, "NAME", "VMID", "PROFILE", "OVA", "VOLUMES", "SIZE", "DEFINED", "CREATED")
	for _, v := range vms {
		size := api.Size(0)
		for _, d := range v.Volumes {
			size += d.Size
		}
		row(w, dash(v.Name), fmt.Sprint(v.VMID), dash(v.Profile), dash(v.OVA), fmt.Sprint(len(v.Volumes)), human(size), yes(v.Defined), moment(v.Created))
	}
}

func yes(yes bool) string {
	if yes {
		return "yes"
	}
	return "no"
}

func vmDetails(w io.Writer, v api.VM) {
	row(w, "Name:", clean(v.Name))
	optional(w, "UUID:", v.UUID)
	row(w, "VMID:", fmt.Sprint(v.VMID))
	optional(w, "Profile:", v.Profile)
	optional(w, "OVA:", v.OVA)
	row(w, "Defined:", yes(v.Defined))
	optional(w, "State:", v.State)
	row(w, "Created:", moment(v.Created))
	optional(w, "By:", v.CreatedBy)
	optional(w, "Job:", v.Job)
	vmVolumes(w, v)
}

// vmVolumes writes what vm show and a dry run have in common.
func vmVolumes(w io.Writer, v api.VM) {
	if len(v.Volumes) > 0 {
		row(w)
		row(w, "DISK", "POOL", "VOLUME", "SIZE", "FROM", "FILESYSTEM", "MOUNTPOINT")
		for _, d := range v.Volumes {
			row(w, dash(d.ID), dash(d.Pool), dash(d.Volume), human(d.Size), volumeOrigin(d), dash(d.Filesystem), dash(d.Mountpoint))
		}
	}
	if len(v.Warnings) > 0 {
		section(w, "Warnings")
		warningRows(w, "  ", v.Warnings)
	}
}

func volumeOrigin(d api.VMVolume) string {
	if d.Copied {
		return "a copy of " + clean(d.Source)
	}
	return dash(d.Source)
}

// vmPlan words a dry run.
func vmPlan(w io.Writer, plan api.VMResult) {
	row(w, clean(plan.Message))
	if plan.VM != nil {
		vmVolumes(w, *plan.VM)
	}
}
