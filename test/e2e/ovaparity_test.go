package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
	"spliced/test/ovatest"
)

// alike are names that PVC took for each other, or for those of volumes.
var alike = []string{"my_ova", "my-ova", "my.ova", "foo", "foo_sda", "foo.record"}

// small is an OVA with one disk of a MiB, whose bytes tell it from others.
func small(n int) (ova, disk []byte) {
	disk = ovatest.Data(1<<20 + 512)
	copy(disk, fmt.Sprint("disk ", n))
	return ovatest.OVA(disk), disk
}

// An ovas is what is in the OVAs that a test has uploaded, by name.
type ovas map[string][]byte

// intact demands that all of them are there, with what was made with them, and
// nobody else.
func (o ovas) intact(t *testing.T, d *daemon, c *client.Client) {
	t.Helper()
	var list []api.OVASummary
	must(t, c.Call(t.Context(), "ova.list", nil, &list))
	got := []string{}
	for _, s := range list {
		got = append(got, s.Name)
		if len(s.Systems) != 1 || len(s.Systems[0].Disks) != 1 || s.Systems[0].Disks[0].Size != api.Size(len(o[s.Name])) {
			t.Errorf("OVA %q is listed as %+v", s.Name, s)
		}
	}
	if !slices.IsSorted(got) || len(got) != len(o) {
		t.Errorf("listed are %q", got)
	}
	system, profile := systemRow(), profileRow()
	for _, names := range [][]string{system.names(t, c, ""), profile.names(t, c, "")} {
		if !slices.Equal(names, got) {
			t.Errorf("there are the OVAs %q, and templates or profiles %q", got, names)
		}
	}
	for name, disk := range o {
		sameBytes(t, d.place, "ova_"+name+"_sda", disk)
	}
	if volumes := withoutDots(d.place.volumes(t, "ova_")); len(volumes) != 2*len(o) {
		t.Errorf("of %d OVAs the pool has %q", len(o), volumes)
	}
}

// TestOVAsAreToldApart uploads OVAs of names that are alike, and removes one after
// the other: what the others have stays.
func TestOVAsAreToldApart(t *testing.T) {
	t.Parallel()
	d := newHost(t, newDir(t)).start(t, splicedProgram)
	c := d.dial(t)
	o := ovas{}
	for n, name := range alike {
		ova, disk := small(n)
		_, err := upload(t, c, "ova.upload", name, source(t, fromPipe, ova), params{"wait": true})
		must(t, err)
		o[name] = disk
	}
	o.intact(t, d, c)
	for n, name := range []string{"foo_sda", "my_ova", "foo", "my.ova"} {
		if n%2 == 0 {
			must(t, c.Call(t.Context(), "ova.remove", params{"name": name, "cascade": true, "wait": true}, nil))
		} else {
			d.ctl(t, "", "ova", "remove", "--cascade", "--yes", name).want(t, 0, "Removed")
		}
		delete(o, name)
		clean(t, c, patience)
		o.intact(t, d, c)
	}
}

// TestOVARecordThroughTheSocket has an OVA's record with all that comes into being
// with it, and its removal in spite of who refers to it.
func TestOVARecordThroughTheSocket(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		d := newHost(t, p).start(t, splicedProgram)
		c := d.dial(t)
		d.importOVA(t, c, "web", fromPipe)
		var o api.OVA
		must(t, c.Call(t.Context(), "ova.show", params{"name": "web", "descriptor": true}, &o))
		s := o.Systems[0]
		if o.Pool != "p" || s.Profile != "web" || s.SystemTemplate != "web" || s.VCPUs != 2 || s.Memory != 512<<20 || !strings.Contains(o.Descriptor, "<Envelope") {
			t.Errorf("the OVA is %+v", o)
		}
		for i, disk := range s.Disks {
			if disk.ID != []string{"sda", "sdb"}[i] || disk.Size != api.Size(len(theAppliance().disks[i])) || disk.Manifest != "verified" {
				t.Errorf("disk %d is %+v", i, disk)
			}
		}
		system, profile := systemRow(), profileRow()
		e, err := system.entry(t, c, "show", "web", nil)
		must(t, err)
		if got := fmt.Sprint(e.UsedBy); !strings.Contains(string(e.Spec), `"origin":"ova web"`) || got != `[profile "web"]` {
			t.Errorf("its system template is %s, used by %s", e.Spec, got)
		}
		e, err = profile.entry(t, c, "show", "web", nil)
		must(t, err)
		sameSpec(t, params{"type": "ova", "ova": "web", "system_template": "web", "origin": "ova web"}, e.Spec)
		if _, err := upload(t, c, "ova.upload", "web", source(t, fromFile, theAppliance().ova), params{"wait": true}); code(err) != rpc.Exists {
			t.Errorf("a second OVA of the name: %v", err)
		}
		refusesOwnProfiles(t, d, c)
		removeOVA(t, c, "web")
		if left := append(d.place.volumes(t, "ova_web"), d.records(t)...); len(withoutDots(left)) > 0 {
			t.Errorf("left are %q", left)
		}
	})
}

// refusesOwnProfiles demands that a profile that somebody made keeps an OVA, and is
// not removed with it.
func refusesOwnProfiles(t *testing.T, d *daemon, c *client.Client) {
	t.Helper()
	profile := profileRow()
	_, err := profile.entry(t, c, "create", "mine", params{"spec": params{"type": "ova", "ova": "web"}})
	must(t, err)
	if _, err := profile.entry(t, c, "modify", "mine", params{"spec": params{"ova": nil}}); code(err) != rpc.InvalidParams {
		t.Errorf("a profile that gives up its OVA: %v", err)
	}
	err = c.Call(t.Context(), "ova.remove", params{"name": "web", "cascade": true, "wait": true}, nil)
	if code(err) != rpc.Busy || !strings.Contains(err.Error(), `"mine"`) {
		t.Errorf("the removal of an OVA that a profile refers to: %v", err)
	}
	d.whole(t, c, "web")
	_, err = profile.entry(t, c, "remove", "mine", nil)
	must(t, err)
	err = c.Call(t.Context(), "ova.remove", params{"name": "web", "wait": true}, nil)
	if code(err) != rpc.Busy || !strings.Contains(err.Error(), `profile "web"`) {
		t.Errorf("the removal without what was made with it: %v", err)
	}
	d.whole(t, c, "web")
}

// TestOVAThroughSplicectl does it as a person does.
func TestOVAThroughSplicectl(t *testing.T) {
	t.Parallel()
	d := newHost(t, newDir(t)).start(t, splicedProgram)
	path := filepath.Join(t.TempDir(), "web.ova")
	must(t, os.WriteFile(path, theAppliance().ova, 0o600))
	d.ctl(t, "", "ova", "list").want(t, 0)
	if list := shown[[]api.OVA](t, d, "ova", "list"); list == nil || len(list) > 0 {
		t.Errorf("a list of nothing is %v", list)
	}
	d.ctl(t, "", "ova", "upload", "web", path, "--pool", "p").want(t, 0, `"web"`)
	d.ctl(t, "", "ova", "upload", "web", path, "--pool", "p").want(t, 3, `Cannot import OVA "web"`, "Hint: ")
	d.ctl(t, string(theAppliance().ova), "ova", "upload", "piped", "-", "--pool", "p").want(t, 0, `"piped"`)
	d.ctl(t, string(theAppliance().ova[:5000]), "ova", "upload", "cut", "-", "--pool", "p").want(t, 8, `Cannot import OVA "cut"`)
	d.ctl(t, "", "ova", "upload", "web2", path, "--pool", "none").want(t, 2, `"none"`)
	d.ctl(t, "", "ova", "upload", "../web", path, "--pool", "p").want(t, 64, "../web")
	d.ctl(t, "", "ova", "upload", "web2", path+".none", "--pool", "p").want(t, 66, "no such file")
	o := shown[api.OVA](t, d, "ova", "show", "web")
	if o.Name != "web" || len(o.Volumes()) != 2 || o.Volumes()[1].Volume != "ova_web_sdb" {
		t.Errorf("the OVA is %+v", o)
	}
	d.ctl(t, "", "ova", "show", "web").want(t, 0, "ova_web_sda", "8.0 MiB", "ova_web_sdb")
	d.ctl(t, "", "ova", "show", "web", "--descriptor").want(t, 0, "<Envelope")
	d.ctl(t, "", "ova", "list", "--match", "^web$").want(t, 0, "\nweb ")
	d.ctl(t, "", "profile", "show", "web").want(t, 0, "origin: ova web")
	d.ctl(t, "", "ova", "show", "cut").want(t, 2, `"cut"`)
	d.ctl(t, "", "ova", "remove", "--cascade", "web").want(t, 64, "--yes")
	d.typed(t, "n\n", "ova", "remove", "--cascade", "web").want(t, 12, "Nothing was removed.")
	d.ctl(t, "", "ova", "remove", "--yes", "web").want(t, 4, `profile "web"`)
	d.whole(t, d.dial(t), "web")
	d.typed(t, "y\n", "ova", "remove", "--cascade", "web").want(t, 0, "Removed")
	d.ctl(t, "", "ova", "remove", "--cascade", "--yes", "web", "piped").want(t, 2, `"web"`, `Removed OVA "piped"`)
	if left := withoutDots(append(d.place.volumes(t, ""), d.records(t)...)); len(left) > 0 {
		t.Errorf("left are %q", left)
	}
}
