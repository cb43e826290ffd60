package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"gopkg.in/yaml.v3"
)

// toYAML writes JSON as YAML: the same keys in the same order, the same values.
func toYAML(raw json.RawMessage) (string, error) {
	node, err := parseJSON(raw)
	if err != nil {
		return "", err
	}
	return encodeYAML(node)
}

// parseJSON reads JSON as a YAML node.
func parseJSON(raw json.RawMessage) (*yaml.Node, error) {
	in := json.NewDecoder(bytes.NewReader(raw))
	in.UseNumber()
	return yamlNode(in)
}

// encodeYAML writes a node, such that a terminal can bear it.
func encodeYAML(node *yaml.Node) (string, error) {
	var b bytes.Buffer
	out := yaml.NewEncoder(&b)
	out.SetIndent(2)
	if err := errors.Join(out.Encode(node), out.Close()); err != nil {
		return "", err
	}
	wide := func(r rune) string { return fmt.Sprintf(`\U%08x`, r) } // YAML 1.2 section 5.7
	return escape(b.String(), wide), nil
}

// yamlNode reads one JSON value.
func yamlNode(in *json.Decoder) (*yaml.Node, error) {
	token, err := in.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		return yamlCollection(in, t)
	case string:
		return yamlString(t), nil
	case json.Number:
		tag := "!!int"
		if strings.ContainsAny(t.String(), ".eE") {
			tag = "!!float"
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: t.String()}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(t)}, nil
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
}

// yamlCollection reads the rest of an object or array.
func yamlCollection(in *json.Decoder, open json.Delim) (*yaml.Node, error) {
	node := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	if open == '{' {
		node.Kind, node.Tag = yaml.MappingNode, "!!map"
	}
	for in.More() { // keys and values come in turn
		child, err := yamlNode(in)
		if err != nil {
			return nil, err
		}
		node.Content = append(node.Content, child)
	}
	if len(node.Content) == 0 {
		node.Style = yaml.FlowStyle
	}
	_, err := in.Token()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return node, err
}

// yamlString quotes what escape will have to change, and what the library would
// write as a block of lines that reads differently: it takes leading blanks for
// the block's indentation, and may lose an empty line at the beginning.
func yamlString(text string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	odd := func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }
	if strings.ContainsFunc(text, odd) || strings.Contains(text, "\n") && strings.ContainsRune(" \n", rune(text[0])) {
		node.Style = yaml.DoubleQuotedStyle
	}
	return node
}
