package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"spliced/api"
)

// specOf decodes what we know of a spec; the zero value where that is nothing.
func specOf[T any](e api.Entry) T {
	var spec T
	if json.Unmarshal(e.Spec, &spec) != nil {
		return *new(T) // from a daemon that we don't understand; -o json shows all
	}
	return spec
}

// entryRows writes a table of entries.
func entryRows(w io.Writer, entries []api.Entry, titles []string, cells func(e api.Entry) []string) {
	slices.SortFunc(entries, func(a, b api.Entry) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name)) })
	t := problemTable{titles: titles}
	for _, e := range entries {
		t.add(e.Problem, cells(e)...)
	}
	t.write(w)
}

func systemTable(w io.Writer, entries []api.Entry) {
	entryRows(w, entries, []string{"NAME", "VCPUS", "VRAM", "FIRMWARE", "MACHINE", "DISKS", "NETWORK", "ORIGIN"}, func(e api.Entry) []string {
		s := specOf[api.SystemTemplate](e)
		return []string{
			dash(e.Name), fmt.Sprint(s.VCPUs), human(api.Size(s.VRAM) << 20), dash(s.Firmware), dash(s.Machine),
			dash(s.DiskBus), dash(s.NICModel), dash(s.Origin),
		}
	})
}

func networkTable(w io.Writer, entries []api.Entry) {
	entryRows(w, entries, []string{"NAME", "NETWORKS", "MAC TEMPLATE", "ORIGIN"}, func(e api.Entry) []string {
		s := specOf[api.NetworkTemplate](e)
		return []string{dash(e.Name), dash(linksText(s.Networks)), dash(s.MACTemplate), dash(s.Origin)}
	})
}

func linksText(links []api.NetworkLink) string {
	texts := make([]string, len(links))
	for i, l := range links {
		texts[i] = string(l.VNI)
		if l.VNI == "" {
			texts[i] = "bridge:" + l.Bridge
		}
	}
	return strings.Join(texts, ", ")
}

func storageTable(w io.Writer, entries []api.Entry) {
	entryRows(w, entries, []string{"NAME", "DISKS", "ORIGIN"}, func(e api.Entry) []string {
		s := specOf[api.StorageTemplate](e)
		return []string{dash(e.Name), dash(disksText(s.Disks)), dash(s.Origin)}
	})
}

func disksText(disks []api.DiskTemplate) string {
	texts := make([]string, len(disks))
	for i, d := range disks {
		what := "of " + d.SourceVolume
		if d.Size != nil {
			what = human(*d.Size)
		}
		texts[i] = strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", d.ID, what, d.Filesystem, d.Mountpoint)), " ")
	}
	return strings.Join(texts, ", ")
}

func profileTable(w io.Writer, entries []api.Entry) {
	titles := []string{"NAME", "TYPE", "OVA", "SYSTEM", "NETWORK", "STORAGE", "USERDATA", "SCRIPT", "LACKS"}
	entryRows(w, entries, titles, func(e api.Entry) []string {
		p := specOf[api.Profile](e)
		return []string{
			dash(e.Name), dash(p.Type), dash(p.OVA), dash(p.SystemTemplate), dash(p.NetworkTemplate), dash(p.StorageTemplate),
			dash(p.Userdata), dash(p.Script), dash(strings.Join(e.Lacks, ", ")),
		}
	})
}

func textTable(w io.Writer, entries []api.Entry) {
	entryRows(w, entries, []string{"NAME", "BEGINS"}, func(e api.Entry) []string {
		first, _, _ := strings.Cut(strings.TrimSpace(e.Summary), "\n")
		return []string{dash(e.Name), dash(first)}
	})
}

// templateTable shows templates of all kinds.
func templateTable(w io.Writer, entries []api.Entry) {
	entryRows(w, entries, []string{"KIND", "NAME", "HAS"}, func(e api.Entry) []string {
		return []string{dash(string(e.Kind)), dash(e.Name), dash(templateText(e))}
	})
}

func templateText(e api.Entry) string {
	switch e.Kind {
	case api.KindSystem:
		s := specOf[api.SystemTemplate](e)
		return fmt.Sprintf("%s, %s memory", count(s.VCPUs, "vCPU", "vCPUs"), human(api.Size(s.VRAM)<<20))
	case api.KindNetwork:
		return linksText(specOf[api.NetworkTemplate](e).Networks)
	case api.KindStorage:
		return disksText(specOf[api.StorageTemplate](e).Disks)
	case api.KindProfile, api.KindUserdata, api.KindScript:
	}
	return ""
}

// details writes all of an entry.
func (k *kind) details(w io.Writer, e api.Entry) {
	row(w, "Name:", clean(e.Name))
	row(w, "Generation:", dash(e.Generation))
	optional(w, "Lacks:", strings.Join(e.Lacks, ", "))
	optional(w, "Used by:", strings.Join(e.UsedBy, ", "))
	optional(w, "Problem:", e.Problem)
	k.section(w, e)
}

// section writes a spec below an entry's details.
func (k *kind) section(w io.Writer, e api.Entry) {
	if k.text() {
		section(w, "Content")
		indented(w, cleanLines(textOf(e.Spec)))
		return
	}
	text, err := k.yaml(e.Spec)
	if err != nil {
		text = string(e.Spec)
	}
	section(w, "Spec")
	indented(w, cleanLines(text))
}
