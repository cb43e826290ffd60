package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// What serves requests, and the flow of an upload, know storage by its interface
// alone: they build and run without Ceph's libraries.
func TestNoCephBehindTheInterface(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "spliced/handlers", "spliced/ingest").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(out))
	for _, p := range packages {
		if strings.Contains(p, "go-ceph") || p == "spliced/ceph" {
			t.Errorf("%s is linked", p)
		}
	}
	if !slices.Contains(packages, "spliced/rpc") || !slices.Contains(packages, "spliced/ovf") {
		t.Errorf("these can't be all: %q", packages)
	}
}
