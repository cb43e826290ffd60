package e2e

import (
	"maps"
	"strings"
)

// An entryRow is one kind of entries with all that it can have, said to the
// socket and to splicectl.
type entryRow struct {
	kind   string // "system"
	family string // of methods and of commands: "template", "profile"
	file   string // folder of its files

	spec  params   // to be created, and shown again
	shown params   // if that is something else
	flags []string // that make the same
	stdin string   // or make it with them

	patch   params   // a merge patch
	reflags []string // that make the same
	restdin string
	patched params
	least   params // that can be created

	refused map[string]params   // specs that can't be, by the field at fault
	misused map[string][]string // flags that can't be, by what the message has
}

func (r *entryRow) params(name string, more params) params {
	p := params{"name": name}
	if r.family == "template" {
		p["kind"] = r.kind
	}
	maps.Copy(p, more)
	return p
}

// command is the beginning of a command line.
func (r *entryRow) command(more ...string) []string {
	if r.family == "template" {
		return append([]string{"template", r.kind}, more...)
	}
	return append([]string{r.family}, more...)
}

// title is the kind as messages have it.
func (r *entryRow) title() string {
	if r.family == "template" {
		return r.kind + " template"
	}
	return r.kind
}

const (
	mimeUserdata = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n" +
		"--b\r\nContent-Type: text/cloud-config\r\n\r\npackages: [vim]\r\n" +
		"--b\r\nContent-Type: text/x-shellscript\r\n\r\n#!/bin/sh\ntrue\n\r\n--b--\r\n"
	hostile = "a'b\"c $(touch /tmp/x) `id`; <&> \\ {vmid} é\t%s\u202e"
)

// parityRows are the rows of what entries must have.
func parityRows() []entryRow {
	return []entryRow{systemRow(), networkRow(), storageRow(), userdataRow(), scriptRow(), profileRow()}
}

func systemRow() entryRow {
	return entryRow{
		kind: "system", family: "template", file: "system-templates",
		spec: params{
			"vcpus": 2, "vram": 1024, "serial": true, "vnc": params{"enabled": true, "bind": "::1"}, "firmware": "efi", "secure_boot": true,
			"machine": "q35", "disk_bus": "scsi", "scsi_model": "virtio-scsi", "nic_model": "e1000e",
			"node_limit": []string{"hv1", "hv2"}, "node_selector": "mem", "node_autostart": true, "migration_method": "live",
		},
		flags: strings.Fields("--vcpus 2 --vram 1024 --serial --vnc --vnc-bind ::1 --firmware efi --secure-boot --machine q35 --disk-bus scsi " +
			"--scsi-model virtio-scsi --nic-model e1000e --node-limit hv1 --node-limit hv2 --node-selector mem --node-autostart --migration-method live"),
		patch:   params{"vcpus": 4, "vnc": nil, "node_limit": nil, "secure_boot": nil, "node_selector": nil, "scsi_model": nil, "disk_bus": "virtio"},
		reflags: strings.Fields("--vcpus 4 --disk-bus virtio --unset vnc --unset node_limit --unset secure_boot --unset node_selector --unset scsi_model"),
		patched: params{
			"vcpus": 4, "vram": 1024, "serial": true, "firmware": "efi", "machine": "q35", "disk_bus": "virtio", "nic_model": "e1000e",
			"node_autostart": true, "migration_method": "live",
		},
		least: params{"vcpus": 1, "vram": 1},
		refused: map[string]params{
			"spec.vcpus":       {"vram": 512},
			"spec.vram":        {"vcpus": 1, "vram": -1},
			"spec.vnc.bind":    {"vcpus": 1, "vram": 512, "vnc": params{"enabled": true, "bind": "localhost"}},
			"spec.secure_boot": {"vcpus": 1, "vram": 512, "secure_boot": true},
			"spec.vcpu":        {"vcpu": 1},
		},
		misused: map[string][]string{"vcpus": {"--vram", "512"}, "nic_model": {"--vcpus", "1", "--vram", "1", "--nic-model", "ne2000' type='x"}},
	}
}

func networkRow() entryRow {
	return entryRow{
		kind: "network", family: "template", file: "network-templates",
		spec: params{
			"mac_template": "{prefix}:{vmid}:{netid}",
			"networks":     []params{{"vni": 300}, {"bridge": "br-z"}, {"vni": "upstream"}, {"vni": "cluster"}, {"vni": "storage"}, {"vni": 16777215}, {"bridge": "a"}},
		},
		shown: params{
			"mac_template": "{prefix}:{vmid}:{netid}",
			"networks": []params{
				{"vni": "300"}, {"bridge": "br-z"}, {"vni": "upstream"}, {"vni": "cluster"}, {"vni": "storage"}, {"vni": "16777215"}, {"bridge": "a"},
			},
		},
		flags: strings.Fields("--mac-template {prefix}:{vmid}:{netid} --network 300 --network bridge:br-z --network upstream " +
			"--network cluster --network storage --network 16777215 --network bridge:a"),
		patch:   params{"mac_template": nil, "permit_duplicate": true, "networks": []params{{"vni": 7}, {"vni": "7"}}},
		reflags: strings.Fields("--unset mac_template --permit-duplicate --network 7 --network 7"),
		patched: params{"permit_duplicate": true, "networks": []params{{"vni": "7"}, {"vni": "7"}}},
		least:   params{"networks": []params{}},
		refused: map[string]params{
			"spec.networks[1]":        {"networks": []params{{"vni": 7}, {"bridge": "vmbr7"}}},
			"spec.networks[0].vni":    {"networks": []params{{"vni": 16777216}}},
			"spec.networks[0].bridge": {"networks": []params{{"bridge": "../br0"}}},
			"spec.networks[0]":        {"networks": []params{{"vni": 7, "bridge": "br0"}}},
			"spec.mac_template":       {"networks": []params{{"vni": 7}}, "mac_template": "52:54:0g:{vmid}{netid}"},
			"spec.networks":           {},
		},
		misused: map[string][]string{"networks[1]": {"--network", "7", "--network", "7"}, "mac_template": {"--network", "7", "--mac-template", "<x/>"}},
	}
}

func storageRow() entryRow {
	disks := func(disks ...params) params { return params{"disks": disks} }
	disk := func(more params) params {
		d := params{"id": "sda", "pool": "p", "size": "1MiB"}
		maps.Copy(d, more)
		return d
	}
	return entryRow{
		kind: "storage", family: "template", file: "storage-templates",
		spec: disks(
			params{"id": "sdaa", "pool": "p", "size": "1GiB", "filesystem": "swap", "filesystem_args": []string{"-L", "swap space"}},
			params{"id": "sdb", "pool": "p", "source_volume": "base"},
			params{"id": "sda", "pool": "p", "size": 4 << 30, "filesystem": "ext4", "filesystem_args": []string{"-E", "lazy_itable_init=0,lazy_journal_init=0"}, "mountpoint": "/"}),
		shown: disks(
			params{"id": "sda", "pool": "p", "size": 4 << 30, "filesystem": "ext4", "filesystem_args": []string{"-E", "lazy_itable_init=0,lazy_journal_init=0"}, "mountpoint": "/"},
			params{"id": "sdb", "pool": "p", "source_volume": "base"},
			params{"id": "sdaa", "pool": "p", "size": 1 << 30, "filesystem": "swap", "filesystem_args": []string{"-L", "swap space"}}),
		flags: []string{
			"--disk", "sdaa,pool=p,size=1GiB,filesystem=swap,filesystem-arg=-L,filesystem-arg=swap space", "--disk", "sdb,pool=p,source=base",
			"--disk", `sda,pool=p,size=4GiB,filesystem=ext4,filesystem-arg=-E,"filesystem-arg=lazy_itable_init=0,lazy_journal_init=0",mountpoint=/`,
		},
		patch:   disks(params{"id": "sdz", "pool": "p", "size": 512}),
		reflags: []string{"--disk", "sdz,pool=p,size=512"},
		patched: disks(params{"id": "sdz", "pool": "p", "size": 512}),
		least:   params{"disks": []params{}},
		refused: map[string]params{
			"spec.disks[0].mountpoint":         disks(disk(params{"mountpoint": "/"})),
			"spec.disks[0].size":               disks(disk(params{"size": 1000})),
			"spec.disks[1].id":                 disks(disk(nil), disk(nil)),
			"spec.disks[0].id":                 disks(disk(params{"id": "vda"})),
			"spec.disks[0].filesystem":         disks(disk(params{"filesystem": "ext4; id"})),
			"spec.disks[0].filesystem_args[0]": disks(disk(params{"filesystem": "ext4", "filesystem_args": []string{"-d", "/etc"}})),
		},
		misused: map[string][]string{
			"no image":       {"--disk", "sda,pool=p,source=gone"},
			"disks[0].pool":  {"--disk", "sda,size=1MiB"},
			"disks[0].size":  {"--disk", "sda,pool=p"},
			"needs a filesy": {"--disk", "sda,pool=p,size=1MiB,mountpoint=/"},
		},
	}
}

func userdataRow() entryRow {
	return entryRow{
		kind: "userdata", family: "userdata", file: "userdata",
		spec: params{"content": mimeUserdata}, stdin: mimeUserdata,
		patch: params{"content": "#cloud-config\n# " + hostile + "\nhostname: \"x\"\n"}, restdin: "#cloud-config\n# " + hostile + "\nhostname: \"x\"\n",
		patched: params{"content": "#cloud-config\n# " + hostile + "\nhostname: \"x\"\n"},
		least:   params{"content": "#cloud-config\n{}\n"},
		refused: map[string]params{"spec.content": {"content": "#cloud-config\na: ["}, "spec.contents": {"contents": "#cloud-config\n"}},
	}
}

func scriptRow() entryRow {
	return entryRow{
		kind: "script", family: "script", file: "scripts",
		spec: params{"content": "#!/bin/sh\necho '" + hostile + "'\n"}, stdin: "#!/bin/sh\necho '" + hostile + "'\n",
		patch: params{"content": "#!/usr/bin/env python3\n"}, restdin: "#!/usr/bin/env python3\n",
		patched: params{"content": "#!/usr/bin/env python3\n"},
		least:   params{"content": "#!/bin/sh\n"},
		refused: map[string]params{"spec.content": {"content": "echo no interpreter\n"}, "spec.contents": {"contents": "#!/bin/sh\n"}},
	}
}

func profileRow() entryRow {
	spec := params{
		"type": "provisioner", "system_template": "ref", "network_template": "ref", "storage_template": "ref", "userdata": "ref", "script": "ref",
		"arguments": params{"suite": hostile, "empty": ""},
	}
	return entryRow{
		kind: "profile", family: "profile", file: "profiles",
		spec: spec,
		flags: []string{
			"--system-template", "ref", "--network-template", "ref", "--storage-template", "ref", "--userdata", "ref", "--script", "ref",
			"--argument", "suite=" + hostile, "--argument", "empty=",
		},
		patch:   params{"script": nil, "userdata": nil, "storage_template": nil, "arguments": params{"suite": nil, "new": "a=b"}},
		reflags: strings.Fields("--unset script --unset userdata --unset storage_template --unset arguments.suite --argument new=a=b"),
		patched: params{"type": "provisioner", "system_template": "ref", "network_template": "ref", "arguments": params{"empty": "", "new": "a=b"}},
		least:   params{"type": "provisioner"},
		refused: map[string]params{
			"spec.type":      {"type": "other"},
			"spec.ova":       {"type": "provisioner", "ova": "web"},
			"spec.arguments": {"type": "provisioner", "arguments": params{"a b": "c"}},
		},
		misused: map[string][]string{"no system template": {"--system-template", "re"}, "no OVA": {"--ova", "none"}, "arguments": {"--argument", "a$(id)=b"}},
	}
}
