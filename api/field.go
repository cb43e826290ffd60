package api

import (
	"fmt"
	"slices"
	"strings"
)

// A FieldError says what is wrong with one key of what people write. As a text
// it is a clause: `"disks[1].size" is missing`.
type FieldError struct {
	Field string // path from the object's top, such as "disks[1].size"
	Why   string // what follows the key in the clause
}

func (e *FieldError) Error() string { return fmt.Sprintf("%q %s", e.Field, e.Why) }

// wrong makes a FieldError.
func wrong(field, format string, args ...any) error {
	return &FieldError{Field: field, Why: fmt.Sprintf(format, args...)}
}

// firstOf returns the first failure.
func firstOf(failures ...error) error {
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

func between(field string, n, low, high int) error {
	if n >= low && n <= high {
		return nil
	}
	return wrong(field, "is %d; %d to %d are allowed", n, low, high)
}

// word holds an optional key against the words that it may be.
func word(field, value string, words ...string) error {
	if value == "" || slices.Contains(words, value) {
		return nil
	}
	return wrong(field, "is %q; it can be %s", value, alternatives(words))
}

func alternatives(words []string) string {
	if len(words) == 1 {
		return words[0]
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// optionalName checks a key that may name another object.
func optionalName(field, name string) error {
	if name == "" {
		return nil
	}
	if err := CheckName(name); err != nil {
		return wrong(field, "is no name: %v", err)
	}
	return nil
}

// checkOrigin returns nil for what OriginOVA gives, or nothing.
func checkOrigin(origin string) error {
	if origin == "" {
		return nil
	}
	ova, of := strings.CutPrefix(origin, originOVA)
	if !of || CheckName(ova) != nil {
		return wrong("origin", "is %q; it can be \"ova NAME\"", origin)
	}
	return nil
}

const originOVA = "ova "

// OriginOVA is the origin of what was made with an OVA.
func OriginOVA(name string) string { return originOVA + name }
