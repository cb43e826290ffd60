package strictyaml

import (
	"bytes"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// replace gives an item another value as a whole. A comment beside the old one
// stays beside the new one, those inside of it go above the item.
func (m merger) replace(l layout, it item, now *yaml.Node) (rewritten, error) {
	head, beside, within, err := m.around(l, it)
	if err != nil {
		return rewritten{}, err
	}
	n := restyled(now, it.value)
	wrap := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{n}}
	mark := "-"
	if it.key != nil {
		wrap = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{scalarNode("!!str", "k"), n}}
		mark = "k:"
	}
	lines, err := l.fresh(wrap)
	if err != nil {
		return rewritten{}, err
	}
	first, ours := strings.CutPrefix(strings.TrimSpace(lines[0]), mark)
	if !ours {
		return rewritten{}, errLayout
	}
	head = strings.TrimRight(head, " \t")
	if gap := m.lines[it.from][len(head):]; first != "" {
		// Values that stand in a column go on so.
		head += gap[:max(0, len(gap)-len(strings.TrimLeft(gap, " ")))]
		if first = strings.TrimLeft(first, " "); !strings.HasSuffix(head, " ") {
			head += " "
		}
	}
	lines[0] = head + first + beside + "\n"
	return rewritten{slices.Concat(it.lead, shifted(within, l.indent)), lines}, nil
}

// around returns what stands before an item's value on its line, the comment
// beside it with the spaces before, and the comments between and in its lines.
func (m merger) around(l layout, it item) (head, beside string, within []string, err error) {
	v := it.value
	line := m.lines[it.from]
	at := v.Line - 1
	if at == it.from {
		i := offset(line, v.Column-1)
		if i < 0 {
			return "", "", nil, errLayout
		}
		head = line[:i]
	} else if head, err = m.opening(l, it); err != nil {
		return "", "", nil, err
	}
	if isBlock(v) {
		if at > it.from {
			beside, err = comment(line[len(head):])
		}
		return head, beside, nil, err
	}
	endLine, rest, err := m.behind(v)
	if err != nil {
		return "", "", nil, err
	}
	if beside, err = comment(rest); err != nil {
		return "", "", nil, err
	}
	if at > it.from { // the comment behind the colon, and lines before the value
		first, err := comment(line[len(head):])
		if err != nil {
			return "", "", nil, err
		}
		within = commentsIn(slices.Concat([]string{first}, m.lines[it.from+1:at]))
	}
	if v.Kind != yaml.ScalarNode {
		within = append(within, m.flowComments(v)...)
	}
	return head, beside, append(within, commentsIn(m.lines[endLine+1:it.from+len(it.body)])...), nil
}

// opening is an item's first line up to its colon or dash.
func (m merger) opening(l layout, it item) (string, error) {
	line := m.lines[it.from]
	if it.key == nil {
		return line[:l.indent+1], nil
	}
	end := l.indent + len(it.key.Value)
	if it.key.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		at, i, ok := m.close(it.from, l.indent)
		if !ok || at != it.from {
			return "", errLayout
		}
		end = i
	}
	if end > len(line) {
		return "", errLayout
	}
	i := strings.IndexByte(line[end:], ':')
	if i < 0 || strings.Trim(line[end:end+i], " \t") != "" {
		return "", errLayout
	}
	return line[:end+i+1], nil
}

// behind returns the number of the line on which a scalar's own text, its header
// or a value in brackets ends, and what follows on that line.
func (m merger) behind(v *yaml.Node) (at int, rest string, err error) {
	at = v.Line - 1
	line := m.lines[at]
	i := offset(line, v.Column-1)
	switch {
	case i < 0:
		return 0, "", errLayout
	case v.Kind == yaml.ScalarNode && v.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0:
		_, rest = cutHeader(line[i:])
		return m.endOfText(at, len(m.lines)) - 1, rest, nil
	case v.Kind == yaml.ScalarNode && v.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0:
		if rest, ok := strings.CutPrefix(line[i:], v.Value); ok {
			return at, rest, nil
		}
		return m.endOfPlain(at, v)
	}
	end, i, ok := m.close(at, v.Column-1)
	if !ok {
		return 0, "", errLayout
	}
	return end, m.lines[end][i:], nil
}

// endOfPlain finds the end of a plain text of several lines: its last word.
func (m merger) endOfPlain(at int, v *yaml.Node) (int, string, error) {
	words := strings.Fields(v.Value)
	for n := 0; at < len(m.lines) && len(words) > 0; at++ {
		line, rest := m.lines[at], m.lines[at]
		if n == 0 {
			rest = line[max(0, offset(line, v.Column-1)):]
		}
		for len(words) > 0 {
			trimmed := strings.TrimLeft(rest, " \t")
			cut, ok := strings.CutPrefix(trimmed, words[0])
			if !ok {
				break
			}
			rest, words, n = cut, words[1:], n+1
		}
		if len(words) == 0 {
			return at, rest, nil
		}
		if !isBlank(rest) {
			return 0, "", errLayout
		}
	}
	return 0, "", errLayout
}

// comment returns what follows a value if that is nothing or a comment, without
// the end of the line.
func comment(rest string) (string, error) {
	rest = strings.TrimRight(rest, " \t\r\n")
	text := strings.TrimLeft(rest, " \t")
	if text != "" && (text[0] != '#' || text == rest) {
		return "", errLayout
	}
	return rest, nil
}

func commentsIn(lines []string) []string {
	var out []string
	for _, line := range lines {
		if text := strings.Trim(line, " \t\r\n"); strings.HasPrefix(text, "#") {
			out = append(out, text+"\n")
		}
	}
	return out
}

// fresh emits n as lines at the layout's indent.
func (l layout) fresh(n *yaml.Node) ([]string, error) {
	var b bytes.Buffer
	if err := encode(&b, n); err != nil {
		return nil, err
	}
	lines := splitLines(b.Bytes())
	for i, line := range lines {
		if !isBlank(line) {
			lines[i] = strings.Repeat(" ", l.indent) + line
		}
	}
	return lines, nil
}

// restyled returns n in the style of the value that it replaces: quotes, blocks
// of text, brackets, and in these the order of keys.
func restyled(n, old *yaml.Node) *yaml.Node {
	out := *n
	switch {
	case n.Kind != old.Kind:
	case n.Kind == yaml.ScalarNode:
		if isText := n.Tag == "!!str" && n.Style == 0; isText && old.Style&^yaml.FoldedStyle != 0 {
			out.Style = old.Style
		}
	case old.Style&yaml.FlowStyle == 0 || len(old.Content) == 0:
	case n.Kind == yaml.SequenceNode:
		out.Style = yaml.FlowStyle
		out.Content = make([]*yaml.Node, len(n.Content))
		for i, child := range n.Content {
			like := slices.IndexFunc(old.Content, func(o *yaml.Node) bool { return o.Kind == child.Kind && o.Value == child.Value })
			if child.Kind != yaml.ScalarNode || like < 0 {
				like = min(i, len(old.Content)-1)
			}
			out.Content[i] = restyled(child, old.Content[like])
		}
	default:
		out.Style = yaml.FlowStyle
		out.Content = restyledKeys(n, old)
	}
	return &out
}

func restyledKeys(n, old *yaml.Node) []*yaml.Node {
	var out, fresh []*yaml.Node
	for i := 0; i < len(old.Content); i += 2 {
		if v := valueOf(n, old.Content[i].Value); v != nil {
			out = append(out, scalarNode("!!str", old.Content[i].Value), restyled(v, old.Content[i+1]))
		}
	}
	for i := 0; i < len(n.Content); i += 2 {
		if valueOf(old, n.Content[i].Value) == nil {
			fresh = append(fresh, n.Content[i], n.Content[i+1])
		}
	}
	return append(out, fresh...)
}
