package daemon

import (
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// fieldPrefix keeps attributes apart from the fields that mean something to
// the journal itself: an attribute unit must not become UNIT=.
const fieldPrefix = "SPLICED_"

// maxFieldName is the journal's limit; a field with a longer name is dropped
// without a word (JOURNAL_NATIVE_PROTOCOL, journal_field_valid).
const maxFieldName = 64

// field is one attribute with its groups, flat: key a.b.c, value as text.
type field struct{ key, value string }

type fields []field

// add appends the attribute, and those in it if it is a group; empty ones are
// left out and groups without a name dissolve, as slog.Handler asks for.
func (f fields) add(groups []string, a slog.Attr) fields {
	v := a.Value.Resolve()
	if a.Equal(slog.Attr{}) {
		return f
	}
	if v.Kind() != slog.KindGroup {
		key := strings.Join(append(slices.Clip(groups), a.Key), ".")
		return append(f, field{key: key, value: v.String()})
	}
	if a.Key != "" {
		groups = append(slices.Clip(groups), a.Key)
	}
	for _, m := range v.Group() {
		f = f.add(groups, m)
	}
	return f
}

// text returns " key=value" for each field, quoted where a value could be
// taken for more than one.
func (f fields) text() string {
	var b strings.Builder
	for _, x := range f {
		b.WriteByte(' ')
		b.WriteString(quoted(x.key))
		b.WriteByte('=')
		b.WriteString(quoted(x.value))
	}
	return b.String()
}

func quoted(s string) string {
	odd := func(r rune) bool {
		return r == '=' || r == '"' || r == unicode.ReplacementChar || unicode.IsSpace(r) || !unicode.IsPrint(r)
	}
	if s == "" || strings.ContainsFunc(s, odd) {
		return strconv.Quote(s)
	}
	return s
}

// fieldName turns peer.uid into SPLICED_PEER_UID: the journal takes capitals,
// digits and underscores only.
func fieldName(key string) string {
	name := fieldPrefix + strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z':
			return r - 'a' + 'A'
		case 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			return r
		default:
			return '_'
		}
	}, key)
	return name[:min(len(name), maxFieldName)]
}
