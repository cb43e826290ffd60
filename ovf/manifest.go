package ovf

import (
	"bytes"
	"encoding/hex"
	"regexp"
	"strings"
)

// A Manifest is what a manifest file says: digests of other members.
type Manifest struct {
	Entries []ManifestEntry
	Ignored []Warning // lines that say nothing that was understood
}

// A ManifestEntry is one line of a manifest.
type ManifestEntry struct {
	Name      string // as spelt there, without a leading "./"
	Algorithm Algorithm
	Digest    []byte // of the algorithm's length, or of a wrong one
	Line      int    // 1 for the first
}

// manifestLine is "ALGORITHM(name)= hex" with the spaces that tools put in
// (DSP0243, section 5.1; OpenSSL's dgst writes the same).
const manifestLine = `^\s*([A-Za-z][A-Za-z0-9/-]*?)\s*\((.*)\)\s*=\s*([0-9A-Fa-f]+)\s*$`

// ParseManifest reads a manifest. It never fails: lines that aren't understood
// are kept as warnings, and what they would have vouched for is unlisted.
func ParseManifest(doc []byte) *Manifest {
	m := &Manifest{}
	shape := regexp.MustCompile(manifestLine)
	doc = bytes.TrimPrefix(doc, []byte("\ufeff"))
	line := 0
	for text := range bytes.Lines(doc) {
		line++
		text = bytes.TrimSpace(text)
		if len(text) == 0 {
			continue
		}
		m.add(line, shape.FindSubmatch(text))
	}
	return m
}

// add takes a line's algorithm, name and digest, or nil for another line.
func (m *Manifest) add(line int, parts [][]byte) {
	ignore := func(text string) {
		if len(m.Ignored) < maxWarnings {
			m.Ignored = append(m.Ignored, Warning{Line: line, Element: "manifest", Text: text})
		}
	}
	if parts == nil {
		ignore("the line is not of the form \"SHA256(name)= digest\" and was ignored")
		return
	}
	algorithm, ok := manifestAlgorithm(string(parts[1]))
	if !ok {
		ignore("the digest algorithm " + Display(string(parts[1])) + " is not known; the line was ignored")
		return
	}
	digest, err := hex.DecodeString(string(parts[3]))
	if err != nil {
		digest = nil // an odd number of digits: matches nothing
	}
	name := strings.TrimPrefix(strings.TrimSpace(string(parts[2])), "./")
	m.Entries = append(m.Entries, ManifestEntry{Name: name, Algorithm: algorithm, Digest: digest, Line: line})
}

// manifestAlgorithm maps the spellings seen in manifests.
func manifestAlgorithm(name string) (Algorithm, bool) {
	switch strings.ToUpper(name) {
	case "SHA1", "SHA-1":
		return SHA1, true
	case "SHA256", "SHA-256", "SHA2-256":
		return SHA256, true
	case "SHA512", "SHA-512", "SHA2-512":
		return SHA512, true
	}
	return "", false
}

// uses reports whether the manifest names the member with that algorithm.
func (m *Manifest) uses(name string, a Algorithm) bool {
	for _, e := range m.Entries {
		if e.Algorithm == a && e.Name == name {
			return true
		}
	}
	return false
}
