package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"spliced/api"
	"spliced/rpc"
)

// A catalogue is a fake of the daemon's: it keeps entries in memory, checks the
// shape of specs and generations, and merges patches.
type catalogue struct {
	mu      sync.Mutex
	entries map[string]api.Entry // by "kind/name"
	changes int
	writes  []string          // "create system/a", in order
	refuses map[string]string // "kind/name" → why it can't be written
	ovas    []api.OVA
}

func newCatalogue() *catalogue {
	return &catalogue{entries: map[string]api.Entry{}, refuses: map[string]string{}}
}

func (f *catalogue) add(t *testing.T, kind api.Kind, name, spec string) {
	t.Helper()
	if _, err := f.create(kind, name, api.Spec(spec)); err != nil {
		t.Fatalf("%s/%s: %v", kind, name, err)
	}
	f.writes = nil
}

// spec returns an entry's spec as JSON, "" when there is none.
func (f *catalogue) spec(kind api.Kind, name string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return string(f.entries[key(kind, name)].Spec)
}

func (f *catalogue) written() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.writes)
}

func key(kind api.Kind, name string) string { return string(kind) + "/" + name }

func (f *catalogue) create(kind api.Kind, name string, spec api.Spec) (api.EntryResult, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, there := f.entries[key(kind, name)]; there {
		return api.EntryResult{}, rpc.Errorf(rpc.Exists, "Cannot create %s %q: it is there.", kind, name)
	}
	return f.put("create", kind, name, spec)
}

// put checks and keeps a whole spec.
func (f *catalogue) put(verb string, kind api.Kind, name string, spec api.Spec) (api.EntryResult, error) {
	if why := f.refuses[key(kind, name)]; why != "" {
		return api.EntryResult{}, rpc.Errorf(rpc.InvalidState, "Cannot %s %s %q: %s.", verb, kind, name, why)
	}
	k, _ := kindOf(kind)
	typed := reflect.New(k.spec).Interface()
	in := json.NewDecoder(bytes.NewReader(spec))
	in.DisallowUnknownFields()
	if err := in.Decode(typed); err != nil {
		return api.EntryResult{}, rpc.Errorf(rpc.InvalidParams, "Cannot %s %s %q: %v.", verb, kind, name, err)
	}
	normal, err := json.Marshal(typed)
	if err != nil {
		return api.EntryResult{}, err
	}
	f.changes++
	e := api.Entry{Kind: kind, Name: name, Spec: normal, Generation: fmt.Sprint("g", f.changes)}
	f.entries[key(kind, name)] = e
	f.writes = append(f.writes, verb+" "+key(kind, name))
	word := map[string]string{"create": "Created", "modify": "Modified"}[verb]
	return api.EntryResult{Message: fmt.Sprintf("%s %s %q.", word, k.noun, name), Entry: e}, nil
}

func (f *catalogue) modify(kind api.Kind, name string, patch api.Spec, generation string) (api.EntryResult, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e, there := f.entries[key(kind, name)]
	switch {
	case !there:
		return api.EntryResult{}, rpc.Errorf(rpc.NotFound, "Cannot modify %s %q: there is none.", kind, name)
	case generation != "" && generation != e.Generation:
		return api.EntryResult{}, rpc.Errorf(rpc.InvalidState, "Cannot modify %s %q: it was changed meanwhile.", kind, name)
	}
	var target, change map[string]any
	for raw, into := range map[*api.Spec]*map[string]any{&e.Spec: &target, &patch: &change} {
		if err := json.Unmarshal(*raw, into); err != nil {
			return api.EntryResult{}, err
		}
	}
	merged, err := json.Marshal(applied(target, change))
	if err != nil {
		return api.EntryResult{}, err
	}
	return f.put("modify", kind, name, merged)
}

// applied is RFC 7396, section 2, as the RFC has it.
func applied(target any, patch any) any {
	changes, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	object, ok := target.(map[string]any)
	if !ok {
		object = map[string]any{}
	}
	for name, value := range changes {
		if value == nil {
			delete(object, name)
		} else {
			object[name] = applied(object[name], value)
		}
	}
	return object
}

func (f *catalogue) show(kind api.Kind, name string) (api.Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	e, there := f.entries[key(kind, name)]
	if !there {
		return e, rpc.Errorf(rpc.NotFound, "Cannot show %s %q: there is none.", kind, name)
	}
	return e, nil
}

func (f *catalogue) list(kinds ...api.Kind) []api.Entry {
	f.mu.Lock()
	defer f.mu.Unlock()
	list := []api.Entry{}
	for _, e := range f.entries {
		if !slices.Contains(kinds, e.Kind) {
			continue
		}
		if e.Kind == api.KindUserdata || e.Kind == api.KindScript {
			e.Summary, e.Spec = strings.SplitN(textOf(e.Spec), "\n", 2)[0], nil
		}
		list = append(list, e)
	}
	return list
}

func (f *catalogue) methods() []rpc.Method {
	all := []rpc.Method{
		says("ova.list", f.ovas),
		stub("template.create", 0, func(_ *rpc.Call, p api.TemplateWrite) (api.EntryResult, error) {
			return f.create(p.Kind, p.Name, p.Spec)
		}),
		stub("template.modify", 0, func(_ *rpc.Call, p api.TemplateWrite) (api.EntryResult, error) {
			return f.modify(p.Kind, p.Name, p.Spec, p.ExpectGeneration)
		}),
		stub("template.show", 0, func(_ *rpc.Call, p api.TemplateRef) (api.Entry, error) { return f.show(p.Kind, p.Name) }),
		stub("template.list", 0, func(_ *rpc.Call, p api.TemplateList) ([]api.Entry, error) {
			if p.Kind == "" {
				return f.list(api.KindSystem, api.KindNetwork, api.KindStorage), nil
			}
			return f.list(p.Kind), nil
		}),
	}
	for _, kind := range []api.Kind{api.KindProfile, api.KindUserdata, api.KindScript} {
		all = append(all,
			stub(string(kind)+".create", 0, func(_ *rpc.Call, p api.EntryWrite) (api.EntryResult, error) {
				return f.create(kind, p.Name, p.Spec)
			}),
			stub(string(kind)+".modify", 0, func(_ *rpc.Call, p api.EntryWrite) (api.EntryResult, error) {
				return f.modify(kind, p.Name, p.Spec, p.ExpectGeneration)
			}),
			stub(string(kind)+".show", 0, func(_ *rpc.Call, p api.EntryRef) (api.Entry, error) { return f.show(kind, p.Name) }),
			stub(string(kind)+".list", 0, func(*rpc.Call, api.List) ([]api.Entry, error) { return f.list(kind), nil }),
		)
	}
	return all
}
