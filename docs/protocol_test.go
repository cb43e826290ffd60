package docs_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/handlers"
	"spliced/rpc"
)

// same compares what a document says with what is, in any order.
func same(t *testing.T, what string, said, is []string) {
	t.Helper()
	if d := cmp.Diff(sorted(is), sorted(said)); d != "" {
		t.Errorf("%s (-is +said):\n%s", what, d)
	}
}

func sorted(list []string) []string {
	return slices.Sorted(slices.Values(list))
}

// A method is what the OpenRPC document and PROTOCOL.md both say of one.
type method struct {
	Name   string
	Access string   `json:"x-access"`
	Job    bool     `json:"x-job"`
	Errors []string `json:"x-errors"`
	FDs    struct {
		Min, Max int
	} `json:"x-fds"`
	Params []struct {
		Name     string
		Required bool
	}
}

// discovered are the methods as the daemon describes them.
func discovered(t *testing.T) []method {
	t.Helper()
	text, err := json.Marshal(rpc.Discover(rpc.Info{}, handlers.Table(&handlers.Daemon{})))
	if err != nil {
		t.Fatal(err)
	}
	var document struct{ Methods []method }
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	if len(document.Methods) == 0 {
		t.Fatal("the daemon has no methods")
	}
	return document.Methods
}

// sections are the methods' parts of PROTOCOL.md, by name.
func sections(t *testing.T) map[string]string {
	t.Helper()
	text := read(t, "PROTOCOL.md")
	heading := regexp.MustCompile("(?m)^### `([a-z]+\\.[a-z]+)`$")
	found := heading.FindAllStringSubmatchIndex(text, -1)
	all := map[string]string{}
	for _, at := range found {
		body := text[at[1]:]
		if end := regexp.MustCompile(`(?m)^##+ `).FindStringIndex(body); end != nil {
			body = body[:end[0]]
		}
		name := text[at[2]:at[3]]
		if all[name] != "" {
			t.Errorf("PROTOCOL.md describes %s twice", name)
		}
		all[name] = body
	}
	return all
}

func TestMethodsAreInProtocol(t *testing.T) {
	described := sections(t)
	var is, said []string
	for _, m := range discovered(t) {
		is = append(is, m.Name)
	}
	for name := range described {
		said = append(said, name)
	}
	same(t, "methods", said, is)
	for _, m := range discovered(t) {
		t.Run(m.Name, func(t *testing.T) { m.compare(t, described[m.Name]) })
	}
}

// compare holds a section against the method.
func (m *method) compare(t *testing.T, text string) {
	t.Helper()
	wants := map[string]bool{
		"Access: " + m.Access + ".":                        true,
		fmt.Sprintf("Descriptors: %d.", max(m.FDs.Min, 1)): m.FDs.Max > 0,
		" Job.":        m.Job,
		"Codes: none.": len(m.Errors) == 0,
	}
	for words, want := range wants {
		if strings.Contains(text, words) != want {
			t.Errorf("that the section has %q should be %v", words, want)
		}
	}
	var is, said []string
	for _, p := range m.Params {
		is = append(is, fmt.Sprintf("%s %v", p.Name, p.Required))
	}
	row := regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\| (yes|no) \\|")
	for _, r := range row.FindAllStringSubmatch(text, -1) {
		said = append(said, fmt.Sprintf("%s %v", r[1], r[2] == "yes"))
	}
	same(t, "parameters and whether they are required", said, is)
	same(t, "codes", codesOf(text), m.Errors)
}

// codesOf lists the kinds in a section's sentence of codes.
func codesOf(text string) []string {
	_, rest, _ := strings.Cut(text, "Codes:")
	list, _, _ := strings.Cut(rest, ".")
	var kinds []string
	for _, m := range regexp.MustCompile("`([a-z-]+)`").FindAllStringSubmatch(list, -1) {
		kinds = append(kinds, m[1])
	}
	return kinds
}

// allCodes are the codes of the protocol and those of the application, as far
// as these have kinds of their own.
func allCodes() []rpc.Code {
	all := []rpc.Code{rpc.ParseError, rpc.InvalidRequest, rpc.MethodNotFound, rpc.InvalidParams, rpc.InternalError}
	for c := rpc.InvalidState; !strings.HasPrefix(c.Kind(), "code"); c++ {
		all = append(all, c)
	}
	return all
}

func TestCodesAreInProtocol(t *testing.T) {
	var is, said []string
	for _, c := range allCodes() {
		is = append(is, fmt.Sprintf("%d %s %v", c, c.Kind(), c.Retryable()))
	}
	row := regexp.MustCompile("(?m)^\\| (-?[0-9]+) \\| `([a-z-]+)` \\| (yes|no) \\|")
	for _, m := range row.FindAllStringSubmatch(read(t, "PROTOCOL.md"), -1) {
		said = append(said, fmt.Sprintf("%s %s %v", m[1], m[2], m[3] == "yes"))
	}
	same(t, "codes, kinds and whether they are retryable", said, is)
}

func TestApplicationCodesAreInOperations(t *testing.T) {
	operations := read(t, "OPERATIONS.md")
	for _, c := range allCodes() {
		row := fmt.Sprintf("| %d | `%s` |", c, c.Kind())
		if c > 0 && !strings.Contains(operations, row) {
			t.Errorf("OPERATIONS.md has no row %q", row)
		}
	}
}

func TestFeaturesAreInProtocol(t *testing.T) {
	is := helloFeatures(t)
	said, _, _ := strings.Cut(sections(t)["daemon.hello"], "; `limits`")
	_, said, _ = strings.Cut(said, "`features`")
	var words []string
	for _, m := range regexp.MustCompile("`([a-z.]+)`").FindAllStringSubmatch(said, -1) {
		words = append(words, m[1])
	}
	same(t, "features", words, is)
}

// helloFeatures are the words in the list of handlers/daemon.go.
func helloFeatures(t *testing.T) []string {
	t.Helper()
	_, list, found := strings.Cut(read(t, filepath.Join(root, "handlers", "daemon.go")), "\nfunc features() []string {")
	if !found {
		t.Fatal("handlers/daemon.go has no function features")
	}
	list, _, _ = strings.Cut(list, "\n}\n")
	var words []string
	for _, m := range regexp.MustCompile(`"([a-z.]+)"`).FindAllStringSubmatch(list, -1) {
		words = append(words, m[1])
	}
	return words
}
