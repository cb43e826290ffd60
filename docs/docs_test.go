// Package docs_test holds the documents to the code: what they name is there,
// and what is there is named.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// root is the module's folder.
const root = ".."

// documents lists all documents, with their paths below root.
func documents(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		found, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, found...)
	}
	if len(all) < 6 {
		t.Fatalf("only %d documents are there: %q", len(all), all)
	}
	return all
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// code returns what stands in fenced blocks and between backticks.
func code(text string) string {
	var b strings.Builder
	for i, part := range strings.Split(text, "```") {
		if i%2 == 1 {
			b.WriteString(part + "\n")
			continue
		}
		for j, span := range strings.Split(part, "`") {
			if j%2 == 1 {
				b.WriteString(span + "\n")
			}
		}
	}
	return b.String()
}

// prose is the text without fenced blocks.
func prose(text string) string {
	parts := strings.Split(text, "```")
	var kept []string
	for i := 0; i < len(parts); i += 2 {
		kept = append(kept, parts[i])
	}
	return strings.Join(kept, "\n")
}

// anchors are the fragments that a document's headings can be linked by.
func anchors(text string) []string {
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(prose(text), -1) {
		kept := regexp.MustCompile(`[^\p{L}\p{N} _-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, strings.ReplaceAll(kept, " ", "-"))
	}
	return all
}

func TestRelativeLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	count := 0
	for _, doc := range documents(t) {
		text := read(t, doc)
		for _, m := range link.FindAllStringSubmatch(prose(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			count++
			path, fragment, _ := strings.Cut(m[1], "#")
			target := doc
			if path != "" {
				target = filepath.Join(filepath.Dir(doc), path)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", doc, m[1], err)
				continue
			}
			if fragment != "" && !slices.Contains(anchors(read(t, target)), fragment) {
				t.Errorf("%s links to %s, and no heading is there", doc, m[1])
			}
		}
	}
	if count == 0 {
		t.Error("no document links to anything")
	}
}

// withoutTraffic leaves out lines of conversations and hints, which tell people to
// make this and that.
func withoutTraffic(text string) string {
	return regexp.MustCompile("(?m)^([←→]|Hint:).*$").ReplaceAllString(text, "")
}

func TestMakeTargetsExist(t *testing.T) {
	makefiles := read(t, filepath.Join(root, "Makefile")) + read(t, filepath.Join(root, "packaging", "install.mk"))
	target := regexp.MustCompile(`(?m)(?:^|[\s;&])make(?: [A-Z]+=\S*)* ([a-z][a-z-]*)`)
	count := 0
	for _, doc := range documents(t) {
		for _, m := range target.FindAllStringSubmatch(withoutTraffic(code(read(t, doc))), -1) {
			count++
			if !regexp.MustCompile(`(?m)^` + m[1] + `:`).MatchString(makefiles) {
				t.Errorf("%s: there is no target for %q", doc, strings.TrimSpace(m[0]))
			}
		}
	}
	if count == 0 {
		t.Error("no document names a target")
	}
}

// configKeys are the keys that the daemon's configuration has: those of its Go
// types, and those of the example.
func configKeys(t *testing.T) []string {
	t.Helper()
	var keys []string
	for _, m := range regexp.MustCompile(`yaml:"([a-z_]+)`).FindAllStringSubmatch(read(t, filepath.Join(root, "cmd", "spliced", "config.go")), -1) {
		keys = append(keys, m[1])
	}
	if len(keys) == 0 {
		t.Fatal("the configuration's types have no keys")
	}
	line := regexp.MustCompile(`^[# ]*[a-z_]+:( |$)`)
	key := regexp.MustCompile(`\b([a-z_]+):(?: |$)`)
	for l := range strings.Lines(read(t, filepath.Join(root, "packaging", "spliced.yaml"))) {
		l = strings.TrimRight(l, "\n")
		if !line.MatchString(l) {
			continue
		}
		for _, m := range key.FindAllStringSubmatch(l, -1) {
			keys = append(keys, m[1])
		}
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

func TestConfigurationKeysAreInOperations(t *testing.T) {
	operations := code(read(t, "OPERATIONS.md"))
	for _, key := range configKeys(t) {
		if !regexp.MustCompile(`\b` + key + `\b`).MatchString(operations) {
			t.Errorf("OPERATIONS.md says nothing of the key %q", key)
		}
	}
}

// packages lists the folders with Go files, below root.
func packages(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (strings.HasPrefix(name, ".") || name == "testdata" || name == "bin") {
			return filepath.SkipDir
		}
		if d.IsDir() || filepath.Ext(name) != ".go" {
			return nil
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		found = append(found, filepath.ToSlash(folder))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

func TestPackagesAreInArchitecture(t *testing.T) {
	var listed []string
	row := regexp.MustCompile("(?m)^\\| `([a-z0-9/]+)/` \\|")
	for _, m := range row.FindAllStringSubmatch(read(t, "ARCHITECTURE.md"), -1) {
		listed = append(listed, m[1])
	}
	same(t, "packages in ARCHITECTURE.md", listed, packages(t))
}

// bytes is how many of a unit's bytes a number of the documents stands for.
func bytes(unit string) int {
	return map[string]int{"": 1, " KiB": 1 << 10, " MiB": 1 << 20}[unit]
}

// constant finds the value of a constant in Go files, written as a number or as
// one shifted by another.
func constant(t *testing.T, name string, files []string) int {
	t.Helper()
	value := regexp.MustCompile(`(?m)^\s*(?:const )?` + name + `\s+= ([0-9]+)(?: << ([0-9]+))?\s*(?://.*)?$`)
	for _, file := range files {
		m := value.FindStringSubmatch(read(t, filepath.Join(root, file)))
		if m == nil {
			continue
		}
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		shift, err := strconv.Atoi("0" + m[2])
		if err != nil {
			t.Fatal(err)
		}
		return n << shift
	}
	t.Errorf("there is no constant %s in %q", name, files)
	return 0
}

// TestLimitsAreInArchitecture compares `name` 4 MiB with the constant of that
// name in the files of the row.
func TestLimitsAreInArchitecture(t *testing.T) {
	_, memory, found := strings.Cut(read(t, "ARCHITECTURE.md"), "\n## Memory\n")
	if !found {
		t.Fatal("ARCHITECTURE.md says nothing of memory")
	}
	limit := regexp.MustCompile("`([A-Za-z]+)` ([0-9]+)( [KM]iB)?")
	file := regexp.MustCompile("`([a-z]+/[a-z]+\\.go)`")
	count := 0
	for line := range strings.Lines(memory) {
		if strings.HasPrefix(line, "## ") {
			break
		}
		var files []string
		for _, m := range file.FindAllStringSubmatch(line, -1) {
			files = append(files, m[1])
		}
		for _, m := range limit.FindAllStringSubmatch(line, -1) {
			count++
			said, err := strconv.Atoi(m[2])
			if err != nil {
				t.Fatal(err)
			}
			if is := constant(t, m[1], files); said*bytes(m[3]) != is {
				t.Errorf("%s is %d, ARCHITECTURE.md says %s%s", m[1], is, m[2], m[3])
			}
		}
	}
	if count == 0 {
		t.Error("no limit was found")
	}
}
