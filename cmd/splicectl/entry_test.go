package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/api"
	"spliced/rpc"
)

// records answers a method, and keeps the parameters as they came.
func records[R any](name string, seen chan<- string, result R) rpc.Method {
	return stub(name, 0, func(_ *rpc.Call, p json.RawMessage) (R, error) {
		seen <- string(p)
		return result, nil
	})
}

// sameJSON compares two documents.
func sameJSON(t *testing.T, want, got string) {
	t.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(want), &a); err != nil {
		t.Fatalf("%v in the test's own %s", err, want)
	}
	if err := json.Unmarshal([]byte(got), &b); err != nil {
		t.Fatalf("%v in %q", err, got)
	}
	if diff := cmp.Diff(a, b); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
}

func TestParameters(t *testing.T) {
	const file = "disks: [{id: sda, pool: vms, size: 4GiB}]\norigin: null\n"
	for _, c := range []struct {
		args, stdin, method, want string
	}{
		{
			"template system create s --vcpus 2 --vram 1024 --serial --firmware efi --secure-boot=false --vnc-bind ::1 --node-limit a --node-limit b", "",
			"template.create", `{"kind":"system","name":"s","spec":{"vcpus":2,"vram":1024,"serial":true,"firmware":"efi","secure_boot":false,
				"vnc":{"enabled":true,"bind":"::1"},"node_limit":["a","b"]}}`,
		},
		{
			"template system modify s --vram 2048 --vnc-bind ::1 --unset machine --unset node_limit --expect-generation g7", "",
			"template.modify", `{"kind":"system","name":"s","spec":{"vram":2048,"vnc":{"bind":"::1"},"machine":null,"node_limit":null},"expect_generation":"g7"}`,
		},
		{
			"template network create n --network 100 --network upstream --network bridge:br0 --mac-template {prefix}:{vmid} --permit-duplicate", "",
			"template.create", `{"kind":"network","name":"n","spec":{"networks":[{"vni":"100"},{"vni":"upstream"},{"bridge":"br0"}],
				"mac_template":"{prefix}:{vmid}","permit_duplicate":true}}`,
		},
		{"template network create n", "", "template.create", `{"kind":"network","name":"n","spec":{"networks":[]}}`},
		{
			"template network create n --file -", "networks: [{vni: 100}, {bridge: br0}]", "template.create",
			`{"kind":"network","name":"n","spec":{"networks":[{"vni":"100"},{"bridge":"br0"}]}}`,
		},
		{
			`template storage create d --disk sda,pool=vms,size=4GiB,filesystem=ext4,mountpoint=/,"filesystem-arg=-E#a,b",filesystem-arg=-q --disk sdb,pool=vms,source=deb`, "",
			"template.create", `{"kind":"storage","name":"d","spec":{"disks":[
				{"id":"sda","pool":"vms","size":4294967296,"filesystem":"ext4","mountpoint":"/","filesystem_args":["-E a,b","-q"]},
				{"id":"sdb","pool":"vms","source_volume":"deb"}]}}`,
		},
		{
			"template storage modify d --file -", file, "template.modify",
			`{"kind":"storage","name":"d","spec":{"disks":[{"id":"sda","pool":"vms","size":4294967296}],"origin":null}}`,
		},
		{
			"profile create p --system-template s --storage-template d --argument k=v=w --argument e=", "", "profile.create",
			`{"name":"p","spec":{"type":"provisioner","system_template":"s","storage_template":"d","arguments":{"k":"v=w","e":""}}}`,
		},
		{"profile create p --ova web --system a --property h=x", "", "profile.create", `{"name":"p","spec":{"type":"ova","ova":"web","system":"a","properties":{"h":"x"}}}`},
		{
			"profile modify p --userdata u --argument k=v --unset arguments.old --unset script", "", "profile.modify",
			`{"name":"p","spec":{"userdata":"u","arguments":{"k":"v","old":null},"script":null}}`,
		},
		{
			"profile modify p --file -", "arguments: {suite: 12, day: 2026-01-01, yes: true, gone: null}\nscript: 5", "profile.modify",
			`{"name":"p","spec":{"arguments":{"suite":"12","day":"2026-01-01","yes":"true","gone":null},"script":"5"}}`,
		},
		{"userdata create u", "#cloud-config\n\t\"x\"", "userdata.create", `{"name":"u","spec":{"content":"#cloud-config\n\t\"x\""}}`},
		{"script modify x - --expect-generation g", "#!/bin/sh\n", "script.modify", `{"name":"x","spec":{"content":"#!/bin/sh\n"},"expect_generation":"g"}`},
		{"template storage remove d -y", "", "template.remove", `{"kind":"storage","name":"d"}`},
		{"script rm x -y", "", "script.remove", `{"name":"x"}`},
		{"template list --match ^a", "", "template.list", `{"match":"^a"}`},
		{"template system list", "", "template.list", `{"kind":"system"}`},
		{"template system show s -o json", "", "template.show", `{"kind":"system","name":"s"}`},
		{"userdata show u -o json", "", "userdata.show", `{"name":"u"}`},
	} {
		t.Run(c.args, func(t *testing.T) {
			seen := make(chan string, 9)
			var method rpc.Method
			if strings.HasSuffix(c.method, ".list") {
				method = records(c.method, seen, []api.Entry{})
			} else {
				method = records(c.method, seen, api.EntryResult{Message: "Done."})
			}
			args := strings.Fields(c.args)
			for i := range args {
				args[i] = strings.ReplaceAll(args[i], "#", " ")
			}
			got := ctlWith(t.Context(), pipe(t, c.stdin), serve(t, method), args...)
			if got.code != 0 {
				t.Fatalf("exit %d: %s", got.code, got.err)
			}
			sameJSON(t, c.want, <-seen)
		})
	}
}

// What can't be meant is refused before a connection is made.
func TestMisuseOfEntries(t *testing.T) {
	for _, c := range []struct{ args, stdin, want string }{
		{"template system create ../a --vcpus 1", "", "the name"},
		{"template system create a --vcpus one", "", "it is no whole number"},
		{"template system create a --serial=maybe", "", "there is true and false"},
		{"template storage create a --disk pool=vms", "", "not of the form ID,KEY=VALUE"},
		{"template storage create a --disk sda,poll=vms", "", `a disk has no "poll"`},
		{"template storage create a --disk sda,size=1.5GiB", "", "is no size"},
		{"template storage create a --disk sda,size=1,size=2", "", "set twice"},
		{"template network create a --network bridge:", "", "names no network"},
		{"template system create a b --vcpus 1", "", "one argument too many"},
		{"template system modify a", "", "nothing says what is to be changed"},
		{"template system modify a --unset vcpu", "", `has no "vcpu"`},
		{"template system modify a --unset vnc.bnd", "", `has no "vnc.bnd"`},
		{"template system modify a --vcpus 1 --unset vcpus", "", "both set and unset"},
		{"template system modify a --file - --vcpus 1", "vcpus: 1", "Cannot use --file with --vcpus"},
		{"template system modify a --file - --unset vnc", "vcpus: 1", "Cannot use --file with --unset"},
		{"profile modify a --type ova", "", "unknown flag"},
		{"profile create a --argument k=1 --argument k=2", "", `"k" is set twice`},
		{"profile create a --file -", "", "it is empty"},
		{"profile create a --file -", "- list", "no mapping"},
		{"profile create a --file -", "a: 1\na: 2", `"a" is there twice`},
		{"profile create a --file -", "a: &x 1\nb: *x", "anchors"},
		{"profile create a --file -", "a: 1\n---\nb: 1", "more than one document"},
		{"profile create a --file -", "a: [", "line 1"},
		{"template system create a --file -", "vcpus: 0x10", "plain decimal"},
		{"template system create a --file -", "vcpus: !secret 1", "!secret"},
		{"userdata create a", "\xff", "no UTF-8"},
		{"script create a", strings.Repeat("x", maxSpec+1), "more than 1 MiB"},
		{"profile edit a", "", "stdin is no terminal"},
		{"export --kind image", "", `"image" is none of`},
		{"export -o json", "", "stream of YAML"},
	} {
		stdin := pipe(t, "")
		if len(c.stdin) > 0 {
			stdin = lasting(t, c.stdin)
		}
		got := ctlWith(t.Context(), stdin, "/nonexistent", strings.Fields(c.args)...)
		if got.code != exitUsage || got.out != "" || !strings.HasPrefix(got.err, "Cannot ") || !strings.Contains(got.err, c.want) {
			t.Errorf("%s: exit %d, stdout %q, stderr:\n%s", c.args, got.code, got.out, got.err)
		}
	}
}

func TestEntryTables(t *testing.T) {
	f := newCatalogue()
	f.add(t, "system", "small", `{"vcpus":2,"vram":1024,"firmware":"efi","origin":"ova \u001b[2Jweb"}`)
	f.add(t, "network", "lan", `{"networks":[{"vni":"100"},{"bridge":"br0"}],"mac_template":"{prefix}"}`)
	f.add(t, "storage", "web", `{"disks":[{"id":"sda","pool":"vms","source_volume":"debian"},{"id":"sdb","pool":"vms","size":"4GiB","filesystem":"ext4","mountpoint":"/srv"}]}`)
	f.add(t, "profile", "web", `{"type":"provisioner","system_template":"small"}`)
	f.add(t, "userdata", "web", `{"content":"#cloud-config\n\u001b[2Jx: 1\n"}`)
	socket := serve(t, f.methods()...)
	for args, want := range map[string]string{
		"template system list": `
NAME   VCPUS  VRAM   FIRMWARE  MACHINE  DISKS  NETWORK  ORIGIN
small  2      1 GiB  efi       -        -      -        ova ` + "\ufffd" + `[2Jweb
`,
		"template network list": `
NAME  NETWORKS         MAC TEMPLATE  ORIGIN
lan   100, bridge:br0  {prefix}      -
`,
		"template storage list": `
NAME  DISKS                               ORIGIN
web   sda of debian, sdb 4 GiB ext4 /srv  -
`,
		"template list": `
KIND     NAME   HAS
network  lan    100, bridge:br0
storage  web    sda of debian, sdb 4 GiB ext4 /srv
system   small  2 vCPUs, 1 GiB memory
`,
		"profile list": `
NAME  TYPE         OVA  SYSTEM  NETWORK  STORAGE  USERDATA  SCRIPT  LACKS
web   provisioner  -    small   -        -        -         -       -
`,
		"userdata list": `
NAME  BEGINS
web   #cloud-config
`,
		"template storage show web": `
Name:        web
Generation:  g3

Spec:
  disks:
    - id: sda
      pool: vms
      source_volume: debian
    - id: sdb
      pool: vms
      size: 4GiB
      filesystem: ext4
      mountpoint: /srv
`,
		"userdata show web": `
Name:        web
Generation:  g5

Content:
  #cloud-config
  ` + "\ufffd" + `[2Jx: 1
`,
		"userdata show web --content": "\n#cloud-config\n\x1b[2Jx: 1\n",
		"profile show web -o yaml": `
kind: profile
name: web
spec:
  type: provisioner
  system_template: small
generation: g4
`,
	} {
		t.Run(args, func(t *testing.T) {
			ctl(t, socket, strings.Fields(args)...).want(t, 0, strings.TrimPrefix(want, "\n"), "")
		})
	}
}

func TestEntryDetails(t *testing.T) {
	socket := serve(t, says("profile.show", api.Entry{
		Kind: "profile", Name: "web", Spec: api.Spec(`{"type":"ova"}`), Generation: "g",
		Lacks: []string{"ova", "network_template"}, UsedBy: []string{`VM "a"`}, Problem: "line 3: \x1b[2J",
	}), says("profile.list", []api.Entry{{Kind: "profile", Name: "web", Spec: api.Spec(`{"type":7}`), Problem: "it is\nempty"}}))
	ctl(t, socket, "profile", "show", "web").want(t, 0, `Name:        web
Generation:  g
Lacks:       ova, network_template
Used by:     VM "a"
Problem:     line 3: `+"\ufffd"+`[2J

Spec:
  type: ova
`, "")
	ctl(t, socket, "profile", "list").want(t, 0, `NAME  TYPE  OVA  SYSTEM  NETWORK  STORAGE  USERDATA  SCRIPT  LACKS  PROBLEM
web   -     -    -       -        -        -         -       -      it is empty
`, "")
}

func TestRemoveEntriesAsks(t *testing.T) {
	seen := make(chan string, 9)
	socket := serve(t, records("userdata.remove", seen, api.Result{Message: "Removed."}))
	ctl(t, socket, "userdata", "remove", "a", "b").want(t, exitUsage, "",
		"Cannot remove userdata \"a\" and \"b\": stdin is no terminal, so nobody can be asked whether that is meant.\nHint: With --yes it is removed without a question.\n")
	ctl(t, socket, "userdata", "remove", "a", "b", "-y").want(t, 0, "Removed.\nRemoved.\n", "")
	if len(seen) != 2 {
		t.Errorf("removed %d", len(seen))
	}
}

func TestCompletionOfEntries(t *testing.T) {
	f := newCatalogue()
	f.add(t, "system", "small", `{"vcpus":1,"vram":1}`)
	f.add(t, "storage", "big", `{"disks":[]}`)
	f.add(t, "script", "install", `{"content":"x"}`)
	socket := serve(t, f.methods()...)
	for args, want := range map[string]string{
		"template system show ":                 "small\n",
		"template storage remove a ":            "big\n",
		"script edit ":                          "install\n",
		"profile create a --system-template ":   "small\n",
		"profile create a --script ":            "install\n",
		"template system create a --firmware ":  "bios\nefi\n",
		"template storage modify big --unset d": "disks\norigin\n",
		"export --kind ":                        "system\nnetwork\n",
	} {
		got := ctl(t, socket, append([]string{"__complete"}, strings.Split(args, " ")...)...)
		if got.code != 0 || !strings.HasPrefix(got.out, want) {
			t.Errorf("%q: exit %d:\n%s%s", args, got.code, got.out, got.err)
		}
	}
}
