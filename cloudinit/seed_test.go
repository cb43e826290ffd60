package cloudinit_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/cloudinit"
)

func web() cloudinit.Seed {
	return cloudinit.Seed{
		UserData: "#cloud-config\npackages: [nginx]\n", InstanceID: "6f3c8a52-6b0e-4f0c-9d1a-3f2f0e5c7b11", Hostname: "web.example.net",
		Network: []cloudinit.NIC{{MAC: "52:54:00:AA:bb:01"}, {MAC: "52:54:00:aa:bb:02"}},
	}
}

func TestSeedsFiles(t *testing.T) {
	t.Parallel()
	files, err := web().Files()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for name, content := range files {
		got[name] = string(content)
	}
	want := map[string]string{
		"user-data": "#cloud-config\npackages: [nginx]\n",
		"meta-data": "instance-id: 6f3c8a52-6b0e-4f0c-9d1a-3f2f0e5c7b11\nlocal-hostname: web.example.net\n",
		"network-config": `version: 2
ethernets:
    eth0:
        match:
            macaddress: 52:54:00:aa:bb:01
        set-name: eth0
        dhcp4: true
    eth1:
        match:
            macaddress: 52:54:00:aa:bb:02
        set-name: eth1
        dhcp4: true
        optional: true
`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// TestSeedThatSaysLittle has what cloud-init can't do without, and no more.
func TestSeedThatSaysLittle(t *testing.T) {
	t.Parallel()
	files, err := cloudinit.Seed{InstanceID: "1: 2\n- 3"}.Files()
	want := map[string][]byte{"user-data": {}, "meta-data": []byte("instance-id: |-\n    1: 2\n    - 3\n")}
	if d := cmp.Diff(want, files); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestSeedsThatAreRefused(t *testing.T) {
	t.Parallel()
	for says, change := range map[string]func(*cloudinit.Seed){
		"no instance id":        func(s *cloudinit.Seed) { s.InstanceID = "" },
		`"" is no MAC`:          func(s *cloudinit.Seed) { s.Network[1].MAC = "" },
		"of six bytes":          func(s *cloudinit.Seed) { s.Network[1].MAC = "00:00:5e:00:53:01:02:03" },
		"two interfaces":        func(s *cloudinit.Seed) { s.Network[1].MAC = "52-54-00-aa-bb-01" },
		`"user-data" has 10485`: func(s *cloudinit.Seed) { s.UserData = strings.Repeat("a", 1<<20+1) },
	} {
		s := web()
		change(&s)
		if image, err := s.ISO(); err == nil || image != nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, and not %q", err, says)
		}
	}
}

// nocloud reads a folder with the code of cloud-init's data source, from the
// files to the network's configuration.
const nocloud = `
import sys
from cloudinit import util
from cloudinit.net import network_state
from cloudinit.sources import DataSourceNoCloud as source
seeded = util.pathprefix2dict(sys.argv[1] + "/", required=["user-data", "meta-data"], optional=["vendor-data", "network-config"])
found = source._merge_new_seed({"meta-data": {}, "user-data": "", "vendor-data": "", "network-config": None}, seeded)
print(found["meta-data"]["instance-id"], found["meta-data"]["local-hostname"])
print(util.decode_binary(found["user-data"]), end="")
state = network_state.parse_net_config_data(found["network-config"])
for i in state.iter_interfaces():
    print(i["name"], i["mac_address"], [s["type"] for s in i["subnets"]])
`

func TestCloudInitReadsSeeds(t *testing.T) {
	t.Parallel()
	program, bsdtar, python := tool(t, "cloud-init", "cloud-init"), tool(t, "bsdtar", "cloud-init"), "/usr/bin/python3"
	image, err := web().ISO()
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	run(t.Context(), t, bsdtar, "-x", "-C", folder, "-f", write(t, image))
	got := run(t.Context(), t, python, "-c", nocloud, folder)
	want := `6f3c8a52-6b0e-4f0c-9d1a-3f2f0e5c7b11 web.example.net
#cloud-config
packages: [nginx]
eth0 52:54:00:aa:bb:01 ['dhcp4']
eth1 52:54:00:aa:bb:02 ['dhcp4']
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	run(t.Context(), t, program, "schema", "--config-file", filepath.Join(folder, "user-data"))
}

// parts has cloud-init's own code take a document apart.
const parts = `
import sys
from unittest import mock
from cloudinit import user_data
with mock.patch.object(user_data.util, "fetch_ssl_details", return_value={}):
    m = user_data.UserDataProcessor(None).process(open(sys.argv[1], "rb").read())
print([p.get_content_type() for p in m.walk()][1:])
`

// TestCloudInitSeesTheSameParts compares what is taken here with what cloud-init
// makes of it.
func TestCloudInitSeesTheSameParts(t *testing.T) {
	t.Parallel()
	tool(t, "cloud-init", "cloud-init")
	for content, want := range map[string]string{
		"#cloud-config\na: 1\n":               "['text/cloud-config']\n",
		"## template: jinja\n#cloud-config\n": "['text/jinja2']\n",
		"#cloud-config-archive\n- |\n  #!/bin/sh\n- content: |\n    #cloud-config\n    a: 1\n": "['text/x-shellscript', 'text/cloud-config']\n",
		mixed(encoded("text/plain", "#!/bin/sh\n"), part("text/cloud-config", "a: 1\n")):       "['text/x-shellscript', 'text/cloud-config']\n",
		nested(3): "['text/cloud-config']\n",
	} {
		if err := cloudinit.Check(content); err != nil {
			t.Errorf("%q: %v", content, err)
		}
		path := filepath.Join(t.TempDir(), "document")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, run(t.Context(), t, "/usr/bin/python3", "-c", parts, path)); d != "" {
			t.Errorf("%q: %s", content, d)
		}
	}
}
