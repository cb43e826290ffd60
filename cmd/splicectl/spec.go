package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"

	"spliced/api"
)

// yaml writes a spec as people read and write it: sizes have units.
func (k *kind) yaml(spec api.Spec) (string, error) {
	node, err := k.node(spec)
	if err != nil {
		return "", err
	}
	return encodeYAML(node)
}

func (k *kind) node(spec api.Spec) (*yaml.Node, error) {
	node, err := parseJSON(json.RawMessage(spec))
	if err != nil {
		return nil, err
	}
	reshape(node, k.spec, func(n *yaml.Node, t reflect.Type) {
		if t == reflect.TypeFor[api.Size]() {
			if size, err := api.ParseSize(n.Value); err == nil {
				n.Tag, n.Value = "!!str", size.String()
			}
		}
	})
	return node, nil
}

// read makes a spec, or a merge patch of one, of a document that people wrote.
// Where the spec has texts, numbers are taken as they are written.
func (k *kind) read(node *yaml.Node) (map[string]any, error) {
	reshape(node, k.spec, func(n *yaml.Node, t reflect.Type) {
		size, err := api.ParseSize(n.Value)
		switch {
		case n.Tag == "!!null":
		case t.Kind() == reflect.String:
			n.Tag = "!!str"
		case t == reflect.TypeFor[api.Size]() && err == nil:
			n.Tag, n.Value = "!!int", fmt.Sprint(int64(size))
		}
	})
	value, err := plain(node)
	if err != nil {
		return nil, err
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, errors.New("it is no mapping of keys to values")
	}
	return object, nil
}

// object is a spec from the wire in the form of read.
func (k *kind) object(spec api.Spec) (map[string]any, error) {
	node, err := parseJSON(json.RawMessage(spec))
	if err != nil {
		return nil, err
	}
	return k.read(node)
}

// reshape calls leaf for each scalar of which the type says what it is.
func reshape(node *yaml.Node, t reflect.Type, leaf func(n *yaml.Node, t reflect.Type)) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case node.Kind == yaml.ScalarNode:
		leaf(node, t)
	case node.Kind == yaml.SequenceNode && t.Kind() == reflect.Slice:
		for _, item := range node.Content {
			reshape(item, t.Elem(), leaf)
		}
	case node.Kind == yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if inner, ok := member(t, node.Content[i].Value); ok {
				reshape(node.Content[i+1], inner, leaf)
			}
		}
	}
}

// member returns the type of what a key holds.
func member(t reflect.Type, key string) (reflect.Type, bool) {
	if t.Kind() == reflect.Map {
		return t.Elem(), true
	}
	if t.Kind() != reflect.Struct {
		return nil, false
	}
	for f := range fieldsOf(t) {
		if f.key == key {
			return f.t, true
		}
	}
	return nil, false
}

// encode makes a Spec of an object.
func encode(object map[string]any) (api.Spec, error) {
	var b bytes.Buffer
	out := json.NewEncoder(&b)
	out.SetEscapeHTML(false)
	err := out.Encode(object)
	return api.Spec(bytes.TrimSpace(b.Bytes())), err
}

// textOf returns the text that is the spec of userdata and scripts.
func textOf(spec api.Spec) string {
	var t api.Userdata // a script has the same shape
	if json.Unmarshal(spec, &t) != nil {
		return "" // a daemon that we don't understand; -o json shows all
	}
	return t.Content
}

// A specField is a key of a type from package api.
type specField struct {
	key string
	t   reflect.Type
}

// fieldsOf goes through the keys of a struct, as JSON has them.
func fieldsOf(t reflect.Type) iter.Seq[specField] {
	return func(yield func(specField) bool) {
		for f := range t.Fields() {
			key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if !yield(specField{key, f.Type}) {
				return
			}
		}
	}
}
