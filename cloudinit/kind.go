package cloudinit

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// A kind is something that cloud-init knows to handle (INCLUSION_TYPES_MAP in
// its handlers/__init__.py).
type kind struct {
	header string // what the first line begins with, in lower case
	mime   string // its type as a part
	check  func(c *checker, content string) error
}

// kinds lists all kinds; of two whose headers begin alike the longer comes
// first.
func kinds() []kind {
	return []kind{
		{"#cloud-config-archive", "text/cloud-config-archive", (*checker).archive},
		{"#cloud-config-jsonp", "text/cloud-config-jsonp", (*checker).patch},
		{"#cloud-config", "text/cloud-config", (*checker).config},
		{"#cloud-boothook", "text/cloud-boothook", (*checker).anything},
		{"#include-once", "text/x-include-once-url", (*checker).include},
		{"#include", "text/x-include-url", (*checker).include},
		{"#part-handler", "text/part-handler", (*checker).handler},
		{"## template: jinja", "text/jinja2", (*checker).template},
		{"#!", "text/x-shellscript", (*checker).script},
		{"", "text/x-shellscript-per-boot", (*checker).script},
		{"", "text/x-shellscript-per-instance", (*checker).script},
		{"", "text/x-shellscript-per-once", (*checker).script},
	}
}

// recognise tells the kind by the first line. A header is a word of its own:
// cloud-init would take "#cloud-configuration" as well, but nobody means it.
func recognise(content string) (kind, bool) {
	first, _, _ := strings.Cut(content, "\n")
	first = strings.ToLower(first)
	for _, k := range kinds() {
		rest, is := strings.CutPrefix(first, k.header)
		if k.header != "" && is && (k.header == "#!" || rest == "" || strings.ContainsAny(rest[:1], " \t\r")) {
			return k, true
		}
	}
	return kind{}, false
}

// ofType finds the kind of a part's type.
func ofType(mime string) (kind, bool) {
	all := kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.mime == mime })
	if i < 0 {
		return kind{}, false
	}
	return all[i], true
}

// anything takes what only its interpreter can judge.
func (c *checker) anything(string) error { return nil }

// handler takes a handler in Python. Parts after it may be of its own types.
func (c *checker) handler(string) error {
	c.handlers = true
	return nil
}

// script checks the line by which the guest's kernel finds the interpreter: see
// execve(2).
func (c *checker) script(content string) error {
	first, _, _ := strings.Cut(content, "\n")
	interpreter, is := strings.CutPrefix(first, "#!")
	switch {
	case !is:
		return fmt.Errorf("line 1: a script begins with #! and its interpreter, not with %q", shorten(first))
	case strings.HasSuffix(first, "\r"):
		return errors.New("line 1: the line ends with a carriage return, which the guest would take for a part of the interpreter's name")
	case !strings.HasPrefix(strings.TrimLeft(interpreter, " \t"), "/"):
		return fmt.Errorf("line 1: the interpreter %q is no absolute path", shorten(interpreter))
	}
	return nil
}

// include checks a list of URLs, one a line, of which the first may stand behind
// the header (_do_include in cloud-init's user_data.py).
func (c *checker) include(content string) error {
	count, number := 0, 0
	for line := range strings.Lines(content) {
		number++
		line = strings.TrimSpace(strings.ToLower(line))
		if rest, is := strings.CutPrefix(line, "#include-once"); is {
			line = strings.TrimSpace(rest)
		} else if rest, is := strings.CutPrefix(line, "#include"); is {
			line = strings.TrimSpace(rest)
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		count++
		if err := location(line); err != nil {
			return fmt.Errorf("line %d: %w", number, err)
		}
	}
	if count == 0 {
		return errors.New("the document includes nothing: there is no URL in it")
	}
	return nil
}

// location checks a URL that cloud-init can read.
func location(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || strings.ContainsAny(s, " \t"):
		return fmt.Errorf("%q is no URL", shorten(s))
	case u.Scheme == "file" && u.Path != "":
		return nil
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		return nil
	}
	return fmt.Errorf("%q is no URL that begins with http://, https:// or file://", shorten(s))
}

// patch checks a JSON patch (RFC 6902) for the cloud-config before it.
func (c *checker) patch(content string) error {
	body := content
	if k, found := recognise(content); found && k.header == "#cloud-config-jsonp" {
		body = content[len(k.header):]
	}
	var steps []struct {
		Op string `json:"op"`
	}
	if err := json.Unmarshal([]byte(body), &steps); err != nil {
		return fmt.Errorf("the JSON patch cannot be read: %w", err)
	}
	for i, s := range steps {
		if s.Op == "" {
			return fmt.Errorf("step %d of the JSON patch has no op", i+1)
		}
	}
	return nil
}

// template checks that a template's second line says what it becomes. The rest
// is not what the guest will read.
func (c *checker) template(content string) error {
	first, body, _ := strings.Cut(content, "\n")
	if !strings.HasPrefix(strings.ToLower(first), "## template: jinja") {
		return fmt.Errorf("line 1: a template begins with ## template: jinja, not with %q", shorten(first))
	}
	second, _, _ := strings.Cut(body, "\n")
	if k, found := recognise(body); !found || k.mime == "text/jinja2" {
		return fmt.Errorf("line 2: a template says in its second line what it becomes, as #cloud-config does; this is %q", shorten(second))
	}
	return nil
}
