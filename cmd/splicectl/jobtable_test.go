package main

import (
	"strings"
	"testing"

	"spliced/api"
)

// TestScriptsLogIsShown, since the hint of a script that failed points to it.
func TestScriptsLogIsShown(t *testing.T) {
	var b strings.Builder
	jobDetails(&b, api.Job{ID: "1", Log: []string{"one", "\x1b[2Jtwo"}})
	if want := "\nLog:\n  one\n  \ufffd[2Jtwo\n"; !strings.HasSuffix(b.String(), want) {
		t.Errorf("%q does not end with %q", b.String(), want)
	}
}
