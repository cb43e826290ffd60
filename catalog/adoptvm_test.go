package catalog_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/api"
	"spliced/rpc"
	"spliced/test/hosttest"
)

// A VM on one host keeps its OVA from being removed on the other. Of an OVA that
// was removed there no VM can be made here, and its record goes by itself.
func TestVMOfAnAdoptedOVA(t *testing.T) {
	t.Parallel()
	here, there := newFixture(t), newFixture(t)
	there.name, there.pool, there.host = "there", here.pool, hosttest.New().Open
	here.up()
	there.up()
	here.done(here.uploadOVA("web"))
	there.done(there.adoptOVA("web"))
	there.entry(api.KindNetwork, "none", `{"networks": []}`)
	there.modified(api.KindProfile, "web", `{"network_template": "none"}`)
	there.done(there.createVM("guest", "web"))
	if got := there.check(api.Check{Digests: true}); len(got) != 0 {
		t.Errorf("found %q", got)
	}
	if got := here.check(api.Check{}); len(got) != 0 {
		t.Errorf("with a VM of another host found %q", got)
	}

	remove := func(f *fixture) error {
		_, err := f.end(f.catalog.RemoveOVA(api.OVARemove{Name: "web", Cascade: true}, caller()))
		return err
	}
	err := remove(here)
	code(t, err, rpc.Busy)
	if err != nil && !strings.Contains(err.Error(), "guest_sda") {
		t.Errorf("got %v", err)
	}
	there.done(there.removeVM("guest", true))
	ok(t, remove(here))
	_, err = there.end(there.createVM("guest", "web"))
	code(t, err, rpc.NotFound)
	there.settled()
	there.holds()
	want := []string{`missing-volume OVA "web" ova_web.record`, `missing-volume OVA "web" ova_web_sda`}
	if diff := cmp.Diff(want, there.check(api.Check{})); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	ok(t, remove(there))
	if got := there.check(api.Check{}); len(got) != 0 {
		t.Errorf("found %q", got)
	}
}

// A VM's volumes are looked for; that somebody writes to them is no finding.
func TestCheckOfVMs(t *testing.T) {
	t.Parallel()
	f, _ := withVM(t)
	f.done(f.createVM("guest", "web"))
	v, err := f.pool.Open(t.Context(), "guest_sda")
	ok(t, err)
	_, err = v.WriteAt([]byte("a guest"), 0)
	ok(t, err)
	ok(t, v.Resize(v.Size()+4096))
	ok(t, v.Close())
	if got := f.check(api.Check{Digests: true}); len(got) != 0 {
		t.Errorf("found %q", got)
	}
	ok(t, f.pool.Remove(t.Context(), "guest_sda"))
	if diff := cmp.Diff([]string{`missing-volume VM "guest" guest_sda`}, f.check(api.Check{})); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}
