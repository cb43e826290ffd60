package ovf

import (
	"fmt"
	"strconv"
)

// A Class says what kind of trouble a Refusal reports.
type Class string

// The classes of refusals.
const (
	// BadArchive: the bytes are no tar archive, or a damaged or cut one.
	BadArchive Class = "bad-archive"
	// BadDescriptor: the descriptor contradicts itself or its format.
	BadDescriptor Class = "bad-descriptor"
	// Unsupported: well-formed, but beyond what can be imported.
	Unsupported Class = "unsupported"
	// TooLarge: one of the limits of this package was exceeded.
	TooLarge Class = "limit"
	// Integrity: a digest doesn't match.
	Integrity Class = "integrity"
	// BadChoice: the caller's configuration or properties don't fit.
	BadChoice Class = "bad-choice"
)

// A Refusal says why input was refused. Its text is safe to show on a terminal.
type Refusal struct {
	Class   Class
	Text    string // why; no capital letter, no period: it goes after "Cannot import OVA "web": "
	Member  string // the archive's member concerned as it is spelt there, or ""
	Offset  int64  // byte of the archive at which it was seen, -1 when it isn't about one
	Line    int    // line of the descriptor or manifest, 0 when it isn't about one
	Element string // name of the descriptor's element, or ""
}

// Error returns the text and, for a descriptor, the line.
func (r *Refusal) Error() string {
	if r.Line > 0 {
		return r.Text + " (line " + strconv.Itoa(r.Line) + ")"
	}
	return r.Text
}

// refuseMember builds the refusal of a member.
func refuseMember(class Class, member string, offset int64, format string, args ...any) *Refusal {
	return &Refusal{
		Class: class, Member: member, Offset: offset,
		Text: "member " + Display(member) + " " + fmt.Sprintf(format, args...),
	}
}

// refuseArchive builds the refusal of an archive as such.
func refuseArchive(class Class, offset int64, format string, args ...any) *Refusal {
	return &Refusal{Class: class, Offset: offset, Text: fmt.Sprintf(format, args...)}
}

// refuseAt builds the refusal of what a descriptor says in one place.
func refuseAt(class Class, n *node, format string, args ...any) *Refusal {
	r := &Refusal{Class: class, Offset: -1, Text: fmt.Sprintf(format, args...)}
	if n != nil {
		r.Line, r.Element = n.line, n.name
	}
	return r
}
