package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Size is a number of bytes. Requests and YAML files give it as an integer or
// as an integer with a binary unit ("4GiB", "512 MiB"); the wire's answers are
// integers. There are no fractions and no decimal units.
type Size int64

// units lists the binary units, largest first, with their powers of two.
func units() []struct {
	name  string
	shift uint
} {
	return []struct {
		name  string
		shift uint
	}{{"PiB", 50}, {"TiB", 40}, {"GiB", 30}, {"MiB", 20}, {"KiB", 10}, {"B", 0}}
}

// ParseSize reads a size as ordinary callers write it.
func ParseSize(text string) (Size, error) {
	number, shift := strings.TrimSpace(text), uint(0)
	for _, u := range units() {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, shift = strings.TrimSpace(rest), u.shift
			break
		}
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || number == "" || number[0] == '+' {
		return 0, fmt.Errorf("%q is no size: whole bytes, or a whole number with KiB, MiB, GiB, TiB or PiB", text)
	}
	if n < 0 {
		return 0, fmt.Errorf("%q is no size: it is negative", text)
	}
	if n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%q is larger than any disk can be", text)
	}
	return Size(n << shift), nil
}

// String gives the size exactly, in the largest unit that divides it: "4GiB",
// "1025".
func (s Size) String() string {
	for _, u := range units() {
		if s != 0 && u.shift > 0 && int64(s)%(1<<u.shift) == 0 {
			return strconv.FormatInt(int64(s)>>u.shift, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// UnmarshalText reads a YAML scalar.
func (s *Size) UnmarshalText(text []byte) error {
	n, err := ParseSize(string(text))
	if err != nil {
		return err
	}
	*s = n
	return nil
}

// MarshalText writes what String gives.
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalJSON reads an integer or a string with a unit.
func (s *Size) UnmarshalJSON(data []byte) error {
	text := string(data)
	if bytes.HasPrefix(data, []byte{'"'}) {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	}
	return s.UnmarshalText([]byte(text))
}

// MarshalJSON writes an integer.
func (s Size) MarshalJSON() ([]byte, error) {
	return strconv.AppendInt(nil, int64(s), 10), nil
}

// JSONSchema describes what UnmarshalJSON takes.
func (Size) JSONSchema() any {
	return map[string]any{
		"description": "bytes: an integer, or a string with a binary unit such as 4GiB",
		"oneOf": []any{
			map[string]any{"type": "integer", "minimum": 0},
			map[string]any{"type": "string", "pattern": "^[0-9]+ ?(([KMGTP]i)?B)?$"},
		},
	}
}
