package cloudinit_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"spliced/cloudinit"
)

// mixed makes a MIME message of parts.
func mixed(parts ...string) string {
	return "Content-Type: multipart/mixed; boundary=\"==B==\"\nMIME-Version: 1.0\n\n--==B==\n" +
		strings.Join(parts, "\n--==B==\n") + "\n--==B==--\n"
}

func part(contentType, content string) string {
	return "Content-Type: " + contentType + "\nMIME-Version: 1.0\n\n" + content
}

func encoded(contentType, content string) string {
	return "Content-Type: " + contentType + "\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte(content))
}

func nested(levels int) string {
	inner := part("text/cloud-config", "{}")
	for i := range levels {
		b := fmt.Sprintf("b%d", i)
		inner = "Content-Type: multipart/mixed; boundary=" + b + "\n\n--" + b + "\n" + inner + "\n--" + b + "--"
	}
	return "MIME-Version: 1.0\n" + inner + "\n"
}

func TestCheckTakes(t *testing.T) {
	t.Parallel()
	for name, content := range map[string]string{
		"cloud-config":             "#cloud-config\nusers:\n  - name: ann\n    lock_passwd: true\n",
		"an empty mapping":         "#cloud-config\n{}\n",
		"carriage returns":         "#cloud-config\r\nhostname: a\r\n",
		"another case":             "#Cloud-Config\na: 1\n",
		"an alias, a merged key":   "#cloud-config\na: &x {b: 1}\nc: {<<: *x, d: 2}\n",
		"no merge key but text":    "#cloud-config\na: {\"1\": x, 1: y}\n",
		"a script":                 "#!/bin/sh\necho a\n",
		"a script with a blank":    "#! /usr/bin/env python3\n",
		"include":                  "#include\n# the first\nhttp://192.0.2.1/a\n\nhttps://example.net/b?c=d\n",
		"include behind":           "#include https://example.net/a\n",
		"include once":             "#include-once\nhttps://example.net/a\n",
		"boothook":                 "#cloud-boothook\n#!/bin/sh\n",
		"handler":                  "#part-handler\ndef list_types(): return []\n",
		"archive":                  "#cloud-config-archive\n- type: text/cloud-config\n  content: |\n    a: 1\n- |\n  #!/bin/sh\n",
		"patch":                    "#cloud-config-jsonp\n[{\"op\": \"add\", \"path\": \"/a\", \"value\": 1}]\n",
		"template":                 "## template: jinja\n#cloud-config\n{% if a %}\nb: {{ a }}\n{% endif %}\n",
		"template of a script":     "## template: jinja\n#!/bin/sh\necho {{ v1.instance_id }}\n",
		"message":                  mixed(part("text/cloud-config", "a: 1\n"), part("text/x-shellscript", "#!/bin/sh\n")),
		"message with CRLF":        strings.ReplaceAll(mixed(part("text/cloud-config", "a: 1\n")), "\n", "\r\n"),
		"message in base64":        mixed(encoded("text/cloud-config; charset=\"utf-8\"", "#cloud-config\na: 1\n")),
		"message by first lines":   mixed(part("text/plain", "#cloud-config\na: 1\n"), "\n#!/bin/sh\n"),
		"message of one part":      "MIME-Version: 1.0\nContent-Type: text/cloud-config\n\na: 1\n",
		"message within a message": nested(3),
		"types of a handler":       mixed(part("text/part-handler", "#part-handler\n"), part("text/mine", "anything")),
		"script per boot":          mixed(part("text/x-shellscript-per-boot", "#!/bin/sh\n")),
		"quoted-printable":         mixed("Content-Type: text/cloud-config\nContent-Transfer-Encoding: quoted-printable\n\na: =31\n"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := cloudinit.Check(content); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestCheckRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ content, says string }{
		"nothing":                {"", "empty"},
		"too much":               {"#cloud-config\n#" + strings.Repeat("a", cloudinit.MaxSize), "at most 262144"},
		"binary":                 {"#!/bin/sh\n\xff", "UTF-8"},
		"NUL":                    {"#!/bin/sh\n\x00", "NUL"},
		"byte order mark":        {"\uFEFF#cloud-config\na: 1\n", "byte order mark"},
		"blank first line":       {"\n#cloud-config\na: 1\n", "line 1: the first line is blank"},
		"no header":              {"hostname: a\n", `begins with "hostname: a"`},
		"another word":           {"#cloud-configuration\na: 1\n", `"#cloud-configuration"`},
		"only comments":          {"#cloud-config\n# a: 1\n", "nothing but comments"},
		"null":                   {"#cloud-config\n---\n", "not nothing"},
		"a list":                 {"#cloud-config\n- a\n", "line 2: a cloud-config is a mapping of keys to values, not a list"},
		"a text":                 {"#cloud-config\na\n", "not a single value"},
		"syntax":                 {"#cloud-config\na: 1\nb: [1\nc: 2\n", "line 3: in what begins here"},
		"tab":                    {"#cloud-config\na:\n\tb: 1\n", "line 3"},
		"a key twice":            {"#cloud-config\nusers: []\npackages: []\nusers: []\n", `line 4: the key "users" stands in line 2 already`},
		"a key twice, deep":      {"#cloud-config\na:\n  - b: 1\n    b: 2\n", `line 4: the key "b" stands in line 3 already`},
		"two documents":          {"#cloud-config\na: 1\n---\nb: 1\n", "a second YAML document"},
		"unknown anchor":         {"#cloud-config\na: *b\n", "unknown anchor"},
		"unknown tag":            {"#cloud-config\na: !!python/object:os.system x\n", "doesn't know the tag"},
		"unknown private tag":    {"#cloud-config\na: !mine x\n", "doesn't know the tag !mine"},
		"key of many":            {"#cloud-config\n? [a]\n: 1\n", "a key is a list"},
		"anchor in itself":       {"#cloud-config\na: &a [*a]\n", "alias of itself"},
		"interpreter":            {"#!sh\n", "no absolute path"},
		"interpreter with CR":    {"#!/bin/sh\r\n", "carriage return"},
		"include of nothing":     {"#include\n# http://a\n", "no URL"},
		"include of a word":      {"#include\nhttp://a/\nb\n", `line 3: "b"`},
		"archive of a mapping":   {"#cloud-config-archive\na: 1\n", "a list of documents"},
		"archive's item":         {"#cloud-config-archive\n- type: text/cloud-config\n  content: '- a'\n", "item 1 (line 2)"},
		"archive's item of list": {"#cloud-config-archive\n- [a]\n", "not a list"},
		"patch":                  {"#cloud-config-jsonp\n{}\n", "JSON patch"},
		"patch without op":       {"#cloud-config-jsonp\n[{}]\n", "step 1"},
		"template of nothing":    {"## template: jinja\na: 1\n", "line 2"},
		"template of template":   {"## template: jinja\n## template: jinja\n", "line 2"},
		"no version":             {strings.Replace(mixed(part("text/cloud-config", "a: 1")), "MIME-Version: 1.0\n\n--", "\n--", 1), ""},
		"no version at all":      {"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n#!/bin/sh\n--b--\n", "no header MIME-Version"},
		"script that says MIME":  {"#!/bin/sh\necho MIME-Version: 1.0\n", "takes it for a MIME message"},
		"no boundary":            {"MIME-Version: 1.0\nContent-Type: multipart/mixed\n\n--b\n\n--b--\n", "no boundary"},
		"no parts":               {"MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b--\n", "no parts"},
		"cut off":                {strings.TrimSuffix(mixed(part("text/cloud-config", "a: 1")), "--==B==--\n"), "part 1: its end"},
		"part's line":            {mixed(part("text/x-shellscript", "#!/bin/sh"), part("text/cloud-config", "a: 1\na: 2\n")), `part 2: line 2: the key "a"`},
		"part's type":            {mixed(part("text/html", "a")), `part 1: cloud-init knows no type "text/html"`},
		"part compressed":        {mixed(part("application/gzip", "a")), "compressed"},
		"part empty":             {mixed(part("text/cloud-config", "")), "part 1: the part is empty"},
		"base64":                 {mixed("Content-Type: text/cloud-config\nContent-Transfer-Encoding: base64\n\n???"), "cannot be decoded"},
		"binary in base64":       {mixed(encoded("text/x-shellscript", "#!/bin/sh\n\xff\xfe")), "part 1: the document is not UTF-8"},
		"encoding":               {mixed("Content-Type: text/cloud-config\nContent-Transfer-Encoding: uuencode\n\na: 1"), "uuencode"},
		"deep":                   {nested(6), "nested deeper than 4"},
		"many":                   {mixed(strings.Split(strings.Repeat(part("text/plain", "#!/bin/sh")+"§", 101), "§")[:101]...), "more than 100 parts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := cloudinit.Check(c.content)
			if err == nil {
				t.Fatal("it was taken")
			}
			if !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "yaml:") {
				t.Errorf("it says %q, and not %q", err, c.says)
			}
		})
	}
}

// TestYAMLBombs takes documents that a guest would grow to gigabytes, or recurse
// in without end.
func TestYAMLBombs(t *testing.T) {
	t.Parallel()
	var laughs strings.Builder
	laughs.WriteString("#cloud-config\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n")
	for i := 1; i < 12; i++ {
		fmt.Fprintf(&laughs, "a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 10), ", "))
	}
	for name, content := range map[string]string{
		"aliases": laughs.String(),
		"flow":    "#cloud-config\na: " + strings.Repeat("[", 100_000) + "\n",
		"closed":  "#cloud-config\na: " + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + "\n",
		"block":   "#cloud-config\na:\n" + strings.Repeat("- ", 100_000) + "\n",
		"keys":    "#cloud-config\na: " + strings.Repeat("{a: ", 50_000) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun := time.Now()
			if err := cloudinit.Check(content); err == nil {
				t.Error("it was taken")
			}
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func FuzzCheck(f *testing.F) {
	for _, seed := range []string{
		"#cloud-config\na: &x [1]\nb: *x\n", "#include\nhttp://a/\n", "#cloud-config-archive\n- {type: text/plain, content: x}\n",
		"## template: jinja\n#!/bin/sh\n", "#cloud-config-jsonp\n[]\n", mixed(part("text/cloud-config", "a: 1"), encoded("text/plain", "#!/bin/sh")), nested(2),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, content string) {
		if err := cloudinit.Check(content); err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Error("a refusal without a word")
		}
	})
}
