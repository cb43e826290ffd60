package ovf

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxDisplay is the number of bytes of a name that messages show.
const maxDisplay = 120

// Display returns a name for people to read: in double quotes, cut at 120
// bytes, with whatever could move a terminal's cursor, change the direction of
// text or pass for a quote written as an escape.
func Display(name string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, r := range name {
		if i >= maxDisplay {
			b.WriteString("…")
			break
		}
		writeDisplayed(&b, name[i:], r)
	}
	b.WriteByte('"')
	return b.String()
}

// Clean returns text for people to read, of any length: as it is, but with all
// that Display escapes removed or turned into a space. Line feeds and tabs stay.
func Clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r':
			return -1
		case r == utf8.RuneError || !unicode.IsPrint(r) && r != '\u00a0':
			return ' '
		}
		return r
	}, text)
}

func writeDisplayed(b *strings.Builder, rest string, r rune) {
	const hex = "0123456789abcdef"
	switch {
	case r == utf8.RuneError:
		if _, n := utf8.DecodeRuneInString(rest); n == 1 {
			b.WriteString(`\x`)
			b.WriteByte(hex[rest[0]>>4])
			b.WriteByte(hex[rest[0]&15])
			return
		}
		b.WriteRune(r)
	case r == '"' || r == '\\':
		b.WriteByte('\\')
		b.WriteRune(r)
	case r < 0x80 && !unicode.IsPrint(r):
		b.WriteString(`\x`)
		b.WriteByte(hex[r>>4])
		b.WriteByte(hex[r&15])
	case !unicode.IsPrint(r):
		b.WriteString(`\u{`)
		for shift := 20; shift >= 0; shift -= 4 {
			if r>>shift != 0 || shift == 0 {
				b.WriteByte(hex[r>>shift&15])
			}
		}
		b.WriteByte('}')
	default:
		b.WriteRune(r)
	}
}
