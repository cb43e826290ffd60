package catalog_test

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/api"
	"spliced/block/fault"
	"spliced/catalog"
	"spliced/failure"
	"spliced/ovf"
	"spliced/rpc"
)

func (f *fixture) rich(properties map[string]string) api.OVA {
	f.t.Helper()
	f.up()
	f.done(f.uploadRich(api.OVAUpload{Properties: properties}, ""))
	o, err := f.catalog.OVA("web", false)
	ok(f.t, err)
	return o
}

// Another configuration is made of the disks that are there.
func TestConfigure(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	o := f.rich(map[string]string{"db.password": secret, "size": "2"})
	got, err := f.catalog.ConfigureOVA(api.OVAConfigure{Name: "web", Configuration: "large", Properties: map[string]string{"db.tuning": "slow"}}, caller())
	ok(t, err)
	want := api.OVAConfigured{
		Message:  `Made 2 profiles, "web-large.db" to "web-large.app", for the configuration "large" of OVA "web".`,
		Profiles: []string{"web-large.db", "web-large.app"}, SystemTemplates: []string{"web-large.db", "web-large.app"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	profile := entry[api.Profile](f, "profiles", "web-large.db")
	is := api.Profile{
		Type: api.ProfileOVA, OVA: "web", System: "db", SystemTemplate: "web-large.db", Configuration: "large",
		Properties: map[string]string{"db.tuning": "slow"}, Origin: "ova web",
	}
	if diff := cmp.Diff(is, profile); diff != "" {
		t.Error(diff)
	}
	if s := entry[api.SystemTemplate](f, "system-templates", "web-large.db"); s.VCPUs != 8 || s.VRAM != 2 || s.Origin != "ova web" || s.Firmware != "bios" {
		t.Errorf("the template is %+v", s)
	}
	machine, err := f.catalog.Machine(&o, &profile, nil)
	ok(t, err)
	var volumes []string
	for _, d := range slices.Concat(machine.Disks, machine.Media) {
		volumes = append(volumes, d.ID+" "+d.Volume)
	}
	if diff := cmp.Diff([]string{"sda ova_web.db_sda", "sdb ova_web.db_sdb", "sdc ova_web_sda", "cd0 ova_web.db_cd0", "fd0 ova_web.db_fd0"}, volumes); diff != "" || machine.VCPUs != 8 {
		t.Errorf("%d vCPUs, %s", machine.VCPUs, diff)
	}
	profile.System = "app"
	if machine, err := f.catalog.Machine(&o, &profile, nil); err != nil || !machine.SecureBoot || !machine.Disks[1].Shared || machine.Disks[1].Volume != "ova_web.db_sdb" {
		t.Errorf("the other machine is %+v, %v", machine, err)
	}
	f.holds("ova_web.record", "ova_web.db_sda", "ova_web.db_sdb", "ova_web.db_cd0", "ova_web.db_fd0", "ova_web.app_sda", "ova_web_sda")
}

// What can't be configured is refused for what it is, and nothing is made.
func TestConfigureRefused(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.rich(nil)
	plant(f, "profiles", "taken.app", api.Profile{Type: "provisioner"})
	plant(f, "system-templates", "there.db", api.SystemTemplate{VCPUs: 1, VRAM: 1})
	before := f.kept("profiles")
	for _, c := range []struct {
		p     api.OVAConfigure
		want  rpc.Code
		words string
	}{
		{api.OVAConfigure{Configuration: "tiny"}, rpc.InvalidParams, `no configuration "tiny"`},
		{api.OVAConfigure{Configuration: "huge"}, rpc.InvalidState, `disk "scratch" (sdc) of system "db"`},
		{api.OVAConfigure{Configuration: "large", Properties: map[string]string{"size": "5"}}, rpc.InvalidState, `disk "blank" (sda) of system "app" cannot be had: it is to have 5242880 bytes`},
		{api.OVAConfigure{Configuration: "large", Properties: map[string]string{"nope": "5"}}, rpc.InvalidParams, `no property "nope"`},
		{api.OVAConfigure{Configuration: "small", Properties: map[string]string{"db.tuning": "x"}}, rpc.InvalidParams, `no property "db.tuning"`},
		{api.OVAConfigure{Configuration: "large", Properties: map[string]string{"password": secret}}, rpc.InvalidParams, `"db.password" is a password`},
		{api.OVAConfigure{Configuration: "large", As: "taken"}, rpc.Exists, `"taken.app"`},
		{api.OVAConfigure{Configuration: "large", As: "there"}, rpc.Exists, `"there.db"`},
		{api.OVAConfigure{Configuration: "large", As: strings.Repeat("a", 61)}, rpc.InvalidParams, "64 bytes"},
		{api.OVAConfigure{}, rpc.InvalidParams, "needs a name"},
	} {
		c.p.Name = "web"
		_, err := f.catalog.ConfigureOVA(c.p, caller())
		if err == nil || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), secret) {
			t.Errorf("%+v: %v; want %s", c.p, err, c.words)
		}
		if _, refused := errors.AsType[*ovf.Refusal](err); !refused {
			code(t, err, c.want)
		} else if c.want != rpc.InvalidParams {
			t.Errorf("%+v: %v is no code %d", c.p, err, c.want)
		}
		if diff := cmp.Diff(before, f.kept("profiles")); diff != "" {
			t.Errorf("%+v: profiles: %s", c.p, diff)
		}
	}
	if _, err := f.catalog.ConfigureOVA(api.OVAConfigure{Name: "nope", Configuration: "large"}, caller()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an OVA that is not there: %v", err)
	}
}

// The same request makes what it makes once.
func TestSameConfigureRequest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.rich(nil)
	p := api.OVAConfigure{Name: "web", Configuration: "large", RequestID: "00000000-0000-4000-8000-000000000001"}
	first, err := f.catalog.ConfigureOVA(p, caller())
	ok(t, err)
	again, err := f.catalog.ConfigureOVA(p, caller())
	if diff := cmp.Diff(first, again); err != nil || diff != "" {
		t.Errorf("%v, %s", err, diff)
	}
	p.As = "other"
	_, err = f.catalog.ConfigureOVA(p, caller())
	code(t, err, rpc.InvalidParams)
}

// environment reads a document's own properties.
func environment(t *testing.T, doc []byte) map[string]string {
	t.Helper()
	var got struct {
		Own []struct {
			Key   string `xml:"key,attr"`
			Value string `xml:"value,attr"`
		} `xml:"PropertySection>Property"`
	}
	ok(t, xml.Unmarshal(doc, &got))
	all := map[string]string{}
	for _, p := range got.Own {
		all[p.Key] = p.Value
	}
	return all
}

// TestPasswordInAProfile is refused, as is what the descriptor doesn't have.
func TestPasswordInAProfile(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.rich(nil)
	whole := content{"type": "ova", "ova": "web", "system": "db", "configuration": "large"}
	f.made(api.KindProfile, "mine", whole)
	before := f.kept("profiles")
	for key, words := range map[string]string{"password": `"db.password" is a password`, "db.password": "is a password", "nope": `no property "nope"`} {
		_, err := f.modify(api.KindProfile, "mine", content{"properties": content{key: secret}})
		code(t, err, rpc.InvalidParams)
		if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: %v", key, err)
		}
		whole["properties"] = content{key: secret}
		_, err = f.create(api.KindProfile, "other", whole)
		code(t, err, rpc.InvalidParams)
	}
	if diff := cmp.Diff(before, f.kept("profiles")); diff != "" {
		t.Error(diff)
	}
	_, err := f.modify(api.KindProfile, "mine", content{"properties": content{"tuning": "slow"}})
	ok(t, err)
}

// A VM's environment document has the values of upload, profile and creation over
// each other, whichever key each was said under.
func TestEnvironmentOfAVM(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	o := f.rich(map[string]string{"password": secret, "site": "upload <&\"'>"})
	p := &api.Profile{Type: api.ProfileOVA, OVA: "web", System: "db", Configuration: "large", Properties: map[string]string{"db.tuning": "profile"}}
	_, err := f.catalog.Environment(&o, p, nil)
	code(t, err, rpc.InvalidParams)
	if !strings.Contains(fmt.Sprint(err), `"db.host"`) || strings.Contains(fmt.Sprint(err), secret) {
		t.Errorf("what lacks is said so: %v", err)
	}
	for _, c := range []struct{ given, want map[string]string }{
		{map[string]string{"host": "h"}, map[string]string{"size": "1", "site": "upload <&\"'>", "db.password": secret, "db.host": "h", "db.tuning": "profile"}},
		{
			map[string]string{"db.host": "h", "tuning": "vm", "db.password": "other", "site": ""},
			map[string]string{"size": "1", "site": "", "db.password": "other", "db.host": "h", "db.tuning": "vm"},
		},
	} {
		doc, err := f.catalog.Environment(&o, p, c.given)
		ok(t, err)
		if diff := cmp.Diff(c.want, environment(t, doc)); diff != "" {
			t.Errorf("%v: %s", c.given, diff)
		}
	}
	small := &api.Profile{Type: api.ProfileOVA, OVA: "web", System: "db"}
	doc, err := f.catalog.Environment(&o, small, map[string]string{"db.host": "h"})
	ok(t, err)
	if _, has := environment(t, doc)["db.tuning"]; has {
		t.Error("a property of another configuration is there")
	}
	if _, err := f.catalog.Environment(&o, small, map[string]string{"db.host": "h", "nope": "x"}); err == nil {
		t.Error("a property that is not there was taken")
	}
	doc, err = f.catalog.Environment(&o, &api.Profile{Type: api.ProfileOVA, OVA: "web", System: "app"}, nil)
	if doc != nil || err != nil {
		t.Errorf("a document for a guest that reads none: %s, %v", doc, err)
	}
	_, err = f.catalog.Environment(&o, &api.Profile{Type: api.ProfileOVA, OVA: "web"}, nil)
	code(t, failure.Of(err), rpc.InvalidState)
	_, err = f.catalog.Environment(&o, &api.Profile{Type: api.ProfileOVA, OVA: "web", System: "nope"}, nil)
	code(t, failure.Of(err), rpc.NotFound)
}

// While an import runs the names that it may give are its own, and given back after
// it.
func TestNamesOfAnImportUnderWay(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	release, reached := make(chan struct{}), make(chan struct{})
	f.under(fault.Rule{Op: fault.Rename, Nth: 1, Block: release}).Before(func(c fault.Call) {
		if c.Op == fault.Rename {
			select {
			case <-reached:
			default:
				close(reached)
			}
		}
	})
	f.up()
	j, err := f.uploadOVA("web.x")
	ok(t, err)
	<-reached
	for name, want := range map[string]bool{"web.x": true, "web.x.db": true, "web.x.a.b": true, "web": false, "web.xy": false, "other": false} {
		for _, kind := range []string{"profile", "system"} {
			if f.catalog.Claimed(kind, name) != want {
				t.Errorf("whether %s %q is claimed is %v", kind, name, !want)
			}
		}
		if f.catalog.Claimed("network", name) {
			t.Errorf("network %q is claimed", name)
		}
	}
	spec := api.Spec(`{"type":"provisioner"}`)
	_, err = f.catalog.CreateEntry(api.KindProfile, api.EntryWrite{Name: "web.x.db", Spec: spec}, caller())
	code(t, err, rpc.Busy)
	_, err = f.uploadOVA("web.x.y")
	code(t, err, rpc.Busy)
	close(release)
	f.done(j, nil)
	if f.catalog.Claimed("profile", "web.x.db") {
		t.Error("a name is claimed after the import")
	}
	_, err = f.catalog.CreateEntry(api.KindProfile, api.EntryWrite{Name: "web.x.db", Spec: spec}, caller())
	ok(t, err)
}

// Each template that an accepted descriptor gives is one that a user could write.
func TestTemplatesOfTheCorpus(t *testing.T) {
	t.Parallel()
	root := os.Getenv("SPLICED_CORPUS")
	if root == "" {
		root = filepath.Join("..", "..", "shared", "corpus")
	}
	if _, err := os.Stat(root); err != nil {
		lacking(t, "corpus", "the sample files are not there: "+err.Error())
	}
	seen := 0
	ok(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".ovf") {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, firmware := range []string{"bios", "efi"} {
			a, err := ovf.Parse(text)
			if err != nil {
				return nil //nolint:nilerr // which are refused, package ovf tests
			}
			plan, err := a.Plan(ovf.Choice{})
			if err != nil {
				return nil //nolint:nilerr // as above
			}
			for i := range plan.Systems {
				seen++
				s := &plan.Systems[i]
				s.SetFirmware(firmware, "the test says so")
				made := catalog.TemplateOf(plan, s)
				if err := made.Validate(); err != nil || int64(made.VRAM)<<20 < s.Memory {
					t.Errorf("%s, %s: %v: %+v", path, s.Key, err, made)
				}
			}
		}
		return nil
	}))
	if seen < 800 {
		t.Errorf("only %d templates were made", seen)
	}
}

// A profile is shown to all who may read, so it takes no password of its OVA's,
// by whichever of its keys; what is there already stays in nobody's way.
func TestProfilesTakeNoPasswords(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.rich(nil)
	refused := func(err error) {
		t.Helper()
		code(t, err, rpc.InvalidParams)
		if e := new(rpc.Error); !errors.As(err, &e) || e.Data.Field != "spec.properties" || strings.Contains(e.Message, secret) {
			t.Errorf("got %v", err)
		}
	}
	with := func(properties content) content {
		return content{"type": "ova", "ova": "web", "system": "db", "properties": properties}
	}
	for _, key := range []string{"password", "db.password"} {
		_, err := f.create(api.KindProfile, "own", with(content{key: secret}))
		refused(err)
		_, err = f.catalog.ModifyEntry(api.KindProfile, api.EntryWrite{
			Name: "web.db", Spec: api.Spec(`{"properties": {"` + key + `": "` + secret + `"}}`),
		}, caller())
		refused(err)
	}
	f.made(api.KindProfile, "own", with(content{"size": "2"}))
	plant(f, "profiles", "old", api.Profile{Type: api.ProfileOVA, OVA: "web", System: "db", Properties: map[string]string{"db.password": secret}})
	f.modified(api.KindProfile, "old", `{"system": "app"}`)
}

// Without its descriptor an OVA is damaged, which is not that it isn't there.
func TestConfigureWithoutADescriptor(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.rich(nil)
	ok(t, os.Remove(filepath.Join(f.state, "descriptors", "web.ovf")))
	_, err := f.catalog.ConfigureOVA(api.OVAConfigure{Name: "web", Configuration: "large"}, caller())
	code(t, err, rpc.StateCorrupt)
}
