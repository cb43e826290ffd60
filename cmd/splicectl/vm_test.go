package main

import (
	"context"
	"strings"
	"testing"

	"spliced/api"
	"spliced/rpc"
)

func someVM() api.VM {
	return api.VM{
		Name: "web1", UUID: "u-1", VMID: 7, Profile: "web", OVA: "app", Defined: true, Created: day(1), CreatedBy: "root", Job: "j1",
		Volumes: []api.VMVolume{
			{ID: "sda", Pool: "vms", Volume: "web1_sda", Size: 8 << 30, Source: "vms/ova_app_sda"},
			{ID: "sdb", Pool: "fast", Volume: "web1_sdb", Size: 1 << 30, Source: "vms/deb", Copied: true},
			{ID: "sdc", Pool: "vms", Volume: "web1_sdc", Size: 1 << 20, Filesystem: "ext4", Mountpoint: "/srv"},
		},
		XML: "<domain>\n\t<name>\x1b[2J</name>\n</domain>\n", Warnings: []string{"pool \x1b[2Jfast has no clones of vms"},
	}
}

const vmFlagsAll = " --profile web --pool vms --disk-pool sda=fast --disk-pool sdb=slow --vmid 9 --argument a=1 --property p=x=y --force"

func TestVMParameters(t *testing.T) {
	const all = `"name":"web1","profile":"web","pool":"vms","pools":{"sda":"fast","sdb":"slow"},"vmid":9,"arguments":{"a":"1"},"properties":{"p":"x=y"},"force":true`
	for _, c := range []struct{ args, method, want string }{
		{"vm create web1 --profile web --no-wait", "vm.create", `{"name":"web1","profile":"web"}`},
		{"vm create web1 --no-define --no-start --no-wait" + vmFlagsAll, "vm.create", `{"define":false,"start":false,` + all + `}`},
		{"vm create web1 --no-start --dry-run" + vmFlagsAll, "vm.create", `{"start":false,"dry_run":true,` + all + `}`},
		{"vm render web1" + vmFlagsAll, "vm.render", "{" + all + "}"},
		{"vm show web1", "vm.show", `{"name":"web1"}`},
		{"vm remove web1 -y", "vm.remove", `{"name":"web1"}`},
		{"vm rm web1 -y --destroy", "vm.remove", `{"name":"web1","destroy":true}`},
		{"ova remove web1 -y --cascade --flatten", "ova.remove", `{"name":"web1","cascade":true,"flatten":true}`},
		{"image remove web1 -y --flatten --pool vms", "image.remove", `{"pool":"vms","name":"web1","flatten":true}`},
		{"ova adopt web1 --pool vms", "ova.adopt", `{"pool":"vms","name":"web1"}`},
		{"ova adoptable --pool vms -o json", "ova.adoptable", `{"pool":"vms"}`},
		{
			"ova configure web1 --configuration big --as web2 --property a=b", "ova.configure",
			`{"name":"web1","configuration":"big","as":"web2","properties":{"a":"b"}}`,
		},
	} {
		t.Run(c.args, func(t *testing.T) {
			seen := make(chan string, 9)
			method := records(c.method, seen, api.Result{Message: "Done."})
			if c.method == "ova.adoptable" {
				method = records(c.method, seen, []api.Adoptable{})
			}
			got := ctl(t, serve(t, method), strings.Fields(c.args)...)
			if got.code != 0 {
				t.Fatalf("exit %d: %s", got.code, got.err)
			}
			sameJSON(t, c.want, <-seen)
		})
	}
}

func TestMisuseOfVMs(t *testing.T) {
	for _, args := range []string{
		"vm create", "vm create a", "vm create ../a --profile p", "vm render a --profile p --disk-pool sda", "vm create a --profile p --argument =x",
		"vm create a --profile p --vmid x", "vm remove", "vm remove a", "ova adopt", "ova adopt a --all", "ova configure a", "ova configure --configuration b", "fsck a",
	} {
		methods := []rpc.Method{onePool()} // vm remove asks when it is connected
		got := ctl(t, serve(t, methods...), strings.Fields(args)...)
		if got.code != exitUsage || got.out != "" || !strings.HasPrefix(got.err, "Cannot ") {
			t.Errorf("%q: exit %d, stdout %q, stderr:\n%s", args, got.code, got.out, got.err)
		}
	}
}

func TestVMCreateFollowsItsJob(t *testing.T) {
	create := func(job *fakeJob) string {
		return serve(t, append(job.methods(), says("vm.create", api.Result{Job: "j1", Message: "Job \"j1\" makes VM \"web1\"."}))...)
	}
	args := []string{"vm", "create", "web1", "--profile", "web"}
	ctl(t, create(newFakeJob(at(api.JobRunning, copied(0, 1)), done(`Made VM "web1".`))), args...).want(t, 0, "Made VM \"web1\".\n", "")
	failed := newFakeJob(ending(api.JobFailed, `Cannot make VM "web1": there is no bridge "vmbr5".`, &api.JobFailure{Code: 2, Kind: "not-found", Hint: "Make it."}))
	ctl(t, create(failed), args...).want(t, 2, "", "Cannot make VM \"web1\": there is no bridge \"vmbr5\".\nHint: Make it.\n")
	ctl(t, create(newFakeJob()), append(args, "--no-wait")...).want(t, 0,
		"Job \"j1\" makes VM \"web1\".\n", "Follow it with: splicectl job wait j1\n")
}

func TestVMCreateInterrupted(t *testing.T) {
	job := newFakeJob()
	started := make(chan string, 1)
	socket := serve(t, append(job.methods(), records("vm.create", started, api.Result{Job: "j1", Message: "It works."}))...)
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		<-started
		interrupt()
	}()
	got := ctlWith(ctx, nil, socket, "vm", "create", "web1", "--profile", "web")
	got.want(t, exitCancelled, "", "Cancelling job j1. Interrupt again to leave at once.\nThe job was cancelled.\n")
	if cancelled, _ := job.calls(); cancelled != 1 {
		t.Errorf("cancelled %d times", cancelled)
	}
}

func TestVMTables(t *testing.T) {
	v := someVM()
	v.XML = strings.ReplaceAll(v.XML, "\t", "  ")
	const volumes = `
DISK  POOL  VOLUME    SIZE   FROM               FILESYSTEM  MOUNTPOINT
sda   vms   web1_sda  8 GiB  vms/ova_app_sda    -           -
sdb   fast  web1_sdb  1 GiB  a copy of vms/deb  -           -
sdc   vms   web1_sdc  1 MiB  -                  ext4        /srv

Warnings:
  pool ` + "\ufffd" + `[2Jfast has no clones of vms
`
	socket := serve(t, says("vm.list", []api.VM{v, {Name: "a"}}), says("vm.show", v),
		rpc.Bind(rpc.Method{Name: "vm.create"}, func(context.Context, *rpc.Call, api.VMCreate) (api.VMResult, error) {
			return api.VMResult{Message: `VM "web1" can be made.`, VM: &v}, nil
		}),
		rpc.Bind(rpc.Method{Name: "vm.render"}, func(context.Context, *rpc.Call, api.VMCreate) (api.VMResult, error) {
			return api.VMResult{Message: "Rendered.", VM: &v}, nil
		}))
	ctl(t, socket, "vm", "list").want(t, 0, `NAME  VMID  PROFILE  OVA  VOLUMES  SIZE     DEFINED  CREATED
a     0     -        -    0        0 B      no       -
web1  7     web      app  3        9.0 GiB  yes      2026-05-01 13:14:15
`, "")
	ctl(t, socket, "vm", "show", "web1").want(t, 0, `Name:     web1
UUID:     u-1
VMID:     7
Profile:  web
OVA:      app
Defined:  yes
Created:  2026-05-01 13:14:15
By:       root
Job:      j1
`+volumes, "")
	ctl(t, socket, "vm", "show", "web1", "--xml").want(t, 0, v.XML, "")
	ctl(t, socket, "vm", "create", "web1", "--profile", "web", "--dry-run").want(t, 0, "VM \"web1\" can be made.\n"+volumes, "")
	ctl(t, socket, "vm", "render", "web1", "--profile", "web").want(t, 0, v.XML, "Warning: pool \ufffd[2Jfast has no clones of vms\n")
	got := ctl(t, socket, "vm", "render", "web1", "--profile", "web", "-o", "json")
	if got.code != 0 || !strings.Contains(got.out, `"xml": "\u003cdomain`) {
		t.Errorf("exit %d: %s", got.code, got.out)
	}
	unharmful(t, got.out)
}

func TestVMRemoveAsks(t *testing.T) {
	ctl(t, serve(t), "vm", "remove", "a", "b").want(t, exitUsage, "",
		"Cannot remove VMs \"a\" and \"b\": stdin is no terminal, so nobody can be asked whether that is meant.\nHint: With --yes it is removed without a question.\n")
}

func TestCompletionOfVMs(t *testing.T) {
	socket := serve(t, onePool(), says("vm.list", []api.VM{{Name: "web1"}}), says("profile.list", []api.Entry{{Name: "web"}}),
		says("ova.adoptable", []api.Adoptable{{Name: "lost"}}))
	for args, want := range map[string]string{
		"vm show ":                 "web1\n",
		"vm remove x ":             "web1\n",
		"vm create a --profile ":   "web\n",
		"vm render a --pool ":      "vms\n",
		"ova adopt --pool vms ":    "lost\n",
		"fsck --pool ":             "vms\n",
		"ova adoptable -o ":        "table\n",
		"vm create a --profile x ": ":4\n",
	} {
		got := ctl(t, socket, append([]string{"__complete"}, strings.Split(args, " ")...)...)
		if got.code != 0 || !strings.HasPrefix(got.out, want) {
			t.Errorf("%q: exit %d:\n%s%s", args, got.code, got.out, got.err)
		}
	}
}
