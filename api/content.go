package api

import (
	"path"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	// MaxContent is the most bytes of a script or userdata: with what JSON puts
	// around and into it, it still fits a request of 256 KiB.
	MaxContent = 192 << 10
	// maxShebang is as far as the kernel reads a script's first line
	// (execve(2), BINPRM_BUF_SIZE less its end).
	maxShebang = 255

	summaryLines, summaryBytes = 3, 200
	maxArguments               = 64
)

// argumentKey is a name that a shell takes for a variable's.
var argumentKey = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)

// Validate returns a *FieldError where the content can't be. Whether cloud-init
// understands it is not asked here.
func (u *Userdata) Validate() error { return checkContent(u.Content) }

// Validate returns a *FieldError where the content can't be a script.
func (s *Script) Validate() error { return firstOf(checkContent(s.Content), checkShebang(s.Content)) }

func checkContent(text string) error {
	switch {
	case text == "":
		return wrong("content", "is empty")
	case len(text) > MaxContent:
		return wrong("content", "has %d bytes, %d are allowed", len(text), MaxContent)
	case !utf8.ValidString(text) || strings.ContainsRune(text, 0):
		return wrong("content", "is no text: it has bytes that are no UTF-8, or zero")
	}
	return nil
}

func checkShebang(text string) error {
	line, _, _ := strings.Cut(text, "\n")
	rest, is := strings.CutPrefix(line, "#!")
	words := strings.Fields(rest)
	switch {
	case !is || len(words) == 0:
		return wrong("content", "must begin with a line that names its interpreter, like #!/bin/sh")
	case strings.HasSuffix(line, "\r"):
		return wrong("content", "has lines that end with CR and LF; the kernel would look for an interpreter whose name ends with CR")
	case len(line) > maxShebang:
		return wrong("content", "has a first line of %d bytes; the kernel reads %d", len(line), maxShebang)
	case !path.IsAbs(words[0]):
		return wrong("content", "names the interpreter %.80q; an absolute path is needed, like #!/bin/sh", words[0])
	}
	return nil
}

// Summary is the first lines of the content.
func (u *Userdata) Summary() string { return summary(u.Content) }

// Summary is the first lines of the content.
func (s *Script) Summary() string { return summary(s.Content) }

func summary(text string) string {
	lines := strings.SplitN(text, "\n", summaryLines+1)
	text = strings.TrimSpace(strings.Join(lines[:min(len(lines), summaryLines)], "\n"))
	if len(text) <= summaryBytes {
		return text
	}
	return strings.ToValidUTF8(text[:summaryBytes], "") + "…"
}

// Validate returns a *FieldError for the first key that can't be.
func (p *Profile) Validate() error {
	if p.Type != ProfileProvisioner && p.Type != ProfileOVA {
		return wrong("type", "is %.80q; it can be %s or %s", p.Type, ProfileProvisioner, ProfileOVA)
	}
	return firstOf(
		optionalName("system_template", p.SystemTemplate),
		optionalName("network_template", p.NetworkTemplate),
		optionalName("storage_template", p.StorageTemplate),
		optionalName("userdata", p.Userdata),
		optionalName("script", p.Script),
		optionalName("ova", p.OVA),
		p.ofOVA("ova", p.OVA), p.ofOVA("system", p.System), p.ofOVA("configuration", p.Configuration),
		p.properties(), p.arguments(),
		checkOrigin(p.Origin),
	)
}

// ofOVA checks a key that only profiles for OVAs have, and that needs an OVA.
func (p *Profile) ofOVA(field, value string) error {
	switch {
	case value == "":
		return nil
	case p.Type != ProfileOVA:
		return wrong(field, "needs the type %s", ProfileOVA)
	case p.OVA == "":
		return wrong(field, "needs ova, whose %s it names", field)
	}
	return nil
}

// properties checks the shape alone: what there can be the OVA's descriptor says.
func (p *Profile) properties() error {
	for key, value := range p.Properties {
		if err := p.ofOVA("properties", key); err != nil {
			return err
		}
		if key == "" || !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			return wrong("properties", "has the key %.80q, which is empty, or whose value is no text", key)
		}
	}
	if len(p.Properties) > maxArguments {
		return wrong("properties", "has %d properties, %d are allowed", len(p.Properties), maxArguments)
	}
	return nil
}

func (p *Profile) arguments() error {
	if len(p.Arguments) > maxArguments {
		return wrong("arguments", "has %d arguments, %d are allowed", len(p.Arguments), maxArguments)
	}
	for key, value := range p.Arguments {
		if !argumentKey.MatchString(key) {
			return wrong("arguments", "has the key %.80q; letters, digits and _ are allowed, and no digit first", key)
		}
		if !utf8.ValidString(value) || strings.ContainsRune(value, 0) {
			return wrong("arguments."+key, "is no text: it has bytes that are no UTF-8, or zero")
		}
	}
	return nil
}
