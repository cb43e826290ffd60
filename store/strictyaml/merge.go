package strictyaml

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"gopkg.in/yaml.v3"
)

// errLayout says that a text is laid out in a way that can't be changed in part.
var errLayout = errors.New("the layout can't be kept")

// Merge returns a text that says v and is old wherever the two say the same:
// comments, the order of keys, blank lines, indents and the styles of scalars
// stay, byte for byte. Only the lines of what changed are written anew. Comments
// go with what they stand above of or beside: they follow an element of a list
// (known by its key `id` or `name`, else by its value or place), and leave with a
// key or element that is removed.
//
// What old says is replaced from its nodes' places in the text, as yaml.v3 gives
// them; the emitter of yaml.v3 would lay out the whole file anew. The result is
// read before it is returned: where it doesn't say v exactly (an explicit `? key`,
// a mapping in braces as the whole document), the answer is that of Marshal. old
// must be a text that reads as a T; if it doesn't, an *Error tells why.
func (c *Codec[T]) Merge(old []byte, v T, o Options) ([]byte, error) {
	o.WantEnd = true
	plain, err := c.Marshal(v)
	if err != nil {
		return nil, err
	}
	was, want, doc, err := c.sides(old, v, o)
	if err != nil {
		return nil, err
	}
	for _, style := range []yaml.Style{yaml.LiteralStyle, yaml.DoubleQuotedStyle} {
		styled(want, style)
		if text, err := merged(old, doc.root, was, want); err == nil && c.says(text, want) {
			return text, nil
		}
	}
	return plain, nil
}

// sides returns what old and v say, both as the writer puts it, and old itself.
func (c *Codec[T]) sides(old []byte, v T, o Options) (was, want *yaml.Node, doc *Document, err error) {
	if doc, err = Parse(old, o); err != nil {
		return nil, nil, nil, err
	}
	var zero T
	now, err := c.Decode(doc, zero)
	if err != nil {
		return nil, nil, nil, err
	}
	w := writer{types: c.types}
	if was, err = w.value(reflect.ValueOf(now), ""); err != nil {
		return nil, nil, nil, err
	}
	want, err = w.value(reflect.ValueOf(v), "")
	return was, want, doc, err
}

// says tells whether a text reads as what want says, with the same first key.
func (c *Codec[T]) says(text []byte, want *yaml.Node) bool {
	doc, err := Parse(text, Options{Limit: len(text), WantEnd: true})
	if err != nil {
		return false
	}
	var zero T
	again, err := c.Decode(doc, zero)
	if err != nil {
		return false
	}
	w := writer{types: c.types}
	now, err := w.value(reflect.ValueOf(again), "")
	return err == nil && equal(now, want)
}

// equal is same for nodes of which one may be a number and one a text.
func equal(a, b *yaml.Node) bool {
	return a.Kind == b.Kind && a.Tag == b.Tag && a.Value == b.Value && slices.EqualFunc(a.Content, b.Content, equal)
}

// merged brings the text of root from what it was to what is wanted.
func merged(old []byte, root, was, want *yaml.Node) (text []byte, err error) {
	defer func() {
		if r := recover(); r != nil { // the emitter's, as in parseNodes
			text, err = nil, fmt.Errorf("%w: %v", errLayout, r)
		}
	}()
	m := merger{lines: splitLines(old)}
	out, err := m.block(root, was, want, 0, len(m.lines)-1)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	for _, line := range slices.Concat(out.lead, out.body) {
		b.WriteString(line)
	}
	b.WriteString(End)
	return b.Bytes(), nil
}

// A merger writes new lines for what changed in a text.
type merger struct{ lines []string }

// A rewritten block or item: lead are the comments before it, body begins with
// its own first line.
type rewritten struct{ lead, body []string }

// block rewrites the block mapping or list n, which takes the lines from up to
// but without to.
func (m merger) block(n, was, want *yaml.Node, from, to int) (rewritten, error) {
	l, err := m.layout(n, from, to)
	if err != nil {
		return rewritten{}, err
	}
	var pieces []piece
	if n.Kind == yaml.MappingNode {
		pieces, err = m.keys(l, was, want)
	} else {
		pieces, err = m.elements(l, was, want)
	}
	if err != nil {
		return rewritten{}, err
	}
	return l.compose(pieces, n.Kind == yaml.SequenceNode), nil
}

// keys rewrites a mapping's items: those that stay keep their order, new ones
// stand behind the key that they follow in what is wanted.
func (m merger) keys(l layout, was, want *yaml.Node) ([]piece, error) {
	var pieces []piece
	var names []string
	for i, it := range l.items {
		name := it.key.Value
		then, now := valueOf(was, name), valueOf(want, name)
		if then != nil && now == nil {
			continue
		}
		p := piece{old: i, rewritten: rewritten{it.lead, it.body}, foot: it.foot}
		if now != nil && (then == nil || !equal(then, now)) {
			var err error
			if p.rewritten, err = m.item(l, it, then, now); err != nil {
				return nil, err
			}
		}
		pieces, names = append(pieces, p), append(names, name)
	}
	keys := keysOf(want)
	for i, key := range keys {
		if slices.Contains(names, key) {
			continue
		}
		lines, err := l.fresh(&yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: want.Content[2*i : 2*i+2]})
		if err != nil {
			return nil, err
		}
		at := place(keys, i, names)
		pieces = slices.Insert(pieces, at, piece{old: -1, rewritten: rewritten{body: lines}})
		names = slices.Insert(names, at, key)
	}
	return pieces, nil
}

// place is where the key number i of keys goes among names: behind the last of
// the keys before it, and those of them that stand right there in another order;
// else before the first of those behind it.
func place(keys []string, i int, names []string) int {
	for _, before := range slices.Backward(keys[:i]) {
		if at := slices.Index(names, before); at >= 0 {
			for at++; at < len(names) && slices.Contains(keys[:i], names[at]); at++ {
			}
			return at
		}
	}
	for _, behind := range keys[i+1:] {
		if at := slices.Index(names, behind); at >= 0 {
			return at
		}
	}
	return len(names)
}

// elements rewrites a list's items, in the order that is wanted.
func (m merger) elements(l layout, was, want *yaml.Node) ([]piece, error) {
	from := match(was.Content, want.Content)
	pieces := make([]piece, len(from))
	for i, now := range want.Content {
		var err error
		p := piece{old: from[i]}
		if p.old < 0 {
			p.body, err = l.fresh(&yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{now}})
		} else {
			it, then := l.items[p.old], was.Content[p.old]
			p.rewritten, p.foot = rewritten{it.lead, it.body}, it.foot
			if !equal(then, now) {
				p.rewritten, err = m.item(l, it, then, now)
			}
		}
		if err != nil {
			return nil, err
		}
		pieces[i] = p
	}
	return pieces, nil
}

// item rewrites one key or element whose value changes: in part where both are
// blocks of one kind, else as a whole.
func (m merger) item(l layout, it item, then, now *yaml.Node) (rewritten, error) {
	v := it.value
	to := it.from + len(it.body)
	if then != nil && isBlock(v) && v.Kind == then.Kind && v.Kind == now.Kind && len(now.Content) > 0 {
		from := it.from
		if v.Line-1 > from {
			from++
		}
		inner, err := m.block(v, then, now, from, to)
		switch {
		case errors.Is(err, errLayout):
		case err != nil:
			return rewritten{}, err
		case from == it.from: // a list's element begins on the line of its dash
			return rewritten{slices.Concat(it.lead, shifted(inner.lead, l.indent)), inner.body}, nil
		default:
			return rewritten{it.lead, slices.Concat(m.lines[it.from:from], inner.lead, inner.body)}, nil
		}
	}
	return m.replace(l, it, now)
}

func isBlock(n *yaml.Node) bool {
	return n.Kind != yaml.ScalarNode && n.Style&yaml.FlowStyle == 0 && len(n.Content) > 0
}

func keysOf(n *yaml.Node) []string {
	keys := make([]string, 0, len(n.Content)/2)
	for i := 0; i < len(n.Content); i += 2 {
		keys = append(keys, n.Content[i].Value)
	}
	return keys
}

func valueOf(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}
