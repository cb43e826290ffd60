package catalog_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"spliced/api"
	"spliced/block/fault"
	"spliced/rpc"
	"spliced/store"
	"spliced/test/ovatest"
)

// entry reads a template or a profile as it is kept.
func entry[T any](f *fixture, kind, name string) T {
	f.t.Helper()
	text, err := os.ReadFile(filepath.Join(f.state, kind, name+".yaml"))
	ok(f.t, err)
	copied := filepath.Join(f.t.TempDir(), "state")
	ok(f.t, os.MkdirAll(filepath.Join(copied, kind), 0o700))
	ok(f.t, os.WriteFile(filepath.Join(copied, kind, name+".yaml"), text, 0o600))
	files, err := store.Open(f.t.Context(), copied, store.Options{})
	ok(f.t, err)
	v, err := store.NewCollection[T](files, kind, 1).Get(name)
	ok(f.t, errors.Join(err, files.Close()))
	return v
}

// What an import makes of an appliance that has everything.
func TestImportOfARichAppliance(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.done(f.uploadRich(api.OVAUpload{Properties: map[string]string{"size": "2", "db.password": secret, "site": "here"}}, ""))
	got, err := f.catalog.OVA("web", false)
	ok(t, err)
	volume := func(id, disk, volume, member string, size api.Size) api.OVADisk {
		d := api.OVADisk{ID: id, DiskID: disk, Volume: volume, Size: size}
		if member != "" {
			d.Member, d.Manifest = member, api.Verified
		}
		return d
	}
	shared := volume("sdb", "shared", "ova_web.db_sdb", "shared.vmdk", 64<<10)
	shared.Shared = true
	want := []api.System{
		{
			Key: "db", Name: "db", SystemTemplate: "web.db", Profile: "web.db", VCPUs: 2, Memory: 1025 << 10,
			Firmware: "bios", Machine: "q35", DiskBus: "scsi", SCSIModel: "vmpvscsi", NICModel: "virtio", Guest: "Debian 11",
			Disks: []api.OVADisk{
				volume("sda", "root", "ova_web.db_sda", "root.vmdk", 64<<10), volume("sdb", "shared", "ova_web.db_sdb", "shared.vmdk", 64<<10),
			},
			Media: []api.OVADisk{
				volume("cd0", "tools", "ova_web.db_cd0", "tools.iso", 2048), volume("fd0", "floppy", "ova_web.db_fd0", "floppy.img", 1024),
			},
			NICs:     []api.NIC{{Network: "front", Model: "vmxnet3", MAC: "00:50:56:00:00:01"}, {Network: "back"}},
			Networks: []string{"front", "back"}, Transports: []string{"iso"},
			Products: []api.Product{{Name: "Database", Properties: []api.Property{
				{Key: "db.password", Type: "string", Settable: true, Password: true},
				{Key: "db.host", Type: "string", Settable: true, Lacks: true},
			}}},
		},
		{
			Key: "app", Name: "app", SystemTemplate: "web.app", Profile: "web.app", VCPUs: 1, Memory: 512 << 20,
			Firmware: "efi", SecureBoot: true, VTPM: true, Machine: "q35", DiskBus: "sata", NICModel: "e1000e", Guest: "windows9Server64Guest",
			Disks: []api.OVADisk{volume("sda", "blank", "ova_web.app_sda", "", 2<<20), shared},
		},
	}
	loose := []cmp.Option{
		cmpopts.IgnoreFields(api.System{}, "Warnings"), cmpopts.IgnoreFields(api.OVADisk{}, "SHA256", "SourceFormat"),
	}
	if diff := cmp.Diff(want, got.Systems, loose...); diff != "" {
		t.Errorf("the systems are others (-want +got):\n%s", diff)
	}
	rest := api.OVA{
		Configuration: "small",
		Configurations: []api.Configuration{
			{ID: "small", Label: "Small", Description: "For trials", Default: true}, {ID: "large", Label: "Large"}, {ID: "huge"},
		},
		Properties: map[string]string{"size": "2", "site": "here"}, Secrets: map[string]string{"db.password": secret},
		Products: []api.Product{{Name: "Suite", Vendor: "We", Version: "1.0", Properties: []api.Property{
			{Key: "size", Type: "uint16", Settable: true, Value: "2"}, {Key: "site", Type: "string", Label: "Site", Settable: true, Value: "here"},
		}}},
		Startup: []api.Startup{
			{ID: "db", System: "db", Order: 1, StopDelay: 5}, {ID: "app", System: "app", Order: 2, StartDelay: 30, WaitGuest: true},
		},
	}
	some := cmpopts.IgnoreFields(api.OVA{}, "Name", "Pool", "Systems", "Unattached", "Members", "Warnings", "Job", "Created", "UploadedBy")
	if diff := cmp.Diff(rest, got, some); diff != "" {
		t.Errorf("the record is another (-want +got):\n%s", diff)
	}
	f.holds("ova_web.record", "ova_web.db_sda", "ova_web.db_sdb", "ova_web.db_cd0", "ova_web.db_fd0", "ova_web.app_sda", "ova_web_sda")
	f.checkRichEntries()
}

func (f *fixture) checkRichEntries() {
	f.t.Helper()
	vnc := &api.VNC{Enabled: true, Bind: "127.0.0.1"}
	for name, want := range map[string]api.SystemTemplate{
		"web.db": {
			VCPUs: 2, VRAM: 2, Serial: true, VNC: vnc, Firmware: "bios", Machine: "q35", // 1025 KiB are more than 1 MiB
			DiskBus: "scsi", SCSIModel: "vmpvscsi", NICModel: "virtio", Origin: "ova web",
		},
		"web.app": {
			VCPUs: 1, VRAM: 512, Serial: true, VNC: vnc, Firmware: "efi", SecureBoot: true, VTPM: true, Machine: "q35",
			DiskBus: "sata", NICModel: "e1000e", Origin: "ova web",
		},
	} {
		if diff := cmp.Diff(want, entry[api.SystemTemplate](f, "system-templates", name)); diff != "" {
			f.t.Errorf("the template %s is another (-want +got):\n%s", name, diff)
		}
		_, key, _ := strings.Cut(name, ".")
		profile := api.Profile{Type: api.ProfileOVA, OVA: "web", System: key, SystemTemplate: name, Configuration: "small", Origin: "ova web"}
		if diff := cmp.Diff(profile, entry[api.Profile](f, "profiles", name)); diff != "" {
			f.t.Errorf("the profile %s is another (-want +got):\n%s", name, diff)
		}
	}
}

// An appliance of one machine gives template and profile its own name.
func TestEntriesOfASingleSystem(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.done(f.uploadOVA("web"))
	if got := entry[api.SystemTemplate](f, "system-templates", "web"); got.VCPUs != 2 || got.VRAM != 512 || got.Firmware != "bios" {
		t.Errorf("the template is %+v", got)
	}
	want := api.Profile{Type: api.ProfileOVA, OVA: "web", SystemTemplate: "web", Origin: "ova web"}
	if diff := cmp.Diff(want, entry[api.Profile](f, "profiles", "web")); diff != "" {
		t.Error(diff)
	}
}

// A password that an upload sets is nowhere but in the record's secrets, one that
// the descriptor has is nowhere but in the descriptor: not in what lists, shows or
// jobs tell, and not in a template or profile.
func TestPasswordsStayInTheRecord(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	given := map[string]string{"password": secret} // by its plain key, too
	j := f.done(f.uploadRich(api.OVAUpload{Properties: given}, ""))
	_, err := f.end(f.uploadRich(api.OVAUpload{Properties: map[string]string{"password": secret, "nothing": "x"}}, ""))
	one, shown := f.catalog.OVA("web", false)
	ok(t, shown)
	list := f.ovas("")
	answers, failed := json.Marshal([]any{j, f.jobs.List(), one, list, fmt.Sprint(err)})
	ok(t, failed)
	if strings.Contains(string(answers), secret) || strings.Contains(string(answers), vendorSecret) {
		t.Errorf("a password is told: %s", answers)
	}
	for name, text := range f.stateFiles() {
		if has := strings.Contains(text, secret); has != (name == "ovas/web.yaml") {
			t.Errorf("whether %s has the upload's password is %v", name, has)
		}
		if has := strings.Contains(text, vendorSecret); has != (name == "descriptors/web.ovf") {
			t.Errorf("whether %s has the descriptor's password is %v", name, has)
		}
	}
	if text := f.stateFiles()["ovas/web.yaml"]; strings.Count(text, secret) != 1 || one.Secrets["db.password"] != secret {
		t.Errorf("the password is there %d times, as %v", strings.Count(text, secret), one.Secrets)
	}
}

// Names that would harm a terminal, a YAML file, an RBD name or a path do not.
func TestHostileNamesInRecords(t *testing.T) {
	t.Parallel()
	const evil = "&#x202e;\u202e../../x&#10;%00: [&amp;a *b] !!str {x} ' &quot; # $(reboot)\u009b31m@"
	f := newFixture(t)
	f.up()
	value := "a\n...\n\x00\u202e: [&x *y] !!int\x7f"
	f.done(f.uploadRich(api.OVAUpload{Properties: map[string]string{"site": value}}, evil))
	f.stop()
	f.up()
	got, err := f.catalog.OVA("web", false)
	ok(t, err)
	if got.Properties["site"] != value {
		t.Errorf("a value came back as %q", got.Properties["site"])
	}
	got.Properties = nil // it is the caller's own text, kept as it was said
	text, err := json.Marshal(got)
	ok(t, err)
	var plain any
	ok(t, json.Unmarshal(text, &plain))
	eachText(plain, func(s string) {
		for _, r := range s {
			if r != '\n' && !unicode.IsPrint(r) {
				t.Errorf("%q has the character %U", s, r)
			}
		}
	})
	if key := got.Systems[0].Key; api.CheckName("web."+key) != nil || strings.ContainsAny(key, "/:@ ") {
		t.Errorf("the key is %q", key)
	}
	names, err := f.pool.List(t.Context())
	ok(t, err)
	for _, name := range names {
		if strings.ContainsFunc(name, func(r rune) bool {
			return !strings.ContainsRune("._-", r) && !unicode.IsDigit(r) && (r > 'z' || !unicode.IsLetter(r))
		}) {
			t.Errorf("a volume is called %q", name)
		}
	}
	if len(f.catalog.Corrupt()) != 0 {
		t.Errorf("what was written can't be read: %q", f.catalog.Corrupt())
	}
}

// eachText visits all strings of a JSON value.
func eachText(v any, visit func(string)) {
	switch v := v.(type) {
	case string:
		visit(v)
	case []any:
		for _, one := range v {
			eachText(one, visit)
		}
	case map[string]any:
		for key, one := range v {
			visit(key)
			eachText(one, visit)
		}
	}
}

// Whoever has one of the names that an import needs keeps it, and nothing is
// copied: the job doesn't begin, or ends with the descriptor.
func TestNamesThatAreTaken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, name string
		rich       bool
		begins     bool
	}{
		{"profiles", "web", false, false},
		{"system-templates", "web", false, false},
		{"profiles", "web", true, false},
		{"profiles", "web.app", true, true},
		{"system-templates", "web.db", true, true},
	} {
		t.Run(fmt.Sprint(c.kind, " ", c.name, " ", c.rich), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			plan := f.under()
			f.up()
			if c.kind == "profiles" {
				plant(f, c.kind, c.name, api.Profile{Type: "provisioner"})
			} else {
				plant(f, c.kind, c.name, api.SystemTemplate{VCPUs: 1, VRAM: 1})
			}
			upload := func() (api.Job, error) { return f.uploadOVA("web") }
			if c.rich {
				upload = func() (api.Job, error) { return f.uploadRich(api.OVAUpload{}, "") }
			}
			j, err := upload()
			if begun := err == nil; begun != c.begins {
				t.Errorf("whether the job began is %v: %v", begun, err)
			}
			_, err = f.end(j, err)
			code(t, err, rpc.Exists)
			if !strings.Contains(err.Error(), fmt.Sprintf("%q", c.name)) {
				t.Errorf("%v doesn't say the name", err)
			}
			f.settled()
			f.holds()
			if plan.Count(fault.Create) > 0 {
				t.Error("a volume was made before the names were looked at")
			}
			if n := len(f.kept("profiles")) + len(f.kept("system-templates")); n != 1 || len(f.kept("ovas")) != 0 {
				t.Errorf("%d entries, OVAs %q", n, f.kept("ovas"))
			}
		})
	}
}

// A name that gets too long with the system's key is refused as early.
func TestNamesThatGetTooLong(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	archive, _ := richOVA("")
	long := strings.Repeat("a", 61)
	_, err := f.end(f.catalog.UploadOVA(api.OVAUpload{Pool: "local", Name: long, Properties: nil}, source(t, archive), caller()))
	code(t, err, rpc.Limit)
	f.settled()
	f.holds()
	f.done(f.catalog.UploadOVA(api.OVAUpload{Pool: "local", Name: long[:59]}, source(t, archive), caller()))
	f.done(f.catalog.UploadOVA(api.OVAUpload{Pool: "local", Name: long + "bb"}, source(t, ovatest.OVA(disk())), caller()))
}
