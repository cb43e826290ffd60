package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"
)

// Limits of what is read.
const (
	// DefaultLimit is the most bytes that a document may have when Options.Limit
	// is 0. A byte costs up to 130 bytes while it is parsed (`[a,a,a,…`, measured
	// with yaml.v3 3.0.1), which bounds a hostile document to some 130 MB for the
	// time of one call.
	DefaultLimit = 1 << 20
	// maxDepth bounds the recursion; our own records are some six levels deep.
	maxDepth = 64
)

// End is the last line of a document that was written to its end: a file that
// was cut short parses all too often.
const End = "...\n"

// Options say how a document is to be read. The zero value suits a file that
// people write, of which every key is needed.
type Options struct {
	// Limit is the most bytes to accept, 0 for DefaultLimit.
	Limit int
	// WantEnd refuses what doesn't end with the line "...".
	WantEnd bool
	// Partial lets keys be absent whose field has no omitempty.
	Partial bool
}

// A Document is what was parsed: one mapping, free of anchors, aliases, merge
// keys, tags and of keys that stand twice.
type Document struct {
	root    *yaml.Node
	partial bool
}

// First returns the first key and its value's text, both empty when the mapping
// is empty or the value is not a scalar.
func (d *Document) First() (key, value string) {
	if len(d.root.Content) == 0 || d.root.Content[1].Kind != yaml.ScalarNode {
		return "", ""
	}
	return d.root.Content[0].Value, d.root.Content[1].Value
}

// Parse reads exactly one document, which must be a mapping. What it can't read
// it tells by an *Error.
func Parse(data []byte, o Options) (*Document, error) {
	if err := checkBytes(data, o); err != nil {
		return nil, err
	}
	root, err := parseNodes(data)
	if err != nil {
		return nil, err
	}
	if root.Kind != yaml.MappingNode {
		return nil, complain(root, "", "a mapping of keys to values is needed")
	}
	if err := vet(root, 0); err != nil {
		return nil, err
	}
	return &Document{root: root, partial: o.Partial}, nil
}

// checkBytes refuses what needs no parser to be refused.
func checkBytes(data []byte, o Options) error {
	limit := o.Limit
	if limit == 0 {
		limit = DefaultLimit
	}
	switch {
	case len(data) == 0:
		return &Error{Reason: "it is empty"}
	case len(data) > limit:
		return &Error{Reason: fmt.Sprintf("it is larger than %d bytes", limit)}
	case bytes.IndexByte(data, 0) >= 0:
		return &Error{Line: lineAt(data, bytes.IndexByte(data, 0)), Reason: "it holds zero bytes"}
	case !utf8.Valid(data):
		return &Error{Line: lineAt(data, invalidAt(data)), Reason: "it is not UTF-8"}
	case o.WantEnd && !bytes.HasSuffix(data, []byte("\n"+End)):
		return &Error{Line: lineAt(data, len(data)-1), Reason: `the last line is not "...", so the end may be missing`}
	}
	return nil
}

// parseNodes runs yaml.v3, which may panic on text that its tests never saw:
// one odd file must not end the program.
func parseNodes(data []byte) (root *yaml.Node, err error) {
	defer func() {
		if r := recover(); r != nil {
			root, err = nil, &Error{Reason: fmt.Sprintf("the YAML parser gave up: %v", r)}
		}
	}()
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, more yaml.Node
	switch err := dec.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, &Error{Reason: "it holds no value"}
	case err != nil:
		return nil, parseError(err)
	}
	switch err := dec.Decode(&more); {
	case err == nil:
		return nil, complain(&more, "", "a second document begins here")
	case !errors.Is(err, io.EOF):
		return nil, parseError(err)
	}
	if len(doc.Content) != 1 {
		return nil, &Error{Reason: "it holds no value"}
	}
	return doc.Content[0], nil
}

// parseError moves the line out of yaml.v3's text.
func parseError(err error) *Error {
	out := &Error{Reason: strings.TrimPrefix(err.Error(), "yaml: ")}
	if _, scanErr := fmt.Sscanf(out.Reason, "line %d:", &out.Line); scanErr == nil {
		_, out.Reason, _ = strings.Cut(out.Reason, ": ")
	}
	return out
}

// vet refuses whatever could make the text mean something else than it shows.
func vet(n *yaml.Node, depth int) error {
	switch {
	case depth > maxDepth:
		return complain(n, "", fmt.Sprintf("it is nested deeper than %d levels", maxDepth))
	case n.Kind == yaml.AliasNode:
		return complain(n, "", fmt.Sprintf("the alias *%s is refused", n.Value))
	case n.Anchor != "":
		return complain(n, "", fmt.Sprintf("the anchor &%s is refused", n.Anchor))
	case n.Style&yaml.TaggedStyle != 0:
		return complain(n, "", fmt.Sprintf("the tag %s is refused", n.Tag))
	case n.Kind == yaml.MappingNode:
		if err := vetKeys(n); err != nil {
			return err
		}
	}
	for _, child := range n.Content {
		if err := vet(child, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func vetKeys(n *yaml.Node) error {
	seen := make(map[string]int, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || isNull(key) {
			return complain(key, "", "this key is no text")
		}
		if key.ShortTag() == "!!merge" {
			return complain(key, "", `the merge key "<<" is refused`)
		}
		if line, twice := seen[key.Value]; twice {
			return complain(key, "", fmt.Sprintf("the key %q stands on line %d already", key.Value, line))
		}
		seen[key.Value] = key.Line
	}
	return nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

func lineAt(data []byte, offset int) int { return 1 + bytes.Count(data[:offset], []byte("\n")) }

func invalidAt(data []byte) int {
	for i := 0; i < len(data); {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(data)
}
