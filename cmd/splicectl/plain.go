package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"gopkg.in/yaml.v3"
)

// parseYAML reads one document. What only pretends to be plain data is refused.
func parseYAML(text string) (*yaml.Node, error) {
	in := yaml.NewDecoder(strings.NewReader(text))
	node, err := nextYAML(in)
	if errors.Is(err, io.EOF) {
		return nil, errors.New("it is empty")
	}
	if err != nil {
		return nil, err
	}
	if _, err := nextYAML(in); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one document in it")
	}
	return node, nil
}

// nextYAML reads the next document of a stream. It fails with io.EOF when there
// is none.
func nextYAML(in *yaml.Decoder) (*yaml.Node, error) {
	var document yaml.Node
	err := in.Decode(&document)
	switch {
	case errors.Is(err, io.EOF):
		return nil, io.EOF
	case err != nil:
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	case document.Kind != yaml.DocumentNode || len(document.Content) != 1:
		return nil, errors.New("it is empty")
	}
	return document.Content[0], nil
}

// plain makes a value of a node: objects, lists, strings, json.Numbers, booleans
// and nil.
func plain(node *yaml.Node) (any, error) {
	if node.Anchor != "" || node.Kind == yaml.AliasNode {
		return nil, atLine(node, "anchors and aliases are not for this")
	}
	switch node.Kind {
	case yaml.MappingNode:
		return plainObject(node)
	case yaml.SequenceNode:
		list := make([]any, 0, len(node.Content))
		for _, item := range node.Content {
			value, err := plain(item)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		return list, nil
	case yaml.ScalarNode:
		return plainScalar(node)
	case yaml.AliasNode, yaml.DocumentNode: // the first is refused above, the second is never within another
	}
	return nil, atLine(node, "this is no value")
}

func plainObject(node *yaml.Node) (any, error) {
	object := map[string]any{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i]
		if key.Kind != yaml.ScalarNode || key.Anchor != "" || key.Tag == "!!merge" {
			return nil, atLine(key, "this can be no key")
		}
		if _, twice := object[key.Value]; twice {
			return nil, atLine(key, fmt.Sprintf("%q is there twice", key.Value))
		}
		value, err := plain(node.Content[i+1])
		if err != nil {
			return nil, err
		}
		object[key.Value] = value
	}
	return object, nil
}

func plainScalar(node *yaml.Node) (any, error) {
	switch node.Tag {
	case "!!str", "!!timestamp": // a day is written like a text
		return node.Value, nil
	case "!!null":
		return nil, nil //nolint:nilnil // null is a value
	case "!!bool":
		var yes bool
		err := node.Decode(&yes)
		return yes, err
	case "!!int", "!!float":
		if number := json.Number(node.Value); json.Valid([]byte(number)) {
			return number, nil
		}
		return nil, atLine(node, fmt.Sprintf("%q is no plain decimal number; a text needs quotes", node.Value))
	}
	return nil, atLine(node, fmt.Sprintf("values of the type %s are not for this", node.Tag))
}

func atLine(node *yaml.Node, text string) error {
	if node.Line == 0 {
		return errors.New(text)
	}
	return fmt.Errorf("line %d: %s", node.Line, text)
}
