package vm

import (
	"fmt"
	"strings"
)

// A Kind tells what a Failure is about.
type Kind int

// The kinds of failures.
const (
	Incomplete  Kind = iota + 1 // the profile lacks parts
	Invalid                     // a parameter, or a key of a part, that can't be
	Missing                     // a part names what isn't there
	Unsupported                 // the parts are right, but QEMU has no such machine
)

// A Failure says why no VM can be worked out. Its text is a clause without
// period.
type Failure struct {
	Kind  Kind
	Field string   // the parameter, or the key of the profile, that is to be changed
	Lacks []string // what an incomplete profile lacks, as keys of its spec
	Text  string
}

func (f *Failure) Error() string { return f.Text }

func fail(kind Kind, field, format string, args ...any) error {
	return &Failure{Kind: kind, Field: field, Text: fmt.Sprintf(format, args...)}
}

// incomplete is the failure of a profile without those keys.
func incomplete(profile string, lacks []string) error {
	return &Failure{
		Kind: Incomplete, Field: "profile", Lacks: lacks,
		Text: fmt.Sprintf("profile %q lacks %s", profile, strings.Join(lacks, ", ")),
	}
}
