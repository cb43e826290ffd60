package main

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzYAMLKeepsTexts holds the two ways between texts and YAML together: what
// the library writes isn't always what it reads.
func FuzzYAMLKeepsTexts(f *testing.F) {
	for _, text := range hostileText() {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			t.Skip("JSON can't hold it")
		}
		out, err := encodeYAML(yamlString(text))
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out, "\x1b\t\r\x00") {
			t.Errorf("a terminal would be told things by %q", out)
		}
		node, err := parseYAML(out)
		if err != nil {
			t.Fatalf("%q: %v in\n%s", text, err, out)
		}
		if got, err := plain(node); err != nil || got != text {
			t.Errorf("%q became %q (%v) by\n%s", text, got, err, out)
		}
	})
}
