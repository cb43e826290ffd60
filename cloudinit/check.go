package cloudinit

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// MaxSize bounds a document: no request is longer, and a guest has to hold it
// in memory several times.
const MaxSize = 256 << 10

// sniffed is how far into a document cloud-init looks for the header
// MIME-Version, wherever it stands (convert_string in its user_data.py).
const sniffed = 4096

// Check tells whether cloud-init will understand a document of user-data: one
// that says in its first line what it is, or a MIME message whose parts do. The
// failure says what is wrong, with the part and the line where there are any.
func Check(content string) error {
	switch {
	case content == "":
		return errors.New("the document is empty")
	case len(content) > MaxSize:
		return fmt.Errorf("the document has %d bytes, at most %d are taken", len(content), MaxSize)
	}
	if err := text(content); err != nil {
		return err
	}
	c := &checker{}
	if strings.Contains(strings.ToLower(content[:min(len(content), sniffed)]), "mime-version:") {
		return c.message(content)
	}
	return c.plain(content)
}

// text checks that content is what a guest can read as text.
func text(content string) error {
	switch {
	case !utf8.ValidString(content):
		return errors.New("the document is not UTF-8 text")
	case strings.ContainsRune(content, 0):
		return errors.New("the document holds a NUL byte")
	case strings.HasPrefix(content, "\uFEFF"):
		return errors.New("the document begins with a byte order mark; remove it")
	}
	return nil
}

// A checker is one document under check.
type checker struct {
	parts    int  // of MIME messages and archives, so far
	handlers bool // a part brings a handler, so that parts of any type may follow
}

// plain checks a document, or a part, that says in its first line what it is.
func (c *checker) plain(content string) error {
	k, found := recognise(content)
	if found {
		return k.check(c, content)
	}
	first, _, _ := strings.Cut(content, "\n")
	switch {
	case strings.TrimSpace(first) == "":
		return errors.New("line 1: the first line is blank; it has to say what the document is, as #cloud-config does")
	case strings.HasPrefix(strings.ToLower(first), "content-type:"):
		return errors.New("the document has no header MIME-Version, without which cloud-init doesn't take it for a MIME message")
	default:
		return fmt.Errorf("line 1: cloud-init knows no document that begins with %q; %s", shorten(first), known)
	}
}

const known = "it has to be #cloud-config, #!, #include, #include-once, #cloud-boothook, #part-handler, " +
	"#cloud-config-archive, #cloud-config-jsonp or ## template: jinja"

// shorten cuts what is repeated in a message to a readable length.
func shorten(s string) string {
	const most = 60
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
