package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"spliced/api"
)

// An entry is a record that judges itself.
type entry interface{ Validate() error }

// flawed is content, and the key that is wrong with it: "" for none.
type flawed struct {
	text  string
	field string
}

// judge decodes each text into a fresh entry and compares what that says.
func judge(t *testing.T, fresh func() entry, rows []flawed) {
	t.Helper()
	for _, r := range rows {
		e := fresh()
		if err := json.Unmarshal([]byte(r.text), e); err != nil {
			t.Fatalf("%s: %v", r.text, err)
		}
		err := e.Validate()
		var wrong *api.FieldError
		switch {
		case r.field == "" && err != nil:
			t.Errorf("%s: %v", r.text, err)
		case r.field != "" && (!errors.As(err, &wrong) || wrong.Field != r.field):
			t.Errorf("%s: got %v, want one about %q", r.text, err, r.field)
		case err != nil && (!strings.HasPrefix(err.Error(), fmt.Sprintf("%q ", r.field)) || strings.HasSuffix(err.Error(), ".")):
			t.Errorf("%q is no clause", err)
		}
	}
}

func TestSystemTemplates(t *testing.T) {
	t.Parallel()
	with := func(more string) string { return `{"vcpus":2,"vram":512` + more + `}` }
	judge(t, func() entry { return new(api.SystemTemplate) }, []flawed{
		{with(``), ""},
		{`{"vcpus":255,"vram":16777216}`, ""},
		{`{"vcpus":0,"vram":1}`, "vcpus"},
		{`{"vcpus":256,"vram":1}`, "vcpus"},
		{`{"vcpus":1,"vram":0}`, "vram"},
		{`{"vcpus":1,"vram":16777217}`, "vram"},
		{with(`,"firmware":"efi","secure_boot":true,"machine":"q35","disk_bus":"scsi","scsi_model":"lsilogic","nic_model":"e1000","migration_method":"live"`), ""},
		{with(`,"firmware":"uefi"`), "firmware"},
		{with(`,"secure_boot":true`), "secure_boot"},
		{with(`,"secure_boot":true,"firmware":"bios"`), "secure_boot"},
		{with(`,"secure_boot":true,"firmware":"efi","machine":"pc"`), "secure_boot"},
		{with(`,"machine":"isapc"`), "machine"},
		{with(`,"disk_bus":"nvme"`), "disk_bus"},
		{with(`,"disk_bus":"sata","scsi_model":"lsilogic"`), "scsi_model"},
		{with(`,"scsi_model":"buslogic"`), "scsi_model"},
		{with(`,"nic_model":"ne2000"`), "nic_model"},
		{with(`,"migration_method":"cold"`), "migration_method"},
		{with(`,"vnc":{"enabled":true}`), ""},
		{with(`,"vnc":{"enabled":true,"bind":"::1"}`), ""},
		{with(`,"vnc":{"enabled":true,"bind":"localhost"}`), "vnc.bind"},
		{with(`,"vnc":{"enabled":true,"bind":"fe80::1%eth0"}`), "vnc.bind"},
		{with(`,"vnc":{"enabled":true,"bind":"127.0.0.1' evil='"}`), "vnc.bind"},
		{with(`,"node_limit":["hv1","hv2.example.org"],"node_selector":"mem","node_autostart":true`), ""},
		{with(`,"node_limit":["hv1","hv1"]`), "node_limit[1]"},
		{with(`,"node_limit":["hv 1"]`), "node_limit[0]"},
		{with(`,"node_selector":"<mem>"`), "node_selector"},
		{with(`,"origin":"ova web"`), ""},
		{with(`,"origin":"ova ../web"`), "origin"},
		{with(`,"origin":"web"`), "origin"},
	})
}

func TestNetworkTemplates(t *testing.T) {
	t.Parallel()
	of := func(links string) string { return `{"networks":[` + links + `]}` }
	mac := func(template, links string) string {
		return `{"mac_template":"` + template + `","networks":[` + links + `]}`
	}
	const two = `{"vni":1},{"vni":2}`
	judge(t, func() entry { return new(api.NetworkTemplate) }, []flawed{
		{of(``), ""},
		{of(`{"vni":1},{"vni":"16777215"},{"vni":"upstream"},{"vni":"cluster"},{"vni":"storage"},{"bridge":"br-lan.7"}`), ""},
		{of(`{"vni":0}`), "networks[0].vni"},
		{of(`{"vni":1},{"vni":16777216}`), "networks[1].vni"},
		{of(`{"vni":"007"}`), "networks[0].vni"},
		{of(`{"vni":"+7"}`), "networks[0].vni"},
		{of(`{"vni":"lan"}`), "networks[0].vni"},
		{of(`{}`), "networks[0]"},
		{of(`{"vni":1,"bridge":"br0"}`), "networks[0]"},
		{of(`{"bridge":"sixteen-bytes-xx"}`), "networks[0].bridge"},
		{of(`{"bridge":"fifteen-bytes-x"}`), ""},
		{of(`{"bridge":"a/b"}`), "networks[0].bridge"},
		{of(`{"bridge":"a:b"}`), "networks[0].bridge"},
		{of(`{"bridge":"a b"}`), "networks[0].bridge"},
		{of(`{"bridge":".."}`), "networks[0].bridge"},
		{of(`{"vni":7},{"bridge":"vmbr7"}`), "networks[1]"},
		{`{"networks":[{"vni":7},{"vni":7}],"permit_duplicate":true}`, ""},
		{of(`{"vni":1}` + strings.Repeat(`,{"vni":1}`, api.MaxNICs)), "networks"},
		{mac("{prefix}:{vmid}:{netid}", two), ""},
		{mac("{prefix}:{vmid}", `{"vni":1}`), ""},
		{mac("{prefix}:{vmid}", two), "mac_template"},
		{mac("{prefix}:ff:ff:{vmid}{netid}", two), ""},
		{mac("", two), ""},
	})
}

func TestMACs(t *testing.T) {
	t.Parallel()
	for _, r := range []struct {
		template    string
		vmid, netid int
		want        string // "": refused
	}{
		{"{prefix}:{vmid}:{netid}", 0x1234, 0x56, "52:54:01:12:34:56"},
		{"{prefix}:{vmid}:{netid}", 65535, 0, "52:54:01:ff:ff:00"},
		{"{prefix}:{vmid}:{netid}", 65536, 0, ""},
		{"{prefix}:{vmid}:{netid}", 1, 256, ""},
		{"{prefix}:FF:f6:{vmid}{netid}", 10, 3, "52:54:01:ff:f6:a3"},
		{"{prefix}:ff:f6:{vmid}{netid}", 16, 0, ""},
		{"{prefix}:ff:{netid}:{vmid}", 1, 2, "52:54:01:ff:02:01"},
		{"02:00:00:00:{vmid}", 258, 0, "02:00:00:00:01:02"},
		{"525401{vmid}{netid}", 1, 2, "52:54:01:00:01:02"},
		{"02:00:00:00:00:01", 9, 9, "02:00:00:00:00:01"},
		{"03:00:00:00:00:01", 9, 9, ""},
		{"fe:00:00:00:00:01", 9, 9, ""},
		{"{vmid}:00:00:00:00:01", 9, 9, ""},
		{"{prefix}:{vmid}:{vmid}", 9, 9, ""},
		{"{prefix}:ff:f6:f{vmid}{netid}", 1, 1, ""},
		{"{prefix}:ff:f6:f7", 1, 1, "52:54:01:ff:f6:f7"},
		{"{prefix}:ff:f6:f7:{vmid}", 1, 1, ""},
		{"{prefix}:f:ff6:{vmid}", 1, 1, ""},
		{"{prefix}::ff:f6:{vmid}", 1, 1, ""},
		{"{prefix}:ff:f6:{vmid}:", 1, 1, ""},
		{"{prefix}:xx:f6:{vmid}", 1, 1, ""},
		{"{prefix}:{vm}:{netid}", 1, 1, ""},
		{"", 1, 1, ""},
	} {
		got, err := api.MAC(r.template, r.vmid, r.netid)
		if (err == nil) != (r.want != "") || err == nil && got != r.want {
			t.Errorf("%q of %d, %d: %q, %v; want %q", r.template, r.vmid, r.netid, got, err, r.want)
		}
	}
}

func TestStorageTemplates(t *testing.T) {
	t.Parallel()
	of := func(more string) string { return `{"disks":[{"id":"sda","pool":"vms",` + more + `}]}` }
	mkfs := func(filesystem, args string) string {
		return of(`"size":512,"filesystem":"` + filesystem + `","filesystem_args":[` + args + `]`)
	}
	judge(t, func() entry { return new(api.StorageTemplate) }, []flawed{
		{`{"disks":[]}`, ""},
		{of(`"size":"1GiB"`), ""},
		{of(`"source_volume":"debian"`), ""},
		{of(`"source_volume":"images/debian"`), ""},
		{of(`"source_volume":"a/b/c"`), "disks[0].source_volume"},
		{of(`"source_volume":"../debian"`), "disks[0].source_volume"},
		{of(`"size":512,"source_volume":"debian"`), "disks[0].size"},
		{of(`"mountpoint":""`), "disks[0].size"},
		{of(`"size":0`), "disks[0].size"},
		{of(`"size":513`), "disks[0].size"},
		{of(`"size":512,"filesystem":"btrfs"`), "disks[0].filesystem"},
		{of(`"source_volume":"debian","filesystem":"ext4"`), "disks[0].filesystem"},
		{of(`"size":512,"mountpoint":"/srv"`), "disks[0].mountpoint"},
		{of(`"size":512,"filesystem":"ext4","mountpoint":"/srv"`), ""},
		{of(`"size":512,"filesystem":"ext4","mountpoint":"srv"`), "disks[0].mountpoint"},
		{of(`"size":512,"filesystem":"ext4","mountpoint":"/srv/../etc"`), "disks[0].mountpoint"},
		{of(`"size":512,"filesystem":"ext4","mountpoint":"/a b"`), "disks[0].mountpoint"},
		{of(`"size":512,"filesystem":"swap","mountpoint":"/srv"`), "disks[0].mountpoint"},
		{of(`"size":512,"filesystem_args":["-L","x"]`), "disks[0].filesystem_args"},
		{`{"disks":[{"id":"sda","pool":"","size":512}]}`, "disks[0].pool"},
		{`{"disks":[{"id":"sda","pool":"vms","size":512},{"id":"sda","pool":"vms","size":512}]}`, "disks[1].id"},
		{`{"disks":[{"id":"sda","pool":"vms","size":512,"filesystem":"xfs","mountpoint":"/a"},{"id":"sdaa","pool":"vms","size":512,"filesystem":"xfs","mountpoint":"/a"}]}`, "disks[1].mountpoint"},
		{`{"disks":[{"id":"sdzz","pool":"vms","size":512}]}`, ""},
		{`{"disks":[{"id":"sdaaa","pool":"vms","size":512}]}`, "disks[0].id"},
		{`{"disks":[{"id":"vda","pool":"vms","size":512}]}`, "disks[0].id"},
		{mkfs("ext4", `"-L","data","-m","1","-b","4096","-O","^has_journal,extent","-E","nodiscard,stride=16","-F"`), ""},
		{mkfs("xfs", `"-f","-d","agcount=4,su=64k","-m","crc=1,reflink=0","-n","ftype=1","-L","data"`), ""},
		{mkfs("vfat", `"-F","32","-n","EFI BOOT","-i","12ab34cd"`), ""},
		{mkfs("swap", `"-L","swap","-U","00000000-0000-4000-8000-000000000000"`), ""},
		{mkfs("ext4", `"-L"`), "disks[0].filesystem_args[0]"},
		{mkfs("ext4", `"-F","-L","-d"`), "disks[0].filesystem_args[2]"},
		{mkfs("ext4", `"-F","-Ldata"`), "disks[0].filesystem_args[1]"},
		{mkfs("ext4", `"/dev/sda"`), "disks[0].filesystem_args[0]"},
		{mkfs("ext4", strings.Repeat(`"-F",`, 32)+`"-F"`), "disks[0].filesystem_args"},
	})
}

// What makes mkfs read or write another file than the disk.
func TestMkfsStaysWithinTheDisk(t *testing.T) {
	t.Parallel()
	size := api.Size(512)
	for filesystem, escapes := range map[string][][]string{
		"ext4": {{"-d", "/etc"}, {"-d/etc"}, {"-l", "/etc/shadow"}, {"-z", "/tmp/undo"}, {"-J", "device=/dev/sdb"}, {"-J", "size=4,device=/dev/sdb"}, {"-E", "android_sparse"}, {"-E", "offset=4096"}, {"-c"}, {"-S"}},
		"ext3": {{"-d", "/etc"}},
		"ext2": {{"-d", "/etc"}},
		"xfs":  {{"-c", "options=/etc/shadow"}, {"-p", "/etc/shadow"}, {"-d", "file,name=/x"}, {"-d", "name=/x"}, {"-l", "logdev=/dev/sdb"}, {"-r", "rtdev=/dev/sdb"}, {"-l", "size=1,name=/x"}},
		"vfat": {{"-m", "/etc/shadow"}, {"-l", "/etc/shadow"}, {"-C"}, {"--offset", "8"}},
		"swap": {{"--file"}, {"-F"}, {"--size", "1"}},
	} {
		for _, args := range escapes {
			s := api.StorageTemplate{Disks: []api.DiskTemplate{{ID: "sda", Pool: "vms", Size: &size, Filesystem: filesystem, FilesystemArgs: args}}}
			if err := s.Validate(); err == nil {
				t.Errorf("%s takes %q", filesystem, args)
			}
		}
	}
}

func TestContents(t *testing.T) {
	t.Parallel()
	of := func(text string) string {
		b, err := json.Marshal(map[string]string{"content": text})
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	judge(t, func() entry { return new(api.Script) }, []flawed{
		{of("#!/bin/sh\n"), ""},
		{of("#! /usr/bin/env python3 -u\r"), "content"},
		{of("#! /usr/bin/env python3 -u"), ""},
		{of(""), "content"},
		{of("\n#!/bin/sh"), "content"},
		{of("#!"), "content"},
		{of("#!sh"), "content"},
		{of("#!/bin/sh\r\n"), "content"},
		{of("#!/" + strings.Repeat("x", 253)), "content"},
		{of("#!/bin/sh\n\x00"), "content"},
		{of("#!/bin/sh\n" + strings.Repeat("x", api.MaxContent)), "content"},
	})
	judge(t, func() entry { return new(api.Userdata) }, []flawed{
		{of("#cloud-config\n"), ""},
		{of(strings.Repeat("x", api.MaxContent)), ""},
		{of(strings.Repeat("x", api.MaxContent+1)), "content"},
		{of(""), "content"},
	})
}

func TestProfiles(t *testing.T) {
	t.Parallel()
	judge(t, func() entry { return new(api.Profile) }, []flawed{
		{`{"type":"provisioner"}`, ""},
		{`{"type":"ova"}`, ""},
		{`{"type":""}`, "type"},
		{`{"type":"provisioner","ova":"web"}`, "ova"},
		{`{"type":"ova","ova":"web","system":"db","configuration":"large"}`, ""},
		{`{"type":"ova","system":"db"}`, "system"},
		{`{"type":"ova","configuration":"large"}`, "configuration"},
		{`{"type":"ova","ova":"web","properties":{"net.ip":"10.0.0.1"}}`, ""},
		{`{"type":"provisioner","properties":{"net.ip":"10.0.0.1"}}`, "properties"},
		{`{"type":"provisioner","system_template":"a/b"}`, "system_template"},
		{`{"type":"provisioner","script":".."}`, "script"},
		{`{"type":"provisioner","arguments":{"MIRROR":"http://a b"}}`, ""},
		{`{"type":"provisioner","arguments":{"A=B":"c"}}`, "arguments"},
		{`{"type":"provisioner","arguments":{"A":"\u0000"}}`, "arguments.A"},
		{`{"type":"provisioner","origin":"x"}`, "origin"},
	})
}
