package main

import (
	"strings"
	"testing"

	"spliced/api"
	"spliced/rpc"
)

func TestAdoptable(t *testing.T) {
	socket := serve(t, onePool(), says("ova.adoptable", []api.Adoptable{{Name: "web", Disks: 2, Host: "n\x1b[2J1"}, {Name: "db", Disks: 1}}))
	ctl(t, socket, "ova", "adoptable").want(t, 0, "NAME  DISKS  FROM HOST\ndb    1      -\nweb   2      n\ufffd[2J1\n", "")
	ctl(t, serve(t, onePool(), says("ova.adoptable", []api.Adoptable{})), "ova", "adoptable").want(t, 0, "", "No OVAs to adopt.\n")
}

func TestAdoptAll(t *testing.T) {
	adopt := stub("ova.adopt", 0, func(_ *rpc.Call, p api.OVAAdopt) (api.OVAResult, error) {
		if p.Name == "torn" {
			return api.OVAResult{}, rpc.Errorf(rpc.Integrity, "Cannot adopt OVA %q: a disk is missing.", p.Name)
		}
		return api.OVAResult{Message: "Adopted OVA \"" + p.Pool + "/" + p.Name + "\"."}, nil
	})
	list := says("ova.adoptable", []api.Adoptable{{Name: "a"}, {Name: "torn"}, {Name: "b"}})
	ctl(t, serve(t, onePool(), list, adopt), "ova", "adopt", "--all").want(t, 9,
		"Adopted OVA \"vms/a\".\nAdopted OVA \"vms/b\".\n", "Cannot adopt OVA \"torn\": a disk is missing.\n")
	none := says("ova.adoptable", []api.Adoptable{})
	ctl(t, serve(t, onePool(), none), "ova", "adopt", "--all").want(t, 0, "", "Pool \"vms\" has no OVAs to adopt.\n")
}

// Images go the same way.
func TestAdoptImages(t *testing.T) {
	list := says("image.adoptable", []api.Adoptable{{Name: "debian", Disks: 1, Host: "n1"}})
	adopt := stub("image.adopt", 0, func(_ *rpc.Call, p api.ImageAdopt) (api.Result, error) {
		return api.Result{Message: "Adopted image \"" + p.Pool + "/" + p.Name + "\"."}, nil
	})
	socket := serve(t, onePool(), list, adopt)
	ctl(t, socket, "image", "adoptable").want(t, 0, "NAME    DISKS  FROM HOST\ndebian  1      n1\n", "")
	ctl(t, socket, "image", "adopt", "--all").want(t, 0, "Adopted image \"vms/debian\".\n", "")
	none := says("image.adoptable", []api.Adoptable{})
	ctl(t, serve(t, onePool(), none), "image", "adoptable").want(t, 0, "", "No images to adopt.\n")
}

func TestAdoptFollowsItsJob(t *testing.T) {
	job := newFakeJob(at(api.JobRunning, nil), done(`Adopted OVA "web".`))
	socket := serve(t, append(job.methods(), says("ova.adopt", api.Result{Job: "j1", Message: "It works."}))...)
	ctl(t, socket, "ova", "adopt", "web").want(t, 0, "Adopted OVA \"web\".\n", "")
}

func TestConfigure(t *testing.T) {
	socket := serve(t, records("ova.configure", make(chan string, 1), api.OVAConfigured{
		Message: `Configured OVA "web" as "large".`, Profiles: []string{"web-large.a", "web-large.b"}, SystemTemplates: []string{"web-large.a"},
	}))
	ctl(t, socket, "ova", "configure", "web", "--configuration", "large").want(t, 0, `Configured OVA "web" as "large".

Profiles:          web-large.a, web-large.b
System templates:  web-large.a
`, "")
}

// check answers catalog.check: at first with a job, and when it is waited for
// with the findings, for the same request only.
func check(t *testing.T, findings []api.Finding) rpc.Method {
	t.Helper()
	first := ""
	return stub("catalog.check", 0, func(_ *rpc.Call, p api.Check) (api.CheckResult, error) {
		switch {
		case p.Pool != "vms" || !p.Digests || api.CheckRequestID(p.RequestID) != nil:
			t.Errorf("asked for %+v", p)
		case !p.Wait:
			first = p.RequestID
			return api.CheckResult{Job: "j1", Message: "It works."}, nil
		case p.RequestID != first:
			t.Errorf("the request %q isn't %q", p.RequestID, first)
		}
		return api.CheckResult{Job: "j1", Message: "Checked 5 records.", Findings: findings}, nil
	})
}

func TestFsck(t *testing.T) {
	run := func(findings []api.Finding, args ...string) result {
		job := newFakeJob(at(api.JobRunning, copied(1, 2)), done("Checked."))
		socket := serve(t, append(job.methods(), check(t, findings))...)
		return ctl(t, socket, append([]string{"fsck", "--pool", "vms", "--digests"}, args...)...)
	}
	run(nil).want(t, 0, "Checked 5 records.\n", "")
	findings := []api.Finding{
		{Kind: api.OrphanVolume, Pool: "vms", Volume: "a\x1b[2J", Text: "No record names it.", Hint: "Remove it."},
		{Kind: api.MissingVolume, Object: `OVA "web"`, Pool: "vms", Volume: "ova_web_sda", Text: "It isn't there."},
		{Kind: api.CorruptRecord, Object: `profile "x"`, Text: "Line 3 is\nno YAML."},
	}
	run(findings).want(t, 9, `FINDING         OBJECT       VOLUME           WHAT
corrupt-record  profile "x"  -                Line 3 is no YAML.
missing-volume  OVA "web"    vms/ova_web_sda  It isn't there.
orphan-volume   -            vms/a`+"\ufffd"+`[2J        No record names it. Remove it.
`, "Checked 5 records.\n")
	got := run(findings, "-o", "json")
	if got.code != 9 || !strings.Contains(got.out, `"kind": "missing-volume"`) {
		t.Errorf("exit %d: %s", got.code, got.out)
	}
	if got := run(nil, "-o", "yaml"); got.code != 0 || got.out != "job: j1\nmessage: Checked 5 records.\n" {
		t.Errorf("exit %d: %s", got.code, got.out)
	}
}

func TestFsckFails(t *testing.T) {
	job := newFakeJob(ending(api.JobFailed, "Cannot check: pool \"vms\" doesn't answer.", &api.JobFailure{Code: 11, Kind: "cluster-unavailable"}))
	socket := serve(t, append(job.methods(), check(t, nil))...)
	ctl(t, socket, "fsck", "--pool", "vms", "--digests").want(t, 11, "", "Cannot check: pool \"vms\" doesn't answer.\n")
}
