package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gopkg.in/yaml.v3"

	"spliced/api"
	"spliced/rpc"
)

func size(n int64) *api.Size {
	s := api.Size(n)
	return &s
}

func day(n int) time.Time { return time.Date(2026, 5, n, 13, 14, 15, 999, time.UTC) }

func TestTables(t *testing.T) {
	begun, ended := day(1), day(1).Add(125*time.Second)
	disk := api.OVADisk{ID: "sda", Volume: "ova_web_sda", Size: 8 << 30, SourceFormat: "vmdk", Member: "web.vmdk", Manifest: api.Verified}
	web := api.OVA{
		Name: "web", Pool: "vms", Created: day(2), UploadedBy: "root", Job: "j1",
		Systems: []api.System{{Name: "front", VCPUs: 2, Memory: 4 << 30, Firmware: "efi", Networks: []string{"lan", "wan"}, Disks: []api.OVADisk{disk}}},
		Members: []api.Member{{Name: "web.ovf", Size: 5000, SHA256: "ab12", Manifest: api.Unlisted}}, Warnings: []string{"it is old"},
	}
	for _, c := range []struct {
		args   string
		method rpc.Method
		want   string
	}{
		{
			"image list", says("image.list", []api.Volume{
				{Pool: "vms", Name: "b", Size: 1536 << 20, Allocated: size(1 << 20), SourceFormat: "vmdk", Origin: "image", Created: day(1)},
				{Pool: "vms", Name: "a\x1b[2J", Size: 10, SourceFormat: "raw", Created: day(2)},
				{Pool: "fast", Name: "z", Size: 8 << 40},
			}), `
POOL  NAME   SIZE     ALLOCATED  FORMAT  ORIGIN  CREATED
fast  z      8 TiB    -          -       -       -
vms   a` + "\ufffd" + `[2J  10 B     -          raw     -       2026-05-02 13:14:15
vms   b      1.5 GiB  1 MiB      vmdk    image   2026-05-01 13:14:15
`,
		},
		{
			"image show a", says("image.show", api.Volume{
				Pool: "vms", Name: "a", Size: 1 << 20, SourceFormat: "raw", SHA256: "ab", Origin: "image",
				Children: []string{"x", "y"}, Created: day(1), UploadedBy: "root",
			}), `
Name:         a
Pool:         vms
Size:         1 MiB (1048576 bytes)
Uploaded as:  raw
SHA-256:      ab
Origin:       image
Clones:       x, y
Created:      2026-05-01 13:14:15
By:           root
`,
		},
		{"ova list", says("ova.list", []api.OVA{web}), `
NAME  POOL  SYSTEMS  DISKS  SIZE   CREATED
web   vms   1        1      8 GiB  2026-05-02 13:14:15
`},
		{"ova list --match a", says("ova.list", []api.OVASummary{
			{Name: "a", Pool: "vms", Systems: []api.SystemSummary{{
				Disks: []api.DiskSummary{{Size: 2 << 30}, {Size: 1 << 30, Shared: true}}, Media: []api.DiskSummary{{Size: 1 << 30}},
			}}, Unattached: []api.DiskSummary{{Size: 1 << 30}}, Problem: "line 3"}, {Name: "b"},
		}), `
NAME  POOL  SYSTEMS  DISKS  SIZE   CREATED  PROBLEM
a     vms   1        3      4 GiB  -        line 3
b     -     0        0      0 B    -        -
`},
		{"ova show web", says("ova.show", web), `
Name:     web
Pool:     vms
Created:  2026-05-02 13:14:15
By:       root
Job:      j1

System "front":
  Hardware:  2 vCPUs, 4 GiB memory, efi
  Networks:  lan, wan

  DISK  SIZE   VOLUME       FORMAT  MEMBER    MANIFEST
  sda   8 GiB  ova_web_sda  vmdk    web.vmdk  verified

Members of the archive:
  NAME     SIZE     MANIFEST  SHA-256
  web.ovf  4.9 KiB  unlisted  ab12

Warnings:
  it is old
`},
		{"ova show suite", says("ova.show", suite()), `
Name:           suite
Pool:           vms
Created:        2026-05-02 13:14:15
Configuration:  s (Small), the default
Configuration:  l, chosen here
Starts:         1. db, the next after 30 s

System "db":
  Name:          Data base
  Profile:       suite.db
  Template:      suite.db
  Guest:         Debian 12
  Hardware:      1 vCPU, 1 GiB memory, efi, q35, disks on scsi vmpvscsi, network by virtio, secure boot, virtual TPM
  Networks:      lan
  Network card:  to "lan", vmxnet3, 00:50:56:00:00:01
  Environment:   iso

  DISK  SIZE   VOLUME                   FORMAT  MEMBER   MANIFEST
  sda   1 GiB  ova_suite.db_sda         -       -        -
  sdb   1 KiB  ova_suite.x_sdb, shared  raw     all.img  -
  cd0   2 KiB  ova_suite.db_cd0         raw     cd.iso   verified

  Warnings:
    disks are on scsi

Product Base 2 of system "db":
  Vendor:  Us

  PROPERTY  VALUE                         LABEL
  pw        (hidden)                      -
  host      needed: --property KEY=VALUE  Host
  dns       -                             -
  ip        ::1                           -

Product Suite of the appliance:
`},
		{
			"pool list", says("pool.list", []api.Pool{
				{Name: "vms", Driver: "rbd", Size: size(3 << 40), Free: size(1 << 40), Health: api.HealthOK},
				{Name: "old", Driver: "dir", Health: api.HealthUnavailable, Reason: "it is not mounted"},
			}), `
NAME  DRIVER  SIZE   FREE   HEALTH       REASON
old   dir     -      -      unavailable  it is not mounted
vms   rbd     3 TiB  1 TiB  ok
`,
		},
		{
			"status", says("daemon.status", api.Status{
				Version: "1.0", Uptime: 7500, Jobs: map[string]int{"failed": 1, "running": 2, "asleep": 3}, Cleanup: 1,
				Corrupt: []string{"ovas/web.yaml: it is empty"}, Pools: []api.Pool{{Name: "vms", Driver: "dir", Health: api.HealthOK}},
			}), `
Version:   1.0
Up for:    2h5m
Jobs:      2 running, 1 failed, 3 asleep
Clean-up:  the remains of 1 job are still to be removed
Corrupt:   ovas/web.yaml: it is empty

NAME  DRIVER  SIZE  FREE  HEALTH  REASON
vms   dir     -     -     ok
`,
		},
		{
			"job list", says("job.list", []api.Job{
				{ID: "2", Kind: "ova.upload", Pool: "vms", Name: "web", State: api.JobRunning, Progress: copied(999, 1000), Created: day(2)},
				{ID: "1", Kind: "image.remove", State: api.JobSucceeded, Progress: copied(1, 1), Created: day(1)},
			}), `
ID  KIND          POOL  NAME  STATE      PROGRESS     CREATED
1   image.remove  -     -     succeeded  -            2026-05-01 13:14:15
2   ova.upload    vms   web   running    copying 99%  2026-05-02 13:14:15
`,
		},
		{
			"job show 7", says("job.show", api.Job{
				ID: "7", Kind: "ova.upload", Name: "web", State: api.JobFailed, Message: "No room.", UID: 1000, Created: day(1),
				Started: &begun, Ended: &ended, Failure: &api.JobFailure{Code: 10, Kind: "no-space", Hint: "Make some."},
			}), `
ID:       7
Kind:     ova.upload
Name:     web
State:    failed
Message:  No room.
Failure:  no-space (10)
Hint:     Make some.
Created:  2026-05-01 13:14:15
Started:  2026-05-01 13:14:15
Ended:    2026-05-01 13:16:20
Took:     2m5s
By:       user 1000
`,
		},
		{"image inspect", says("image.inspect", api.ImagePlan{Format: "vmdk", Subformat: "sparse", Refused: "it has no data"}), `
Format:  vmdk, sparse
Size:    known at its end only
Upload:  refused: it has no data
`},
	} {
		t.Run(c.args, func(t *testing.T) {
			methods := []rpc.Method{c.method}
			if c.method.Name != "pool.list" {
				methods = append(methods, onePool())
			}
			got := ctl(t, serve(t, methods...), strings.Fields(c.args)...)
			got.want(t, 0, strings.TrimPrefix(c.want, "\n"), "")
		})
	}
}

func TestEmptyList(t *testing.T) {
	socket := serve(t, says("image.list", []api.Volume{}))
	ctl(t, socket, "image", "list").want(t, 0, "", "No images.\n")
	ctl(t, socket, "image", "list", "--match", "^x").want(t, 0, "", "No images match ^x.\n")
	ctl(t, socket, "image", "list", "-o", "json").want(t, 0, "[]\n", "")
	ctl(t, socket, "image", "list", "-o", "yaml").want(t, 0, "[]\n", "")
}

func TestMatchIsPassedOn(t *testing.T) {
	seen := make(chan api.List, 1)
	socket := serve(t, stub("ova.list", 0, func(_ *rpc.Call, p api.List) ([]api.OVA, error) {
		seen <- p
		return nil, nil
	}))
	if got := ctl(t, socket, "ova", "list", "--match", "^w.b$"); got.code != 0 {
		t.Errorf("exit %d: %s", got.code, got.err)
	}
	if p := <-seen; p.Match != "^w.b$" {
		t.Errorf("matched %q", p.Match)
	}
}

// What the wire says is what JSON and YAML say, also what we know nothing of.
func TestDocumentsAreTheWiresOwn(t *testing.T) {
	const wire = `{"zebra":1,"size":9007199254740993,"name":"a","rate":1.5e3,"none":null,"yes":"yes","no":false,"day":"2026-05-01",` +
		`"hostile":"\u001b[2J\u202e\u009b\u007f\t","wide":"😀` + "\U000e0001" + `","lines":"a\nb\n","list":[{"x":[]},{}],"nul":"\u0000"}`
	socket := serve(t, says("image.show", json.RawMessage(wire)), onePool())
	var want any
	if err := json.Unmarshal([]byte(wire), &want); err != nil {
		t.Fatal(err)
	}
	var got any
	text := ctl(t, socket, "image", "show", "a", "-o", "json").out
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("JSON (-want +got):\n%s", diff)
	}
	unharmful(t, text)
	if !strings.Contains(text, `"size": 9007199254740993,`) || strings.Index(text, "zebra") > strings.Index(text, "name") {
		t.Errorf("numbers and order are kept:\n%s", text)
	}

	text = ctl(t, socket, "image", "show", "a", "-o", "yaml").out
	var fromYAML map[string]any
	if err := yaml.Unmarshal([]byte(text), &fromYAML); err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	if n, ok := fromYAML["size"].(int); !ok || n != 9007199254740993 {
		t.Errorf("the size became %v", fromYAML["size"])
	}
	again, err := json.Marshal(fromYAML)
	if err != nil {
		t.Fatal(err)
	}
	got = nil
	if err := json.Unmarshal(again, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("YAML (-want +got):\n%s", diff)
	}
	unharmful(t, text)
}

func unharmful(t *testing.T, text string) {
	t.Helper()
	if strings.ContainsAny(text, "\x1b\u202e\u009b\x7f\t\x00\U000e0001") {
		t.Errorf("a terminal would be told things by:\n%q", text)
	}
}

func TestSeveralDocuments(t *testing.T) {
	remove := stub("ova.remove", 0, func(_ *rpc.Call, p api.OVARemove) (api.Result, error) {
		return api.Result{Message: p.Name}, nil
	})
	socket := serve(t, remove)
	ctl(t, socket, "-o", "yaml", "ova", "remove", "-y", "a", "b").want(t, 0, "message: a\n---\nmessage: b\n", "")
}

func TestFailedJobAsDocument(t *testing.T) {
	job := newFakeJob(ending(api.JobFailed, "No room.", &api.JobFailure{Code: 10, Kind: "no-space"}))
	got := ctl(t, serve(t, job.methods()...), "-o", "json", "job", "wait", "j1")
	var shown api.Job
	if err := json.Unmarshal([]byte(got.out), &shown); err != nil || shown.State != api.JobFailed || got.code != 10 || got.err != "No room.\n" {
		t.Errorf("exit %d, stdout %s (%v), stderr %s", got.code, got.out, err, got.err)
	}
}

func TestDescriptor(t *testing.T) {
	const text = "<?xml?>\r\n\t<Name>\x1b[2J</Name>"
	socket := serve(t, stub("ova.show", 0, func(_ *rpc.Call, p api.OVARef) (api.OVA, error) {
		o := api.OVA{Name: p.Name}
		if p.Descriptor {
			o.Descriptor = text
		}
		return o, nil
	}))
	ctl(t, socket, "ova", "show", "web", "--descriptor").want(t, 0, text, "")
	if got := cleanLines(text); got != "<?xml?>\n    <Name>\ufffd[2J</Name>" {
		t.Errorf("a terminal gets %q", got)
	}
}

func TestHuman(t *testing.T) {
	for n, want := range map[api.Size]string{
		0: "0 B", 1023: "1023 B", 1024: "1 KiB", 1536: "1.5 KiB", 10 << 20: "10 MiB", 1<<30 + 1<<29: "1.5 GiB",
		300 << 30: "300 GiB", 1 << 50: "1 PiB", 5000 << 50: "5000 PiB",
	} {
		if got := human(n); got != want {
			t.Errorf("human(%d) = %q, want %q", int64(n), got, want)
		}
	}
}

// suite is an OVA of which everything is known.
func suite() api.OVA {
	disk := func(id, volume string, size api.Size, format, member string, v api.Verdict) api.OVADisk {
		return api.OVADisk{ID: id, Volume: volume, Size: size, SourceFormat: format, Member: member, Manifest: v}
	}
	shared := disk("sdb", "ova_suite.x_sdb", 1<<10, "raw", "all.img", "")
	shared.Shared = true
	return api.OVA{
		Name: "suite", Pool: "vms", Created: day(2), Configuration: "l",
		Configurations: []api.Configuration{{ID: "s", Label: "Small", Default: true}, {ID: "l"}},
		Startup:        []api.Startup{{ID: "db", System: "db", Order: 1, StartDelay: 30}},
		Products:       []api.Product{{}, {Name: "Suite"}},
		Systems: []api.System{{
			Key: "db", Name: "Data base", Profile: "suite.db", SystemTemplate: "suite.db", Guest: "Debian 12", VCPUs: 1, Memory: 1 << 30,
			Firmware: "efi", Machine: "q35", DiskBus: "scsi", SCSIModel: "vmpvscsi", NICModel: "virtio", SecureBoot: true, VTPM: true,
			Disks:    []api.OVADisk{disk("sda", "ova_suite.db_sda", 1<<30, "", "", ""), shared},
			Media:    []api.OVADisk{disk("cd0", "ova_suite.db_cd0", 2<<10, "raw", "cd.iso", api.Verified)},
			NICs:     []api.NIC{{Network: "lan", Model: "vmxnet3", MAC: "00:50:56:00:00:01"}},
			Networks: []string{"lan"}, Transports: []string{"iso"}, Warnings: []string{"disks are on scsi"},
			Products: []api.Product{{Name: "Base", Version: "2", Vendor: "Us", Properties: []api.Property{
				{Key: "pw", Password: true}, {Key: "host", Label: "Host", Lacks: true}, {Key: "dns"}, {Key: "ip", Value: "::1"},
			}}},
		}},
	}
}
