package strictyaml

import (
	"slices"
	"strings"
)

// A piece is an item of the new text: an old one, perhaps rewritten, or a new one.
type piece struct {
	rewritten
	old  int // the item's number, -1 for a new one
	foot []string
}

// compose puts pieces together as the layout has it. A list whose elements stand
// apart goes on so.
func (l layout) compose(pieces []piece, isList bool) rewritten {
	gaps, tail := l.gaps(pieces)
	var between []string
	if isList && len(l.items) > 1 && allBlank(l.items[1].gap) {
		between = l.items[1].gap
	}
	var out rewritten
	for i, p := range pieces {
		gap := between
		if p.old > 0 {
			gap = gaps[p.old]
		}
		if i == 0 {
			if p.old <= 0 || allBlank(gap) {
				gap = nil
			}
			out.lead = slices.Concat(l.items[0].gap, gap, p.lead)
			out.body = slices.Concat(l.first(p.body, l.prefix), p.foot)
			continue
		}
		out.body = slices.Concat(out.body, gap, p.lead, l.first(p.body, strings.Repeat(" ", l.indent)), p.foot)
	}
	out.body = slices.Concat(out.body, tail)
	return out
}

// first puts prefix before the first line of an item.
func (l layout) first(body []string, prefix string) []string {
	return slices.Concat([]string{prefix + body[0][l.indent:]}, body[1:])
}

// gaps returns what stands before each old item, where nothing of what stood
// before those that are gone is lost but blank lines.
func (l layout) gaps(pieces []piece) (gaps [][]string, tail []string) {
	stays := make([]bool, len(l.items))
	for _, p := range pieces {
		if p.old >= 0 {
			stays[p.old] = true
		}
	}
	var left []string
	gaps = make([][]string, len(l.items))
	for i, it := range l.items {
		if i > 0 { // what stands before the first stays there
			left = joined(left, it.gap)
		}
		if stays[i] {
			gaps[i], left = left, nil
		}
	}
	if allBlank(left) {
		left = nil
	}
	return gaps, joined(left, l.tail)
}

// joined puts two gaps together, with no more blank lines than one of them has.
func joined(a, b []string) []string {
	switch {
	case len(b) == 0:
		return a
	case allBlank(a):
		return b
	}
	if isBlank(a[len(a)-1]) {
		i := slices.IndexFunc(b, func(l string) bool { return !isBlank(l) })
		if i < 0 {
			return a
		}
		b = b[i:]
	}
	return slices.Concat(a, b)
}
