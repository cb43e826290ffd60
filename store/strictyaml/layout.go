package strictyaml

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// A layout is a block mapping or list as it stands in a text.
type layout struct {
	indent int    // columns before each key or dash
	prefix string // what fills them on the first line: spaces, and dashes of lists around
	items  []item
	tail   []string // comments and blank lines behind the last item
}

// An item is a key with its value, or an element of a list, and the lines that
// belong to it.
type item struct {
	key   *yaml.Node // nil in a list
	value *yaml.Node
	from  int      // the number of body's first line
	gap   []string // blank lines before it, and comments that stand apart
	lead  []string // comments right above it
	body  []string // from its key or dash to the end of its value, with all that is indented more
	foot  []string // comments right below it that stand apart from the next
}

// layout takes the lines of the block n apart, which are those from up to but
// without to.
func (m merger) layout(n *yaml.Node, from, to int) (layout, error) {
	l, err := m.begin(n)
	if err != nil {
		return l, err
	}
	last := from
	for i := range l.items {
		it := &l.items[i]
		if it.from < last || it.from >= to {
			return l, errLayout
		}
		above := m.lines[last:it.from]
		if i > 0 {
			l.items[i-1].foot, above = footOf(above)
		}
		it.gap, it.lead = leadOf(above)
		end := to
		if i+1 < len(l.items) {
			end = l.items[i+1].from
		}
		if last = m.endOf(it, l.indent, end); last <= it.from || last > end {
			return l, errLayout
		}
		it.body = m.lines[it.from:last]
	}
	l.tail = m.lines[last:to]
	return l, nil
}

// begin finds where the items of a block begin, one below the other.
func (m merger) begin(n *yaml.Node) (layout, error) {
	if !isBlock(n) {
		return layout{}, errLayout
	}
	l := layout{indent: n.Column - 1}
	if n.Kind == yaml.MappingNode {
		for i := 0; i < len(n.Content); i += 2 {
			key := n.Content[i]
			l.items = append(l.items, item{key: key, value: n.Content[i+1], from: key.Line - 1})
			if key.Column-1 != l.indent {
				return l, errLayout
			}
		}
	} else {
		for i, v := range n.Content {
			from := n.Line - 1
			if i > 0 {
				from = m.dash(v.Line-1, l.indent)
			}
			l.items = append(l.items, item{value: v, from: from})
		}
	}
	for i, it := range l.items {
		if it.from < 0 || it.from >= len(m.lines) || len(m.lines[it.from]) < l.indent {
			return l, errLayout
		}
		prefix := m.lines[it.from][:l.indent]
		if i == 0 {
			l.prefix = prefix
		}
		if strings.Trim(prefix, " ") != "" && (i > 0 || strings.Trim(prefix, " -") != "") {
			return l, errLayout
		}
	}
	return l, nil
}

// dash finds the line of the dash of an element that begins on the line number
// at, or below its dash.
func (m merger) dash(at, indent int) int {
	for ; at >= 0 && at < len(m.lines); at-- {
		line := m.lines[at]
		if len(line) > indent && line[indent] == '-' && strings.Trim(line[:indent], " ") == "" {
			return at
		}
	}
	return -1
}

// endOf returns the number of the line behind an item that ends before the line
// number end: behind it are only blank lines, and comments indented no more than
// the item.
func (m merger) endOf(it *item, indent, end int) int {
	last := it.from + 1
	leaf := leafOf(it.value)
	blockText := leaf.Kind == yaml.ScalarNode && leaf.Style&(yaml.LiteralStyle|yaml.FoldedStyle) != 0
	switch {
	case blockText:
		last = m.endOfText(leaf.Line-1, end)
	case leaf.Kind == yaml.ScalarNode && leaf.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) == 0:
		last = max(last, leaf.Line)
	default:
		if line, _, ok := m.close(leaf.Line-1, leaf.Column-1); ok {
			last = line + 1
		}
	}
	for i := last; i < end; i++ {
		isComment := strings.HasPrefix(strings.TrimLeft(m.lines[i], " \t"), "#")
		if !isBlank(m.lines[i]) && (!isComment || indentOf(m.lines[i]) > indent) {
			last = i + 1
		}
	}
	return last
}

// leafOf is the last thing in a value that has a place of its own.
func leafOf(n *yaml.Node) *yaml.Node {
	for isBlock(n) {
		n = n.Content[len(n.Content)-1]
	}
	return n
}

// endOfText returns the number of the line behind a literal or folded text whose
// header stands on the line number header.
func (m merger) endOfText(header, end int) int {
	last, indent := header+1, -1
	for i := header + 1; i < end; i++ {
		line := m.lines[i]
		if isBlank(line) {
			continue
		}
		if indent < 0 {
			indent = indentOf(line)
		}
		if indentOf(line) < indent {
			break
		}
		last = i + 1
	}
	if indicators, _ := cutHeader(m.lines[header]); strings.Contains(indicators, "+") {
		for last < end && isBlank(m.lines[last]) {
			last++
		}
	}
	return last
}

// footOf takes the comments from what stands between two items that follow the
// first one without and the second one with a blank line between.
func footOf(between []string) (foot, rest []string) {
	i := slices.IndexFunc(between, isBlank)
	if i <= 0 {
		return nil, between
	}
	return between[:i], between[i:]
}

// leadOf takes the comments off that stand right above an item.
func leadOf(above []string) (gap, lead []string) {
	i := len(above)
	for i > 0 && strings.HasPrefix(strings.TrimLeft(above[i-1], " \t"), "#") {
		i--
	}
	return above[:i], above[i:]
}

func isBlank(line string) bool { return strings.Trim(line, " \t\r\n") == "" }

func allBlank(lines []string) bool {
	return !slices.ContainsFunc(lines, func(l string) bool { return !isBlank(l) })
}

func indentOf(line string) int { return len(line) - len(strings.TrimLeft(line, " ")) }

// shifted indents comments anew.
func shifted(comments []string, indent int) []string {
	out := make([]string, len(comments))
	for i, c := range comments {
		if out[i] = c; !isBlank(c) {
			out[i] = strings.Repeat(" ", indent) + strings.TrimLeft(c, " \t")
		}
	}
	return out
}
