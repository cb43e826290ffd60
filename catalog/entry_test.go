package catalog_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/api"
	"spliced/rpc"
)

// content is the content of an entry, or a patch for it.
type content map[string]any

func written(t *testing.T, name string, spec content) api.EntryWrite {
	t.Helper()
	text, err := json.Marshal(spec)
	ok(t, err)
	return api.EntryWrite{Name: name, Spec: text}
}

func (f *fixture) create(kind api.Kind, name string, spec content) (api.Entry, error) {
	return f.catalog.CreateEntry(kind, written(f.t, name, spec), caller())
}

func (f *fixture) modify(kind api.Kind, name string, patch content) (api.Entry, error) {
	return f.catalog.ModifyEntry(kind, written(f.t, name, patch), caller())
}

func (f *fixture) drop(kind api.Kind, name string) error {
	_, err := f.catalog.RemoveEntry(kind, api.EntryRemove{Name: name}, caller())
	return err
}

// made makes an entry that must be possible.
func (f *fixture) made(kind api.Kind, name string, spec content) api.Entry {
	f.t.Helper()
	e, err := f.create(kind, name, spec)
	ok(f.t, err)
	return e
}

// stock makes one entry of each kind that a profile can refer to, called "x".
func (f *fixture) stock() {
	f.t.Helper()
	f.made(api.KindSystem, "x", content{"vcpus": 1, "vram": 512})
	f.made(api.KindNetwork, "x", content{"networks": []content{{"vni": 7}}})
	f.made(api.KindStorage, "x", content{"disks": []content{{"id": "sda", "pool": "local", "size": "1GiB"}}})
	f.made(api.KindUserdata, "x", content{"content": "#cloud-config\n"})
	f.made(api.KindScript, "x", content{"content": "#!/bin/sh\n"})
}

var parts = []struct {
	key  string
	kind api.Kind
}{
	{"system_template", api.KindSystem},
	{"network_template", api.KindNetwork},
	{"storage_template", api.KindStorage},
	{"userdata", api.KindUserdata},
	{"script", api.KindScript},
}

// refused demands a failure of that code about that key.
func refused(t *testing.T, err error, want rpc.Code, field string) {
	t.Helper()
	var e *rpc.Error
	if !errors.As(err, &e) || e.Code != want || e.Data.Field != field {
		t.Errorf("got %v, %+v; want %d at %q", err, e, want, field)
	}
}

func decoded[T any](t *testing.T, e api.Entry) T {
	t.Helper()
	var v T
	ok(t, json.Unmarshal([]byte(e.Spec), &v))
	return v
}

// A merge patch leaves what is absent, unsets what is null, and replaces arrays.
func TestModifyIsAMergePatch(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.made(api.KindSystem, "s", content{
		"vcpus": 2, "vram": 1024, "firmware": "efi", "vnc": content{"enabled": true, "bind": "::1"}, "node_limit": []string{"a", "b"},
	})
	e, err := f.modify(api.KindSystem, "s", content{"vram": 2048, "firmware": nil, "vnc": content{"bind": nil}, "node_limit": []string{"c"}})
	ok(t, err)
	want := api.SystemTemplate{VCPUs: 2, VRAM: 2048, VNC: &api.VNC{Enabled: true}, NodeLimit: []string{"c"}}
	if d := cmp.Diff(want, decoded[api.SystemTemplate](t, e)); d != "" {
		t.Errorf("modified (-want +got):\n%s", d)
	}
	_, err = f.modify(api.KindSystem, "s", content{"secure_boot": true})
	refused(t, err, rpc.InvalidParams, "spec.secure_boot") // judged as a whole
	_, err = f.modify(api.KindSystem, "s", content{"vnc": content{"bnid": nil}})
	refused(t, err, rpc.InvalidParams, "spec.vnc.bnid")
	again, err := f.catalog.Entry(api.KindSystem, "s")
	ok(t, err)
	if d := cmp.Diff(e, again); d != "" {
		t.Errorf("what was refused had an effect:\n%s", d)
	}
}

func TestDisksAreSorted(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	e := f.made(api.KindStorage, "s", content{"disks": []content{
		{"id": "sdaa", "pool": "local", "size": 512}, {"id": "sdb", "pool": "local", "size": 512}, {"id": "sda", "pool": "local", "size": 512},
	}})
	var ids []string
	for _, d := range decoded[api.StorageTemplate](t, e).Disks {
		ids = append(ids, d.ID)
	}
	if !slices.Equal(ids, []string{"sda", "sdb", "sdaa"}) {
		t.Errorf("disks %q", ids)
	}
}

// Lists that are empty stay lists, through file and patch.
func TestEmptyLists(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.made(api.KindStorage, "s", content{"disks": []content{}})
	f.made(api.KindNetwork, "n", content{"networks": []content{}})
	f.stop()
	f.up()
	for kind, name := range map[api.Kind]string{api.KindStorage: "s", api.KindNetwork: "n"} {
		e, err := f.modify(kind, name, content{"origin": "ova x"})
		ok(t, err)
		if !strings.Contains(string(e.Spec), "[]") {
			t.Errorf("%s", e.Spec)
		}
	}
}

// Each part of a profile must be there when it is named, and can't go as long as
// it is.
func TestReferencesOfProfiles(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.stock()
	f.made(api.KindProfile, "empty", content{"type": "provisioner"})
	for _, p := range parts {
		_, err := f.create(api.KindProfile, "p", content{"type": "provisioner", p.key: "none"})
		refused(t, err, rpc.NotFound, "spec."+p.key)
		_, err = f.modify(api.KindProfile, "empty", content{p.key: "none"})
		refused(t, err, rpc.NotFound, "spec."+p.key)
		f.made(api.KindProfile, "p2", content{"type": "provisioner", p.key: "x"})
		f.made(api.KindProfile, "p1", content{"type": "ova", p.key: "x"})
		err = f.drop(p.kind, "x")
		code(t, err, rpc.Busy)
		if err == nil || err.Error() != `profile "p1" and profile "p2" refer to it.` {
			t.Errorf("%s: %v", p.key, err)
		}
		e, err := f.catalog.Entry(p.kind, "x")
		ok(t, err)
		if !slices.Equal(e.UsedBy, []string{`profile "p1"`, `profile "p2"`}) {
			t.Errorf("%s is used by %q", p.key, e.UsedBy)
		}
		_, err = f.modify(api.KindProfile, "p1", content{p.key: nil})
		ok(t, errors.Join(err, f.drop(api.KindProfile, "p2"), f.drop(api.KindProfile, "p1"), f.drop(p.kind, "x")))
	}
}

func TestReferencesToImages(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.done(f.uploadImage("disk"))
	of := func(volume string) content {
		return content{"disks": []content{{"id": "sda", "pool": "local", "source_volume": volume}}}
	}
	_, err := f.create(api.KindStorage, "s", of("none"))
	refused(t, err, rpc.NotFound, "spec.disks[0].source_volume")
	f.made(api.KindStorage, "s", of("local/disk"))
	_, err = f.removeImage("disk")
	code(t, err, rpc.Busy)
	if err == nil || err.Error() != `storage template "s" refers to it.` {
		t.Error(err)
	}
	ok(t, f.drop(api.KindStorage, "s"))
	f.done(f.removeImage("disk"))
}

// What a profile is and whose it is stays.
func TestTypeAndOVAStay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.done(f.uploadOVA("a"))
	f.done(f.uploadOVA("b"))
	for _, patch := range []content{{"type": "provisioner", "ova": nil}, {"type": nil}} {
		if _, err := f.modify(api.KindProfile, "a", patch); err == nil {
			t.Errorf("%v was done", patch)
		}
	}
	for _, patch := range []content{{"ova": "b"}, {"ova": nil}} {
		_, err := f.modify(api.KindProfile, "a", patch)
		refused(t, err, rpc.InvalidParams, "spec.ova")
	}
	f.made(api.KindProfile, "open", content{"type": "ova"})
	_, err := f.modify(api.KindProfile, "open", content{"ova": "b", "system": "none"})
	refused(t, err, rpc.NotFound, "spec.system")
	_, err = f.modify(api.KindProfile, "open", content{"ova": "b", "configuration": "none"})
	refused(t, err, rpc.NotFound, "spec.configuration")
	_, err = f.modify(api.KindProfile, "open", content{"ova": "b"})
	ok(t, err)
}

func TestLacks(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.stock()
	f.done(f.uploadOVA("plain")) // one system, no adapter
	f.done(f.uploadRich(api.OVAUpload{}, ""))
	rows := []struct {
		spec content
		want []string
	}{
		{content{"type": "provisioner"}, []string{"system_template", "network_template", "storage_template"}},
		{content{"type": "provisioner", "system_template": "x", "network_template": "x", "storage_template": "x"}, nil},
		{content{"type": "ova"}, []string{"system_template", "network_template", "ova"}},
		{content{"type": "ova", "ova": "plain", "system_template": "x"}, nil},
		{content{"type": "ova", "ova": "web"}, []string{"system_template", "network_template", "system"}},
	}
	for i, r := range rows {
		name := fmt.Sprintf("p%d", i)
		f.made(api.KindProfile, name, r.spec)
		one, err := f.catalog.Entry(api.KindProfile, name)
		ok(t, err)
		list := f.entries("^"+name+"$", api.KindProfile)
		if len(list) != 1 || !slices.Equal(one.Lacks, r.want) || !slices.Equal(list[0].Lacks, r.want) {
			t.Errorf("%v lacks %q, in the list %+v; want %q", r.spec, one.Lacks, list, r.want)
		}
	}
}

func (f *fixture) entries(match string, kinds ...api.Kind) []api.Entry {
	f.t.Helper()
	list, err := f.catalog.Entries(match, kinds...)
	ok(f.t, err)
	entries, err := list.Decode()
	ok(f.t, err)
	return entries
}

// What lists say is kept, and yet always what the files say: of the profile, and
// of the OVA on which depends what the profile lacks.
func TestListsFollowEdits(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.stock()
	f.done(f.uploadOVA("plain")) // without an adapter
	f.made(api.KindProfile, "one", content{"type": "ova", "ova": "plain", "system_template": "x"})
	says := func(what string, want ...string) {
		t.Helper()
		for range 2 {
			if got := f.entries("^one$", api.KindProfile)[0].Lacks; !slices.Equal(got, want) {
				t.Errorf("%s it lacks %q, want %q", what, got, want)
			}
		}
	}
	says("fresh,")
	good, err := os.ReadFile(f.file("ovas", "plain"))
	ok(t, err)
	ok(t, os.WriteFile(f.file("ovas", "plain"), []byte("nonsense"), 0o600))
	says("with an OVA that can't be read", "network_template")
	ok(t, os.WriteFile(f.file("ovas", "plain"), good, 0o600))
	says("with the OVA mended")
	profile, err := os.ReadFile(f.file("profiles", "one"))
	ok(t, err)
	profile = []byte(strings.Replace(string(profile), "system_template: x\n", "", 1))
	ok(t, os.WriteFile(f.file("profiles", "one"), profile, 0o600))
	says("without hardware", "system_template")
}

func TestListsOfEntries(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	if list := f.entries("", api.TemplateKinds()...); len(list) != 0 {
		t.Errorf("nothing: %v", list)
	}
	f.stock()
	f.made(api.KindSystem, "a", content{"vcpus": 1, "vram": 1})
	list := f.entries("^[ax]$", api.KindSystem, api.KindStorage, api.KindNetwork)
	var got []string
	for _, e := range list {
		got = append(got, string(e.Kind)+" "+e.Name)
	}
	if !slices.Equal(got, []string{"network x", "storage x", "system a", "system x"}) {
		t.Errorf("list %q", got)
	}
	f.made(api.KindScript, "long", content{"content": "#!/bin/sh\n# " + strings.Repeat("ä", 300) + "\n"})
	scripts := f.entries("", api.KindScript)
	if len(scripts) != 2 || scripts[0].Spec != nil || !strings.HasPrefix(scripts[0].Summary, "#!/bin/sh\n# ä") || len(scripts[0].Summary) > 210 {
		t.Errorf("scripts %+v", scripts)
	}
}

// The same request is done once and answered the same, until its id is used for
// something else; one that was refused is tried again.
func TestSameRequestOfAnEntry(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	p := written(t, "s", content{"vcpus": 1, "vram": 512})
	p.RequestID = "00000000-0000-4000-8000-000000000001"
	first, err := f.catalog.CreateEntry(api.KindSystem, p, caller())
	ok(t, err)
	again, err := f.catalog.CreateEntry(api.KindSystem, p, caller())
	ok(t, err)
	if d := cmp.Diff(first, again); d != "" {
		t.Errorf("another answer:\n%s", d)
	}
	other := caller()
	other.UID++
	_, err = f.catalog.CreateEntry(api.KindSystem, p, other)
	code(t, err, rpc.Exists)
	_, err = f.catalog.ModifyEntry(api.KindSystem, p, caller())
	refused(t, err, rpc.InvalidParams, "request_id")
	p.Name, p.RequestID = "t", "00000000-0000-4000-8000-000000000002"
	f.made(api.KindSystem, "t", content{"vcpus": 1, "vram": 1})
	_, err = f.catalog.CreateEntry(api.KindSystem, p, caller())
	code(t, err, rpc.Exists)
	ok(t, f.drop(api.KindSystem, "t"))
	_, err = f.catalog.CreateEntry(api.KindSystem, p, caller())
	ok(t, err)
}

// Of a reference and the removal of what it leads to one comes too late.
func TestReferenceAgainstRemoval(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	for n := range 50 {
		f.made(api.KindSystem, "s", content{"vcpus": 1, "vram": 1})
		var both sync.WaitGroup
		var making, removing error
		both.Go(func() {
			_, making = f.create(api.KindProfile, "p", content{"type": "provisioner", "system_template": "s"})
		})
		both.Go(func() { removing = f.drop(api.KindSystem, "s") })
		both.Wait()
		switch {
		case making == nil && removing == nil:
			t.Fatalf("round %d: a profile refers to nothing", n)
		case making != nil && removing != nil:
			t.Fatalf("round %d: %v; %v", n, making, removing)
		case making == nil:
			code(t, removing, rpc.Busy)
			ok(t, errors.Join(f.drop(api.KindProfile, "p"), f.drop(api.KindSystem, "s")))
		default:
			code(t, making, rpc.NotFound)
		}
	}
}

func (f *fixture) file(kind, name string) string {
	return filepath.Join(f.state, kind, name+".yaml")
}

// People edit files while the daemon runs.
func TestEditsByHand(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	good := "schema: system-templates/v1\n# for the web\nvram: 512 # MiB\nvcpus: 1\n...\n"
	write := func(text string) { ok(t, os.WriteFile(f.file("system-templates", "web"), []byte(text), 0o600)) }
	show := func() api.Entry {
		e, err := f.catalog.Entry(api.KindSystem, "web")
		ok(t, err)
		return e
	}
	write(good) // added
	first := show()
	if s := decoded[api.SystemTemplate](t, first); s.VRAM != 512 {
		t.Errorf("added: %+v", s)
	}
	write(strings.Replace(good, "vcpus: 1", "vcpus: 3", 1)) // changed
	p := written(t, "web", content{"vram": 1024})
	p.ExpectGeneration = first.Generation
	_, err := f.catalog.ModifyEntry(api.KindSystem, p, caller())
	code(t, err, rpc.Busy)
	p.ExpectGeneration = show().Generation
	_, err = f.catalog.ModifyEntry(api.KindSystem, p, caller())
	ok(t, err)
	text, err := os.ReadFile(f.file("system-templates", "web"))
	ok(t, err)
	if !strings.Contains(string(text), "# for the web\nvram: 1024 # MiB\nvcpus: 3\n") {
		t.Errorf("the file says:\n%s", text)
	}
	for _, broken := range []string{"vcpus: 9999", "vcpus: [", "vcpus: 1\ncolour: red"} {
		write(strings.Replace(good, "vcpus: 1", broken, 1))
		e := show()
		if s := decoded[api.SystemTemplate](t, e); s.VCPUs != 3 || !strings.Contains(e.Problem, "web.yaml") {
			t.Errorf("%q: %+v with the problem %q", broken, s, e.Problem)
		}
		list := f.entries("", api.KindSystem)
		if len(list) != 1 || list[0].Problem != e.Problem || !slices.Equal(f.catalog.Corrupt(), []string{e.Problem}) {
			t.Errorf("%q: list %+v, corrupt %q", broken, list, f.catalog.Corrupt())
		}
		_, err := f.modify(api.KindSystem, "web", content{"vcpus": 2})
		if err == nil || !strings.Contains(err.Error(), "web.yaml") {
			t.Errorf("%q was modified: %v", broken, err)
		}
	}
	write(good) // mended
	if e := show(); e.Problem != "" || len(f.catalog.Corrupt()) != 0 {
		t.Errorf("mended: %+v, %q", e, f.catalog.Corrupt())
	}
	write("nonsense")
	ok(t, f.drop(api.KindSystem, "web"))
	write(good)
	show()
	ok(t, os.Remove(f.file("system-templates", "web"))) // removed
	if _, err := f.catalog.Entry(api.KindSystem, "web"); err == nil {
		t.Error("a removed file is shown")
	}
}
