package docs_test

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// imports are the packages of ours that a folder's Go files import, but for
// tests and for what is below the folder itself.
func imports(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no Go files: %v", folder, err)
	}
	var all []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			path, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			ours, is := strings.CutPrefix(path, "spliced/")
			if is && !strings.HasPrefix(ours+"/", folder+"/") {
				all = append(all, ours)
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestImportsAreAllowedByArchitecture holds the table of who may import whom
// against what the files import.
func TestImportsAreAllowedByArchitecture(t *testing.T) {
	table := section(t, read(t, "ARCHITECTURE.md"), "Who may import whom")
	name := regexp.MustCompile("`([a-z/]+)`")
	names := func(cell string) []string {
		var all []string
		for _, m := range name.FindAllStringSubmatch(cell, -1) {
			all = append(all, m[1])
		}
		return all
	}
	count := 0
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]+) \\| ([^|]+) \\|$").FindAllStringSubmatch(table, -1) {
		if strings.HasPrefix(row[2], "anything") {
			continue
		}
		allowed := names(row[2])
		for _, folder := range names(row[1]) {
			count++
			for _, imported := range imports(t, folder) {
				if !slices.Contains(allowed, imported) {
					t.Errorf("%s imports %s, which ARCHITECTURE.md doesn't allow", folder, imported)
				}
			}
		}
	}
	if count < 15 {
		t.Errorf("only %d packages are in the table", count)
	}
}
