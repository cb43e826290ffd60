package main

import (
	"cmp"
	"io"
	"slices"
	"strings"

	"spliced/api"
)

func imageTable(w io.Writer, images []api.Volume) {
	slices.SortFunc(images, func(a, b api.Volume) int {
		return cmp.Or(cmp.Compare(a.Pool, b.Pool), cmp.Compare(a.Name, b.Name))
	})
	row(w, "POOL", "NAME", "SIZE", "ALLOCATED", "FORMAT", "ORIGIN", "CREATED")
	for _, v := range images {
		row(w, dash(v.Pool), dash(v.Name), human(v.Size), humanOrDash(v.Allocated), dash(v.SourceFormat), dash(v.Origin), moment(v.Created))
	}
}

func imageDetails(w io.Writer, v api.Volume) {
	row(w, "Name:", clean(v.Name))
	row(w, "Pool:", clean(v.Pool))
	row(w, "Size:", exact(v.Size))
	if v.Allocated != nil {
		row(w, "Allocated:", exact(*v.Allocated))
	}
	optional(w, "Uploaded as:", v.SourceFormat)
	optional(w, "SHA-256:", v.SHA256)
	optional(w, "Origin:", v.Origin)
	optional(w, "Clone of:", v.Parent)
	optional(w, "Clones:", strings.Join(v.Children, ", "))
	row(w, "Created:", moment(v.Created))
	optional(w, "By:", v.UploadedBy)
	optional(w, "Job:", v.Job)
}

// optional writes a line unless there is nothing to say.
func optional(w io.Writer, label, text string) {
	if text != "" {
		row(w, label, clean(text))
	}
}

func imagePlan(w io.Writer, p api.ImagePlan) {
	format := p.Format
	if p.Subformat != "" {
		format += ", " + p.Subformat
	}
	optional(w, "Format:", format)
	if p.Size != nil {
		row(w, "Size:", exact(*p.Size))
	} else {
		row(w, "Size:", "known at its end only")
	}
	if p.Refused != "" {
		row(w, "Upload:", "refused: "+clean(p.Refused))
	} else {
		row(w, "Upload:", "possible")
	}
}
