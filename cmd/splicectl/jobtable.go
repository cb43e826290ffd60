package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"spliced/api"
)

// jobTable has the newest job in the last line, next to the prompt.
func jobTable(w io.Writer, jobs []api.Job) {
	slices.SortFunc(jobs, func(a, b api.Job) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	row(w, "ID", "KIND", "POOL", "NAME", "STATE", "PROGRESS", "CREATED")
	for _, j := range jobs {
		row(w, dash(j.ID), dash(j.Kind), dash(j.Pool), dash(j.Name), dash(string(j.State)), progressCell(j), moment(j.Created))
	}
}

func progressCell(j api.Job) string {
	p := j.Progress
	switch {
	case p == nil || j.State.Ended():
		return "-"
	case p.Total != nil && *p.Total > 0:
		return fmt.Sprintf("%s %d%%", clean(p.Stage), percent(p.Done, *p.Total))
	}
	return fmt.Sprintf("%s %s", clean(p.Stage), amount(p.Done, p.Unit))
}

func jobDetails(w io.Writer, j api.Job) {
	row(w, "ID:", clean(j.ID))
	row(w, "Kind:", clean(j.Kind))
	optional(w, "Pool:", j.Pool)
	optional(w, "Name:", j.Name)
	row(w, "State:", clean(string(j.State)))
	if j.Progress != nil && !j.State.Ended() {
		row(w, "Progress:", progressLine(j.Progress, 0, 0))
	}
	optional(w, "Message:", j.Message)
	if j.Failure != nil {
		row(w, "Failure:", fmt.Sprintf("%s (%d)", clean(j.Failure.Kind), j.Failure.Code))
		optional(w, "Hint:", j.Failure.Hint)
	}
	row(w, "Created:", moment(j.Created))
	if j.Started != nil {
		row(w, "Started:", moment(*j.Started))
	}
	if j.Ended != nil {
		row(w, "Ended:", moment(*j.Ended))
	}
	if j.Started != nil && j.Ended != nil {
		row(w, "Took:", span(j.Ended.Sub(*j.Started)))
	}
	row(w, "By:", fmt.Sprintf("user %d", j.UID))
	optional(w, "Request:", j.RequestID)
	if len(j.Log) > 0 {
		section(w, "Log")
		indented(w, cleanLines(strings.Join(j.Log, "\n")))
	}
}
