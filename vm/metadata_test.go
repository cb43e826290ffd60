package vm_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/vm"
)

// What a domain says of its origin can be read back.
func TestMetadata(t *testing.T) {
	t.Parallel()
	plan := work(t, cloning())
	domain, err := plan.Domain(vm.Options{}, files)
	if err != nil {
		t.Fatal(err)
	}
	want := vm.Metadata{
		Job: "19ac0d3f1a2deadbeef", Profile: "web", Version: "1.2.3", VMID: 42,
		NodeLimit: []string{"hv1", "hv2"}, NodeSelector: "mem", NodeAutostart: true, MigrationMethod: "live",
	}
	got, err := vm.MetadataOf(domain)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
}

// Another prefix, neighbours, or none: what counts is the namespace.
func TestMetadataNamespace(t *testing.T) {
	t.Parallel()
	ours := `<x:vm xmlns:x="https://spliced.dev/xmlns/vm/1"><x:job>j</x:job><x:vmid>7</x:vmid></x:vm>`
	theirs := `<vm xmlns="https://example.org/vm"><job>theirs</job><vmid>8</vmid></vm>`
	for name, inside := range map[string]string{"alone": ours, "first": ours + theirs, "last": theirs + ours} {
		m, err := vm.MetadataOf("<domain type='kvm' id='3'><name>n</name><metadata>" + inside + "</metadata></domain>")
		if err != nil || m.Job != "j" || m.VMID != 7 {
			t.Errorf("%s: got %+v, %v", name, m, err)
		}
	}
	for name, domain := range map[string]string{
		"no metadata":    "<domain><name>n</name></domain>",
		"somebody's":     "<domain><metadata>" + theirs + "</metadata></domain>",
		"not there":      "<domain>" + ours + "</domain>",
		"no namespace":   "<domain><metadata><vm><job>j</job></vm></metadata></domain>",
		"deeper than it": "<domain><metadata><a>" + ours + "</a></metadata></domain>",
	} {
		if m, err := vm.MetadataOf(domain); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %+v, %v", name, m, err)
		}
	}
	for _, broken := range []string{"", "x", "<domain>", "<network/>", "<domain><metadata>" + ours} {
		if m, err := vm.MetadataOf(broken); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q: got %+v, %v", broken, m, err)
		}
	}
}
