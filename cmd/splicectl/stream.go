package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"spliced/api"
)

// A wanted is an entry as a stream describes it.
type wanted struct {
	kind *kind
	name string
	spec map[string]any
}

func (w *wanted) String() string { return fmt.Sprintf("%s %q", w.kind.noun, w.name) }

// readStream reads what export writes, and sorts it such that what is referred
// to comes first. Anything that isn't understood refuses all of it.
func readStream(text string) ([]*wanted, error) {
	in := yaml.NewDecoder(strings.NewReader(text))
	var all []*wanted
	seen := map[string]bool{}
	for n := 1; ; n++ {
		node, err := nextYAML(in)
		if errors.Is(err, io.EOF) {
			break
		}
		var w *wanted
		if err == nil {
			w, err = readWanted(node)
		}
		if err == nil && seen[w.String()] {
			err = fmt.Errorf("%s is there twice", w)
		}
		if err != nil {
			return nil, misuse("", "Cannot import document %d: %v.", n, err)
		}
		seen[w.String()] = true
		all = append(all, w)
	}
	slices.SortStableFunc(all, func(a, b *wanted) int { return cmp.Compare(rank(a.kind), rank(b.kind)) })
	return all, nil
}

// rank is the place of a kind in kinds.
func rank(k *kind) int { return slices.Index(kindNames(), string(k.id)) }

func readWanted(node *yaml.Node) (*wanted, error) {
	if node.Kind != yaml.MappingNode {
		return nil, atLine(node, "it is no mapping of kind, name and spec")
	}
	parts := map[string]*yaml.Node{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if !slices.Contains([]string{"kind", "name", "spec"}, key.Value) || parts[key.Value] != nil {
			return nil, atLine(key, fmt.Sprintf("%q is not for this, or twice there; it needs kind, name and spec", key.Value))
		}
		parts[key.Value] = node.Content[i+1]
	}
	for _, key := range []string{"kind", "name", "spec"} {
		if parts[key] == nil {
			return nil, atLine(node, fmt.Sprintf("it has no %s", key))
		}
	}
	k, ok := kindOf(api.Kind(parts["kind"].Value))
	if !ok {
		return nil, atLine(parts["kind"], fmt.Sprintf("the kind %q is none of %s", parts["kind"].Value, strings.Join(kindNames(), ", ")))
	}
	w := &wanted{kind: k, name: parts["name"].Value}
	if err := api.CheckName(w.name); err != nil {
		return nil, atLine(parts["name"], err.Error())
	}
	spec, err := k.read(parts["spec"])
	if err == nil {
		delete(spec, "origin") // what made it is the other host's affair
		w.spec, err = spec, k.check(spec)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w, err)
	}
	return w, nil
}

// check tells whether a spec can be one of its kind. Whether what it names is
// there it doesn't look.
func (k *kind) check(spec map[string]any) error {
	raw, err := encode(spec)
	if err != nil {
		return err
	}
	in := json.NewDecoder(bytes.NewReader(raw))
	in.DisallowUnknownFields()
	typed := reflect.New(k.spec).Interface()
	err = in.Decode(typed)
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("its %s can't be a %s", cmp.Or(wrong.Field, "spec"), wrong.Value)
	}
	if err != nil {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if own, ok := typed.(interface{ Validate() error }); ok {
		return own.Validate()
	}
	return nil
}

// same tells whether two specs mean the same: what is absent is the same as
// what says no, and disks have an order of their own.
func same(a, b map[string]any) bool { return reflect.DeepEqual(essence(a), essence(b)) }

// essence leaves out what says nothing; nil when that is all of it.
func essence(value any) any {
	switch v := value.(type) {
	case map[string]any:
		kept := map[string]any{}
		for key, inner := range v {
			if inner = essence(inner); inner != nil && key != "origin" {
				kept[key] = inner
			}
		}
		if len(kept) > 0 {
			return kept
		}
	case []any:
		var kept []any
		for _, inner := range v {
			kept = append(kept, essence(inner))
		}
		slices.SortStableFunc(kept, func(a, b any) int { return cmp.Compare(diskID(a), diskID(b)) })
		if len(kept) > 0 {
			return kept
		}
	case string:
		if v != "" {
			return v
		}
	case bool:
		if v {
			return v
		}
	default: // numbers, and nil
		return v
	}
	return nil
}

// diskID is the id of a disk, "" for anything else.
func diskID(value any) string {
	if object, ok := value.(map[string]any); ok {
		if id, ok := object["id"].(string); ok {
			return id
		}
	}
	return ""
}
