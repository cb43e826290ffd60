package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
)

// A stock is what is there before an import, and what will be after it.
type stock struct {
	entries map[string]api.Entry // by what wanted.String gives
	names   map[string]bool      // the same, with OVAs and what is wanted
}

// takeStock asks for all entries and OVAs.
func takeStock(ctx context.Context, conn *client.Client, all []*wanted) (*stock, error) {
	there := &stock{entries: map[string]api.Entry{}, names: map[string]bool{}}
	for _, w := range all {
		there.names[w.String()] = true
	}
	for _, k := range kinds() {
		wants := func(name string) bool { return there.names[(&wanted{kind: k, name: name}).String()] }
		entries, err := fetchEntries(ctx, conn, k, wants)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			there.entries[(&wanted{kind: k, name: e.Name}).String()] = e
		}
	}
	for key := range there.entries {
		there.names[key] = true
	}
	ovas, err := ask[[]api.OVA](ctx, conn, "ova.list", api.List{})
	for _, o := range ovas.value {
		there.names[fmt.Sprintf("OVA %q", o.Name)] = true
	}
	return there, err
}

// decide finds out what has to be done for an entry to be as wanted.
func (im *importing) decide(there *stock, w *wanted) (*step, *failure) {
	if missing := there.missing(w); len(missing) > 0 {
		return nil, &failure{int(rpc.NotFound), fmt.Sprintf("Cannot import %s: there is no %s.", w, missing[0]), ""}
	}
	s := &step{Kind: w.kind.id, Name: w.name, Action: created, wanted: w, spec: w.spec}
	e, exists := there.entries[w.String()]
	if !exists {
		return s, nil
	}
	old, err := w.kind.object(e.Spec)
	if err != nil {
		return nil, &failure{exitProtocol, fmt.Sprintf("Cannot import %s: the daemon's can't be understood: %v.", w, err), ""}
	}
	if same(old, w.spec) {
		s.Action = left
		return s, nil
	}
	if !im.update {
		return nil, &failure{int(rpc.Exists), fmt.Sprintf("Cannot import %s: it is there, and different.", w), "With --update it is made equal."}
	}
	delete(old, "origin")
	s.Action, s.spec, s.generation = modified, mergePatch(old, w.spec), e.Generation
	for _, f := range w.kind.fields {
		if _, changes := s.spec[f.key]; changes && f.fixed {
			return nil, &failure{
				int(rpc.InvalidState), fmt.Sprintf("Cannot import %s: its %s is different, and can't be modified.", w, f.key),
				"Remove it first.",
			}
		}
	}
	return s, nil
}

// missing lists what a profile refers to and nobody has.
func (there *stock) missing(w *wanted) []string {
	if w.kind.id != api.KindProfile {
		return nil
	}
	var missing []string
	for _, key := range slices.Sorted(maps.Keys(w.spec)) {
		name, ok := w.spec[key].(string)
		if thing := referred(key, name); ok && name != "" && thing != "" && !there.names[thing] {
			missing = append(missing, thing)
		}
	}
	return missing
}

// referred names, like wanted.String, what a profile's key refers to; "" where
// it refers to nothing.
func referred(key, name string) string {
	switch key {
	case "system_template", "network_template", "storage_template":
		return fmt.Sprintf("%s %q", strings.Replace(key, "_", " ", 1), name)
	case "userdata", "script":
		return fmt.Sprintf("%s %q", key, name)
	case "ova":
		return fmt.Sprintf("OVA %q", name)
	}
	return ""
}
