package strictyaml

import (
	"strings"

	"gopkg.in/yaml.v3"
)

// splitLines splits a text behind its line breaks, which are those at which
// yaml.v3 counts a line.
func splitLines(data []byte) []string {
	var lines []string
	start := 0
	for i, r := range string(data) {
		end := i + 1
		switch r {
		case '\n':
		case '\r':
			if end < len(data) && data[end] == '\n' {
				continue
			}
		case '\u0085':
			end = i + len("\u0085")
		case '\u2028', '\u2029':
			end = i + len("\u2028")
		default:
			continue
		}
		lines = append(lines, string(data[start:end]))
		start = end
	}
	if start < len(data) {
		lines = append(lines, string(data[start:]))
	}
	return lines
}

// offset is the place in bytes of a column, which counts characters from 0; -1
// where the line is shorter.
func offset(line string, column int) int {
	for i := range line {
		if column == 0 {
			return i
		}
		column--
	}
	if column == 0 {
		return len(line)
	}
	return -1
}

// cutHeader returns the indicators behind the last | or > of a line, which is the
// header of a literal or folded text, and what follows.
func cutHeader(line string) (indicators, rest string) {
	code, _, _ := strings.Cut(line, " #")
	i := strings.LastIndexAny(code, "|>")
	if i < 0 {
		return "", ""
	}
	end := i + 1
	for end < len(line) && strings.IndexByte("+-123456789", line[end]) >= 0 {
		end++
	}
	return line[i+1 : end], line[end:]
}

// close finds the end of the quoted text or the value in brackets that begins at
// a line and column: the line's number and the place behind the last character.
func (m merger) close(line, column int) (at, end int, ok bool) {
	return m.scan(line, column, func(string) {})
}

// flowComments returns the comments inside of a value in brackets.
func (m merger) flowComments(v *yaml.Node) []string {
	var out []string
	m.scan(v.Line-1, v.Column-1, func(c string) { out = append(out, strings.TrimRight(c, " \t\r\n")+"\n") })
	return out
}

// scan walks over quotes and brackets until those are closed that begin at a line
// and column.
func (m merger) scan(line, column int, comment func(text string)) (at, end int, ok bool) {
	if line < 0 || line >= len(m.lines) {
		return 0, 0, false
	}
	i := offset(m.lines[line], column)
	if i < 0 {
		return 0, 0, false
	}
	depth, quote := 0, byte(0)
	for ; line < len(m.lines); line, i = line+1, 0 {
		text := m.lines[line]
		for ; i < len(text); i++ {
			ch := text[i]
			spaced := i == 0 || strings.IndexByte(" \t[]{},:", text[i-1]) >= 0
			switch {
			case quote == '"' && ch == '\\':
				i++
				continue
			case quote == '\'' && ch == '\'' && i+1 < len(text) && text[i+1] == '\'':
				i++
				continue
			case quote != 0 && ch == quote:
				quote = 0
			case quote != 0:
				continue
			case ch == '#' && (i == 0 || text[i-1] == ' ' || text[i-1] == '\t'):
				comment(text[i:])
				i = len(text)
				continue
			case (ch == '"' || ch == '\'') && (spaced || depth == 0):
				quote = ch
				continue
			case ch == '[' || ch == '{':
				depth++
				continue
			case ch == ']' || ch == '}':
				depth--
			default:
				continue
			}
			if depth <= 0 && quote == 0 {
				return line, i + 1, true
			}
		}
	}
	return 0, 0, false
}
