package api

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// A Kind is a kind of what people write into the catalogue.
type Kind string

// The kinds. The first three are the kinds of templates.
const (
	KindSystem   Kind = "system"
	KindNetwork  Kind = "network"
	KindStorage  Kind = "storage"
	KindProfile  Kind = "profile"
	KindUserdata Kind = "userdata"
	KindScript   Kind = "script"
)

// TemplateKinds are the kinds of templates, sorted.
func TemplateKinds() []Kind { return []Kind{KindNetwork, KindStorage, KindSystem} }

// Title is the kind as messages call it: "system template", "profile".
func (k Kind) Title() string {
	switch k {
	case KindSystem, KindNetwork, KindStorage:
		return string(k) + " template"
	case KindProfile, KindUserdata, KindScript:
	}
	return string(k)
}

// A Spec is the content of an entry as one JSON object: a SystemTemplate, a
// NetworkTemplate, a StorageTemplate, a Profile, a Userdata or a Script. In
// requests that modify it is a merge patch (RFC 7396).
type Spec json.RawMessage

// MarshalJSON gives the object as it is.
func (s Spec) MarshalJSON() ([]byte, error) { return json.RawMessage(s).MarshalJSON() }

// UnmarshalJSON takes an object; what is in it the entry's kind decides.
func (s *Spec) UnmarshalJSON(data []byte) error {
	if trimmed := bytes.TrimSpace(data); len(trimmed) == 0 || trimmed[0] != '{' {
		return fmt.Errorf("an object is needed")
	}
	*s = append((*s)[:0], data...)
	return nil
}

// JSONSchema describes a Spec in the OpenRPC document.
func (Spec) JSONSchema() any {
	return map[string]any{"type": "object", "description": "what the kind has; see docs/PROTOCOL.md"}
}

// An Entry is an object that people write: a template, a profile, userdata or a
// script.
type Entry struct {
	Kind       Kind     `json:"kind"`
	Name       string   `json:"name"`
	Spec       Spec     `json:"spec,omitempty"`       // absent in lists of userdata and scripts
	Summary    string   `json:"summary,omitempty"`    // in such lists: the first lines
	Generation string   `json:"generation,omitempty"` // changes with every change of the file; absent when it is gone
	Lacks      []string `json:"lacks,omitempty"`      // of a profile: what is missing for making a VM, as the keys of its spec
	UsedBy     []string `json:"used_by,omitempty"`    // in show: who refers to it, as `profile "web"`
	Problem    string   `json:"problem,omitempty"`    // the file can't be used; this is its last good version
}

// EntryRef are the parameters of the methods that show one entry. Kind is for
// templates only: the other methods' names say it.
type EntryRef struct {
	Name string `json:"name"`
}

// TemplateRef are the parameters of template.show.
type TemplateRef struct {
	Kind Kind   `json:"kind"`
	Name string `json:"name"`
}

// TemplateList are the parameters of template.list.
type TemplateList struct {
	Kind  Kind   `json:"kind,omitempty"` // default: all three
	Match string `json:"match,omitempty"`
}

// EntryWrite are the parameters of profile.create, .modify and of the same verbs
// for userdata and scripts.
type EntryWrite struct {
	Name             string `json:"name"`
	Spec             Spec   `json:"spec"`
	ExpectGeneration string `json:"expect_generation,omitempty"` // modify: only if it is still this one
	RequestID        string `json:"request_id,omitempty"`
}

// TemplateWrite are the parameters of template.create and template.modify.
type TemplateWrite struct {
	Kind             Kind   `json:"kind"`
	Name             string `json:"name"`
	Spec             Spec   `json:"spec"`
	ExpectGeneration string `json:"expect_generation,omitempty"`
	RequestID        string `json:"request_id,omitempty"`
}

// Entry are the same parameters without the kind.
func (p TemplateWrite) Entry() EntryWrite {
	return EntryWrite{Name: p.Name, Spec: p.Spec, ExpectGeneration: p.ExpectGeneration, RequestID: p.RequestID}
}

// EntryRemove are the parameters of profile.remove, userdata.remove and
// script.remove.
type EntryRemove struct {
	Name             string `json:"name"`
	ExpectGeneration string `json:"expect_generation,omitempty"`
	RequestID        string `json:"request_id,omitempty"`
}

// TemplateRemove are the parameters of template.remove.
type TemplateRemove struct {
	Kind             Kind   `json:"kind"`
	Name             string `json:"name"`
	ExpectGeneration string `json:"expect_generation,omitempty"`
	RequestID        string `json:"request_id,omitempty"`
}

// Entry are the same parameters without the kind.
func (p TemplateRemove) Entry() EntryRemove {
	return EntryRemove{Name: p.Name, ExpectGeneration: p.ExpectGeneration, RequestID: p.RequestID}
}

// EntryResult answers a change of an entry.
type EntryResult struct {
	Message string `json:"message"`
	Entry
}
