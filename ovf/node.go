package ovf

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strings"
)

// Limits of a descriptor's XML. The largest seen has 4,200 tags and 810
// attributes, at a depth of 8.
const (
	maxDepth      = 40
	maxTags       = 120_000 // start and end tags, comments and the like
	maxAttributes = 120_000 // counted by their equals signs, those of texts too
)

// A node is an element of a descriptor.
type node struct {
	space    string // the namespace's URI, or an undeclared prefix
	name     string // without prefix
	line     int
	attrs    []xml.Attr
	children []*node
	text     string // all character data directly inside, trimmed
}

// attr returns an attribute by its local name; OVF's own come before those of
// other namespaces. It is trimmed.
func (n *node) attr(name string) (string, bool) {
	found, ok := "", false
	for _, a := range n.attrs {
		if a.Name.Local != name {
			continue
		}
		if !ok || isEnvelope(a.Name.Space) {
			found, ok = strings.TrimSpace(a.Value), true
		}
	}
	return found, ok
}

// get is attr for those that treat an absent attribute as an empty one.
func (n *node) get(name string) string {
	value, _ := n.attr(name)
	return value
}

// child returns the first child of that name.
func (n *node) child(name string) *node {
	for _, c := range n.children {
		if c.name == name {
			return c
		}
	}
	return nil
}

// value is the text of the child of the first name that there is, "" without
// one.
func (n *node) value(names ...string) string {
	for _, name := range names {
		if c := n.child(name); c != nil {
			return c.text
		}
	}
	return ""
}

// all returns the children of one of the names, in order.
func (n *node) all(names ...string) []*node {
	var found []*node
	for _, c := range n.children {
		if slices.Contains(names, c.name) {
			found = append(found, c)
		}
	}
	return found
}

// readTree reads a document into a tree, within the limits above.
func readTree(doc []byte) (*node, error) {
	if len(doc) > MaxDescriptor {
		return nil, refuseAt(TooLarge, nil, "the descriptor is %d bytes long; %d are the most", len(doc), MaxDescriptor)
	}
	doc = bytes.TrimPrefix(doc, []byte("\ufeff"))
	if bytes.HasPrefix(doc, []byte("\xff\xfe")) || bytes.HasPrefix(doc, []byte("\xfe\xff")) {
		return nil, refuseAt(Unsupported, nil, "the descriptor is written in UTF-16; convert it to UTF-8")
	}
	if bytes.Count(doc, []byte("<")) > maxTags {
		return nil, refuseAt(TooLarge, nil, "the descriptor has more than %d tags", maxTags)
	}
	if bytes.Count(doc, []byte("=")) > maxAttributes {
		return nil, refuseAt(TooLarge, nil, "the descriptor has more than %d attributes", maxAttributes)
	}
	b := treeBuilder{dec: xml.NewDecoder(bytes.NewReader(doc)), names: map[string]string{}}
	b.dec.CharsetReader = latin1
	return b.build()
}

// treeBuilder turns tokens into nodes.
type treeBuilder struct {
	dec   *xml.Decoder
	names map[string]string // names are few: each is kept once
	stack []*node
	texts []*strings.Builder
	root  *node
}

func (b *treeBuilder) build() (*node, error) {
	for {
		line, _ := b.dec.InputPos()
		token, err := b.dec.Token()
		if err == io.EOF { //nolint:errorlint // encoding/xml's bare end
			break
		}
		if err != nil {
			return nil, badXML(err)
		}
		if err := b.take(token, line); err != nil {
			return nil, err
		}
	}
	if b.root == nil {
		return nil, refuseAt(BadDescriptor, nil, "the descriptor has no elements")
	}
	return b.root, nil
}

func (b *treeBuilder) take(token xml.Token, line int) error {
	switch t := token.(type) {
	case xml.StartElement:
		return b.open(t, line)
	case xml.EndElement:
		last := len(b.stack) - 1
		b.stack[last].text = strings.TrimSpace(b.texts[last].String())
		b.stack, b.texts = b.stack[:last], b.texts[:last]
	case xml.CharData:
		if last := len(b.stack) - 1; last >= 0 {
			_, _ = b.texts[last].Write(t) // a strings.Builder takes all
		} else if len(bytes.TrimSpace(t)) > 0 {
			return &Refusal{Class: BadDescriptor, Offset: -1, Line: line, Text: "the descriptor has text outside of its elements"}
		}
	case xml.Directive:
		if bytes.HasPrefix(bytes.ToUpper(t), []byte("DOCTYPE")) {
			return &Refusal{Class: BadDescriptor, Offset: -1, Line: line, Text: "the descriptor has a DOCTYPE, which OVF does not know"}
		}
	}
	return nil
}

func (b *treeBuilder) open(t xml.StartElement, line int) error {
	n := &node{space: b.once(t.Name.Space), name: b.once(t.Name.Local), line: line}
	if len(t.Attr) > 0 {
		n.attrs = make([]xml.Attr, 0, len(t.Attr))
	}
	for _, a := range t.Attr {
		a.Name.Space, a.Name.Local = b.once(a.Name.Space), b.once(a.Name.Local)
		n.attrs = append(n.attrs, a)
	}
	depth := len(b.stack)
	switch {
	case depth == 0 && b.root != nil:
		return refuseAt(BadDescriptor, n, "the descriptor has a second root element %s", Display(n.name))
	case depth == 0:
		b.root = n
	case depth >= maxDepth:
		return refuseAt(TooLarge, n, "the descriptor's elements are nested more than %d deep", maxDepth)
	default:
		parent := b.stack[depth-1]
		parent.children = append(parent.children, n)
	}
	b.stack, b.texts = append(b.stack, n), append(b.texts, &strings.Builder{})
	return nil
}

func (b *treeBuilder) once(s string) string {
	if kept, ok := b.names[s]; ok {
		return kept
	}
	if len(b.names) < maxAttributes {
		b.names[s] = s
	}
	return s
}

// badXML words a parser's complaint.
func badXML(err error) error {
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		return &Refusal{Class: BadDescriptor, Offset: -1, Line: syntax.Line, Text: "the descriptor is not well-formed XML: " + Clean(syntax.Msg)}
	}
	return &Refusal{Class: BadDescriptor, Offset: -1, Text: "the descriptor cannot be read: " + Clean(strings.TrimPrefix(err.Error(), "xml: "))}
}

// latin1 decodes the one-byte encodings that descriptors were seen in.
func latin1(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf8", "us-ascii", "ascii":
		return input, nil
	case "iso-8859-1", "latin1", "windows-1252":
		return &latin1Reader{in: input}, nil
	}
	return nil, errors.New("its encoding " + Display(label) + " is not known; convert it to UTF-8")
}

// latin1Reader turns each byte into the character of that number.
type latin1Reader struct {
	in io.Reader
}

func (l *latin1Reader) Read(p []byte) (int, error) {
	half := make([]byte, min(len(p)/2, 4096))
	if len(half) == 0 {
		return 0, io.ErrShortBuffer
	}
	n, err := l.in.Read(half)
	out := p[:0]
	for _, c := range half[:n] {
		if c < 0x80 {
			out = append(out, c)
		} else {
			out = append(out, 0xc0|c>>6, 0x80|c&0x3f)
		}
	}
	return len(out), err
}
