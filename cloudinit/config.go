package cloudinit

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

const (
	// maxDepth bounds how deep YAML is nested. PyYAML, which the guest reads it
	// with, has Python's stack of 1000 calls for several calls a level.
	maxDepth = 64

	// maxNodes bounds what YAML becomes in the guest once its aliases are
	// followed. A document of MaxSize without any has fewer.
	maxNodes = 256 << 10
)

// config checks a cloud-config: a mapping with YAML's rules, whose keys stand
// once. PyYAML would take the last of two, and silently.
func (c *checker) config(content string) error {
	root, err := parse(content)
	if err != nil {
		return err
	}
	if root.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: a cloud-config is a mapping of keys to values, not %s", root.Line, called(root))
	}
	return nil
}

// archive checks a list of documents, each as its text alone or as a mapping
// with type and content.
func (c *checker) archive(content string) error {
	root, err := parse(content)
	if err != nil {
		return err
	}
	if root.Kind != yaml.SequenceNode {
		return fmt.Errorf("line %d: a cloud-config-archive is a list of documents, not %s", root.Line, called(root))
	}
	for i, item := range root.Content {
		if err := c.item(follow(item)); err != nil {
			return fmt.Errorf("item %d (line %d): %w", i+1, item.Line, err)
		}
	}
	return nil
}

func (c *checker) item(n *yaml.Node) error {
	if err := c.another(); err != nil {
		return err
	}
	switch n.Kind { //nolint:exhaustive // the others are no documents
	case yaml.ScalarNode:
		return c.part("text/plain", n.Value)
	case yaml.MappingNode:
		mime, content := "text/plain", ""
		for i := 0; i+1 < len(n.Content); i += 2 {
			switch key, value := n.Content[i], follow(n.Content[i+1]); key.Value {
			case "type":
				mime = value.Value
			case "content":
				content = value.Value
			}
		}
		return c.part(mime, content)
	default:
		return fmt.Errorf("a document is a text or a mapping with type and content, not %s", called(n))
	}
}

// parse reads the one YAML document of content and returns its root, whose tree
// has been walked.
func parse(content string) (*yaml.Node, error) {
	d := yaml.NewDecoder(strings.NewReader(content))
	var document, more yaml.Node
	if err := d.Decode(&document); errors.Is(err, io.EOF) {
		return nil, errors.New("the document holds nothing but comments; {} is an empty mapping")
	} else if err != nil {
		return nil, syntax(err)
	}
	if err := d.Decode(&more); err == nil {
		return nil, fmt.Errorf("line %d: a second YAML document begins; only one is read", more.Line)
	} else if !errors.Is(err, io.EOF) {
		return nil, syntax(err)
	}
	w := &walk{sizes: make(map[*yaml.Node]int)}
	if _, err := w.node(&document, 0); err != nil {
		return nil, err
	}
	return follow(document.Content[0]), nil
}

// syntax says a failure of the YAML parser without its name. For what the parser
// (unlike its scanner) refuses, yaml.v3 counts lines from 0 and tells where the
// mapping, list or value begins in which it was (fail in its decode.go).
func syntax(err error) error {
	said := strings.TrimPrefix(err.Error(), "yaml: ")
	number, problem, _ := strings.Cut(strings.TrimPrefix(said, "line "), ": ")
	if line, err := strconv.Atoi(number); err == nil && slices.Contains(parserProblems(), problem) {
		return fmt.Errorf("line %d: in what begins here, the YAML parser %s", line+1, problem)
	}
	return errors.New(said)
}

// parserProblems are the refusals that parserc.go of yaml.v3 gives with the
// place where it was.
func parserProblems() []string {
	return []string{
		"did not find expected node content", "did not find expected key", "did not find expected '-' indicator",
		"did not find expected ',' or ']'", "did not find expected ',' or '}'", "found undefined tag handle",
	}
}

// A walk looks at each node of a tree once.
type walk struct {
	sizes map[*yaml.Node]int // of the nodes that were looked at, aliases followed; 0 while one is being looked at
}

// node checks n and answers how many nodes it stands for.
func (w *walk) node(n *yaml.Node, depth int) (int, error) {
	size, seen := w.sizes[n]
	switch {
	case seen && size == 0:
		return 0, fmt.Errorf("line %d: the anchor %q holds an alias of itself", n.Line, shorten(n.Anchor))
	case seen:
		return size, nil
	case depth > maxDepth:
		return 0, fmt.Errorf("line %d: values are nested deeper than %d levels", n.Line, maxDepth)
	}
	w.sizes[n] = 0
	size, err := w.inside(n, depth)
	w.sizes[n] = size
	return size, err
}

func (w *walk) inside(n *yaml.Node, depth int) (int, error) {
	if n.Kind == yaml.AliasNode {
		return w.node(n.Alias, depth+1)
	}
	if err := own(n); err != nil {
		return 0, err
	}
	total := 1
	for _, child := range n.Content {
		size, err := w.node(child, depth+1)
		if err != nil {
			return 0, err
		}
		if total += size; total > maxNodes {
			return 0, fmt.Errorf("line %d: its aliases make more than %d values of the document", n.Line, maxNodes)
		}
	}
	return total, nil
}

// own checks what a node says without its children's values.
func own(n *yaml.Node) error {
	switch n.ShortTag() {
	case "!!str", "!!int", "!!float", "!!bool", "!!null", "!!map", "!!seq", "!!binary", "!!timestamp", "!!merge", "!!set", "!!omap", "!!pairs":
	case "": // the document itself
	default:
		return fmt.Errorf("line %d: cloud-init doesn't know the tag %s", n.Line, shorten(n.Tag))
	}
	if n.Kind == yaml.MappingNode {
		return keys(n)
	}
	return nil
}

func keys(n *yaml.Node) error {
	first := make(map[string]int)
	for i := 0; i < len(n.Content); i += 2 {
		key := follow(n.Content[i])
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: a key is %s, which cloud-init can't read", key.Line, called(key))
		}
		is := key.ShortTag() + " " + key.Value
		if line, twice := first[is]; twice {
			return fmt.Errorf("line %d: the key %q stands in line %d already", key.Line, shorten(key.Value), line)
		}
		first[is] = key.Line
	}
	return nil
}

// follow returns what an alias stands for, and any other node as it is.
func follow(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// called names what a node is.
func called(n *yaml.Node) string {
	switch n.Kind { //nolint:exhaustive // the others are single values
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	if n.ShortTag() == "!!null" {
		return "nothing"
	}
	return "a single value"
}
