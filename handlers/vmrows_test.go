package handlers_test

import (
	"maps"
	"os"
	"testing"

	"spliced/rpc"
	"spliced/test/ovatest"
)

// vmRows make VMs of an OVA, with a libvirt that only remembers.
func vmRows(t *testing.T) []row {
	t.Helper()
	ova := func() *os.File { return sent(t, ovatest.OVA(disk())) }
	made := func(name string, more params) params {
		p := params{"name": name, "profile": "machine", "wait": true}
		maps.Copy(p, more)
		return p
	}
	return []row{
		{"ova.upload", upload("machine", nil), ova(), 0, `Imported OVA "machine" with 1 disk.`, "", false},
		{"profile.modify", params{"name": "machine", "spec": params{"system_template": nil}}, nil, 0, `Modified the profile "machine".`, "", false},
		{"vm.create", made("v", nil), nil, rpc.InvalidState, `Cannot make VM "v": profile "machine" lacks system_template.`, "profile", true},
		{"template.create", params{"kind": "network", "name": "alone", "spec": params{"networks": []string{}}}, nil, 0, `Made the network template "alone".`, "", false},
		{"profile.modify", params{"name": "machine", "spec": params{"network_template": "alone", "system_template": "machine"}}, nil, 0, `Modified the profile "machine".`, "", false},
		{"vm.create", made("v", params{"dry_run": true}), nil, 0, `Nothing stands in the way of VM "v".`, "", false},
		{"vm.create", made("v", nil), nil, 0, `Made VM "v" with 1 volume, and started it.`, "", false},
		{"vm.create", made("v", nil), nil, rpc.Exists, `Cannot make VM "v": there is one already.`, "", true},
		{"vm.create", made("a/b", nil), nil, rpc.InvalidParams, `Cannot make VM "a/b": the name…`, "name", false},
		{"vm.create", made("ova_x", nil), nil, rpc.InvalidParams, `Cannot make VM "ova_x": names that begin with "ova_"…`, "name", false},
		{"vm.create", made("w", params{"profile": "none"}), nil, rpc.NotFound, `Cannot make VM "w": there is no profile "none".`, "profile", false},
		{"vm.create", made("w", params{"pool": "else"}), nil, rpc.NotFound, `Cannot make VM "w": there is no pool "else".`, "pool", true},
		{"vm.create", made("w", params{"vmid": 70000}), nil, rpc.InvalidParams, `Cannot make VM "w": 70000 is no VM's number;…`, "vmid", false},
		{"vm.create", made("w", params{"vmid": 1}), nil, rpc.Exists, `Cannot make VM "w": VM "v" has the number 1.`, "vmid", true},
		{"vm.create", made("w", params{"define": false, "start": true}), nil, rpc.InvalidParams, `Cannot make VM "w": a VM that is not defined can't be started.`, "start", true},
		{"vm.create", made("w", params{"request_id": "7"}), nil, rpc.InvalidParams, `Cannot make VM "w": "7" is no UUID.`, "request_id", false},
		{"vm.render", params{"name": "w", "profile": "machine"}, nil, 0, `Rendered VM "w".`, "", false},
		{"vm.render", params{"name": "w", "profile": "none"}, nil, rpc.NotFound, `Cannot render VM "w": there is no profile "none".`, "profile", false},
		{"vm.list", nil, nil, 0, "", "", false},
		{"vm.list", params{"match": "("}, nil, rpc.InvalidParams, `Cannot list the VMs: "(" is no regular expression…`, "match", false},
		{"vm.show", params{"name": "v"}, nil, 0, "", "", false},
		{"vm.show", params{"name": "w"}, nil, rpc.NotFound, `Cannot show VM "w": there is no such VM.`, "", false},
		{"vm.show", params{"name": "/"}, nil, rpc.InvalidParams, `Cannot show VM "/": the name…`, "name", false},
		{"ova.remove", params{"name": "machine", "cascade": true, "wait": true}, nil, rpc.Busy, `Cannot remove OVA "machine": volume "ova_machine_sda" has clones: v_sda; VM "v" was made from it.`, "", true},
		{"vm.remove", params{"name": "v", "wait": true}, nil, rpc.InvalidState, `Cannot remove VM "v": it is running.`, "", true},
		{"vm.remove", params{"name": "v", "destroy": true, "wait": true}, nil, 0, `Removed VM "v".`, "", false},
		{"vm.remove", params{"name": "v"}, nil, rpc.NotFound, `Cannot remove VM "v": there is no such VM.`, "", false},
		{"vm.remove", params{"name": ".."}, nil, rpc.InvalidParams, `Cannot remove VM "..": the name…`, "name", false},
		{"profile.modify", params{"name": "machine", "spec": params{"network_template": nil}}, nil, 0, `Modified the profile "machine".`, "", false},
		{"template.remove", params{"kind": "network", "name": "alone"}, nil, 0, `Removed the network template "alone".`, "", false},
		{"ova.remove", params{"name": "machine", "cascade": true, "wait": true}, nil, 0, `Removed OVA "machine" with 1 system template and 1 profile.`, "", false},
	}
}
