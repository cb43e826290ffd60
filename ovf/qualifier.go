package ovf

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// qualifier limits the values of a property (DSP0243, section 9.5.1, table 6).
type qualifier struct {
	name   string // in lower case: minlen, maxlen, minvalue, maxvalue, valuemap
	number int64
	values []string
}

// qualifiers reads the attribute of that name: "MinLen(1) MaxLen(64)" or
// "ValueMap{"a","b"}". What isn't known is warned of and doesn't limit.
func (p *parser) qualifiers(n *node) []qualifier {
	var list []qualifier
	rest := n.get("qualifiers")
	for {
		rest = strings.TrimLeft(rest, " ,\t\n;")
		if rest == "" {
			return list
		}
		at := strings.IndexAny(rest, "({")
		if at < 0 {
			p.warn(n, "the qualifier %s is not known and does not limit the value", Display(rest))
			return list
		}
		name := strings.ToLower(strings.TrimSpace(rest[:at]))
		closing := map[byte]byte{'(': ')', '{': '}'}[rest[at]]
		body, after := cutQuoted(rest[at+1:], closing)
		q, ok := newQualifier(name, body)
		if !ok {
			p.warn(n, "the qualifier %s is not known and does not limit the value", Display(rest[:at]))
		} else {
			list = append(list, q)
		}
		rest = after
	}
}

func newQualifier(name, body string) (qualifier, bool) {
	q := qualifier{name: name}
	switch name {
	case "minlen", "maxlen", "minvalue", "maxvalue":
		number, err := strconv.ParseInt(strings.TrimSpace(body), 10, 64)
		q.number = number
		return q, err == nil
	case "valuemap":
		for body != "" {
			_, quoted := cutQuoted(body, '"')
			if quoted == "" {
				break
			}
			var value string
			value, body = cutQuoted(quoted, '"')
			q.values = append(q.values, value)
		}
		return q, len(q.values) > 0
	}
	return q, false
}

// cutQuoted cuts s at the first byte end that isn't inside of double quotes
// (unless end is the quote itself).
func cutQuoted(s string, end byte) (before, after string) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == end && !quoted:
			return s[:i], s[i+1:]
		case s[i] == '"':
			quoted = !quoted
		}
	}
	return s, ""
}

// refuses says what is wrong with a value, "" when nothing is.
func (q qualifier) refuses(value string) string {
	length := int64(utf8.RuneCountInString(value))
	number, err := strconv.ParseInt(value, 10, 64)
	limit := strconv.FormatInt(q.number, 10)
	switch {
	case q.name == "minlen" && length < q.number:
		return "has less than " + limit + " characters"
	case q.name == "maxlen" && length > q.number:
		return "has more than " + limit + " characters"
	case q.name == "minvalue" && err == nil && number < q.number:
		return "is less than " + limit
	case q.name == "maxvalue" && err == nil && number > q.number:
		return "is more than " + limit
	case q.name == "valuemap":
		if !slices.Contains(q.values, value) {
			return "is none of the values that it can have"
		}
	}
	return ""
}
