package main

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"

	"spliced/api"
)

// clean makes text from elsewhere fit for one line of a terminal: what isn't
// printable could move the cursor, hide or reorder what stands around it.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return unicode.ReplacementChar
	}, text)
}

// cleanLines is clean for text of many lines.
func cleanLines(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = clean(strings.ReplaceAll(line, "\t", "    "))
	}
	return strings.Join(lines, "\n")
}

// escape writes the unprintable characters of a JSON or YAML document, except
// its line breaks, by their numbers. It changes nothing that the document means
// as long as they stand between double quotes only. Wide words those beyond
// U+FFFF, for which the two languages differ.
func escape(document string, wide func(r rune) string) string {
	var b strings.Builder
	for _, r := range document {
		switch {
		case r == '\n' || unicode.IsPrint(r):
			b.WriteRune(r)
		case r > 0xFFFF:
			b.WriteString(wide(r))
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// surrogates is how JSON words a character beyond U+FFFF (RFC 8259 section 7).
func surrogates(r rune) string {
	high, low := utf16.EncodeRune(r)
	return fmt.Sprintf(`\u%04x\u%04x`, high, low)
}

// human gives a size with two or three digits that matter: "1.5 GiB".
func human(size api.Size) string {
	value, unit := float64(size), ""
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB", "PiB"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, next
	}
	switch {
	case unit == "":
		return fmt.Sprintf("%d B", size)
	case value < 10 && value != float64(int64(value)):
		return fmt.Sprintf("%.1f %s", value, unit)
	}
	return fmt.Sprintf("%.0f %s", value, unit)
}

// exact gives a size for reading and for copying.
func exact(size api.Size) string {
	if size < 1024 {
		return human(size)
	}
	return fmt.Sprintf("%s (%d bytes)", human(size), int64(size))
}

// humanOrDash is human for a size that may be unknown.
func humanOrDash(size *api.Size) string {
	if size == nil {
		return "-"
	}
	return human(*size)
}

// dash stands where there is nothing to say, so that columns stay countable.
func dash(text string) string {
	if text == "" {
		return "-"
	}
	return clean(text)
}

// moment gives a time of the caller's own zone.
func moment(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// span gives a duration in whole seconds: "2h3m", "41s".
func span(d time.Duration) string {
	text := d.Round(time.Second).String()
	if d >= time.Hour {
		text = strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
	}
	return text
}

// count gives a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// enumerate lists names: `"a", "b" and "c"`.
func enumerate(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = fmt.Sprintf("%q", name)
	}
	last := len(quoted) - 1
	if last < 1 {
		return strings.Join(quoted, "")
	}
	return strings.Join(quoted[:last], ", ") + " and " + quoted[last]
}
