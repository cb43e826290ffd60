package catalog_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"spliced/api"
	"spliced/block"
	"spliced/ingest"
	"spliced/rpc"
	"spliced/test/ovatest"
)

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// info looks at a volume.
func (f *fixture) info(name string) block.Info {
	f.t.Helper()
	v, err := f.pool.Open(f.t.Context(), name)
	ok(f.t, err)
	info, err := v.Info(f.t.Context())
	ok(f.t, errors.Join(err, v.Close()))
	return info
}

// reads demands that a volume holds these bytes.
func (f *fixture) reads(name string, want []byte) {
	f.t.Helper()
	if !bytes.Equal(f.read(name), want) {
		f.t.Errorf("volume %q holds other bytes than were uploaded", name)
	}
}

func (f *fixture) read(name string) []byte {
	f.t.Helper()
	v, err := f.pool.Open(f.t.Context(), name)
	ok(f.t, err)
	data, err := io.ReadAll(io.NewSectionReader(v, 0, v.Size()))
	ok(f.t, errors.Join(err, v.Close()))
	return data
}

// content is what the volume's content sums up to.
func (f *fixture) content(name string) string {
	f.t.Helper()
	sum, err := ingest.Content(f.t.Context(), f.pool, name)
	ok(f.t, err)
	return sum
}

// An appliance of all kinds: two systems, a blank disk, one that no system has, a
// file that isn't a disk, and a manifest that leaves one out.
func manyThings() (data []byte, a ovatest.Appliance, members map[string][]byte) {
	a = ovatest.Appliance{
		Files: []ovatest.File{{ID: "f1", Href: "root.vmdk"}, {ID: "f2", Href: "spare.vmdk"}, {ID: "f3", Href: "tools.iso"}},
		Disks: []ovatest.Disk{
			{ID: "d1", File: "f1", Capacity: 64 << 10},
			{ID: "d2", Capacity: 1 << 20},
			{ID: "d3", File: "f2", Capacity: 128 << 10},
		},
		Systems: []ovatest.System{{ID: "db 1", Disks: []string{"d1"}}, {ID: "app", Disks: []string{"d2"}, CDs: []string{"f3"}}},
	}
	members = map[string][]byte{
		"root.vmdk": ovatest.VMDK(disk()), "spare.vmdk": ovatest.VMDK(ovatest.Data(128 << 10)), "tools.iso": ovatest.Data(2048),
	}
	member := func(name string) ovatest.Member { return ovatest.Member{Name: name, Data: members[name]} }
	d, root, spare, tools := a.Member(), member("root.vmdk"), member("spare.vmdk"), member("tools.iso")
	m := ovatest.Manifest(d, root, tools)
	members[d.Name], members[m.Name] = d.Data, m.Data
	return ovatest.Archive(d, m, root, spare, tools), a, members
}

// An OVA's record tells what was in it, and what became of it.
func TestRecordOfAnOVA(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	data, a, members := manyThings()
	j := f.done(f.catalog.UploadOVA(api.OVAUpload{Pool: "local", Name: "web", SHA256: strings.ToUpper(digest(data))}, source(t, data), caller()))
	got, err := f.catalog.OVA("web", true)
	ok(t, err)
	file := func(name string, v api.Verdict) api.Member {
		return api.Member{Name: name, Size: api.Size(len(members[name])), SHA256: digest(members[name]), Manifest: v}
	}
	kept := func(id, disk, volume, member string, size api.Size, v api.Verdict) []api.OVADisk {
		d := api.OVADisk{ID: id, DiskID: disk, Volume: volume, Size: size}
		if member != "" {
			d.SourceFormat, d.Member, d.SHA256, d.Manifest = "vmdk", member, digest(members[member]), v
		}
		return []api.OVADisk{d}
	}
	iso := kept("cd0", "f3", "ova_web.app_cd0", "tools.iso", 2048, api.Verified)
	iso[0].SourceFormat = "raw"
	machine := func(key, name string, disks, media []api.OVADisk) api.System {
		return api.System{
			Key: key, Name: name, SystemTemplate: "web." + key, Profile: "web." + key, VCPUs: 2, Memory: 512 << 20, Disks: disks, Media: media,
			Firmware: "bios", Machine: "q35", DiskBus: "sata", NICModel: "e1000",
		}
	}
	want := api.OVA{
		Name: "web", Pool: "local", Job: j.ID, UploadedBy: "me", SHA256: digest(data), Descriptor: string(a.Descriptor()),
		Systems: []api.System{
			machine("db-1", "db 1", kept("sda", "d1", "ova_web.db-1_sda", "root.vmdk", 64<<10, api.Verified), nil),
			machine("app", "app", kept("sda", "d2", "ova_web.app_sda", "", 1<<20, ""), iso),
		},
		Unattached: kept("sda", "d3", "ova_web_sda", "spare.vmdk", 128<<10, api.Unlisted),
		Members: []api.Member{
			file("appliance.ovf", api.Verified), file("appliance.mf", api.Unlisted), file("root.vmdk", api.Verified),
			file("spare.vmdk", api.Unlisted), file("tools.iso", api.Verified),
		},
	}
	loose := cmpopts.IgnoreFields(api.OVA{}, "Created", "Warnings")
	if diff := cmp.Diff(want, got, loose, cmpopts.IgnoreFields(api.System{}, "Warnings")); diff != "" {
		t.Errorf("the record is another (-want +got):\n%s", diff)
	}
	if !strings.Contains(strings.Join(got.Warnings, "\n"), `"d3"`) {
		t.Errorf("no warning speaks of the disk that no system has: %q", got.Warnings)
	}
	if kept, err := os.ReadFile(filepath.Join(f.state, "descriptors", "web.ovf")); err != nil || !bytes.Equal(kept, a.Descriptor()) {
		t.Errorf("the descriptor that is kept is another; %v", err)
	}
	if brief, err := f.catalog.OVA("web", false); err != nil || brief.Descriptor != "" {
		t.Errorf("a descriptor that nobody asked for: %d bytes, %v", len(brief.Descriptor), err)
	}
	f.holds("ova_web.record", "ova_web.db-1_sda", "ova_web.app_sda", "ova_web.app_cd0", "ova_web_sda")
	f.reads("ova_web.db-1_sda", disk())
	f.reads("ova_web.app_sda", make([]byte, 1<<20))
	f.reads("ova_web_sda", ovatest.Data(128<<10))
	f.done(f.removeOVA("web"))
	f.holds()
}

// Each volume says of itself where it is from; what isn't so is left out.
func TestMetadata(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	data, _, members := manyThings()
	j := f.done(f.catalog.UploadOVA(api.OVAUpload{Pool: "local", Name: "web"}, source(t, data), caller()))
	image := f.done(f.uploadImage("web"))
	all := map[string]string{ingest.MetaJob: j.ID, ingest.MetaOrigin: "ova web", ingest.MetaHost: "here"}
	root := maps.Clone(all)
	root[ingest.MetaDigest], root[ingest.MetaFormat] = digest(members["root.vmdk"]), "vmdk"
	blank := maps.Clone(all)
	blank[ingest.MetaContent] = "0000000000000000"
	root[ingest.MetaContent] = f.content("ova_web.db-1_sda")
	head := maps.Clone(all)
	head[ingest.MetaRecorded], head[ingest.MetaDisks] = "yes", "4"
	head[ingest.MetaContent], head[ingest.MetaDigest] = f.content("ova_web.record"), digest(f.read("ova_web.record"))
	record, err := f.catalog.Record("local", "web")
	ok(t, err)
	for name, want := range map[string]map[string]string{
		"ova_web.record":   head,
		"ova_web.app_sda":  blank,
		"ova_web.db-1_sda": root,
		"web": {
			ingest.MetaJob: image.ID, ingest.MetaOrigin: "image", ingest.MetaHost: "here",
			ingest.MetaDigest: digest(disk()), ingest.MetaFormat: "raw", ingest.MetaContent: f.content("web"),
			ingest.MetaRecorded: "yes", ingest.MetaUser: "me", ingest.MetaCreated: record.Created.Format(time.RFC3339),
		},
	} {
		info := f.info(name)
		if diff := cmp.Diff(want, info.Metadata); diff != "" {
			t.Errorf("metadata of %q (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff([]string{ingest.Snapshot}, info.Snapshots); diff != "" {
			t.Errorf("snapshots of %q (-want +got):\n%s", name, diff)
		}
	}
}

// Two OVAs whose volumes would have one name: the second is refused, and the
// first keeps what it has.
func TestVolumesOfOneName(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	data, _, _ := manyThings()
	f.done(f.catalog.UploadOVA(api.OVAUpload{Pool: "local", Name: "web"}, source(t, data), caller()))
	f.done(f.uploadImage("ova_x_sda"))
	for _, upload := range []func() (api.Job, error){
		func() (api.Job, error) { return f.uploadOVA("web.app") },
		func() (api.Job, error) { return f.uploadOVA("x") },
		func() (api.Job, error) { return f.uploadImage("ova_web.app_sda") },
	} {
		_, err := f.end(upload())
		code(t, err, rpc.Exists)
		f.settled()
		f.holds("ova_web.record", "ova_web.db-1_sda", "ova_web.app_sda", "ova_web.app_cd0", "ova_web_sda", "ova_x_sda")
	}
}

// Lists are of what matches, and in order.
func TestLists(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.addPool("far")
	f.up()
	for _, name := range []string{"b", "ab", "c"} {
		f.done(f.uploadImage(name))
		f.done(f.uploadImageTo("far", name))
	}
	for _, c := range []struct{ pool, match, want string }{
		{"", "", "far/ab local/ab far/b local/b far/c local/c"},
		{"", "^b$", "far/b local/b"},
		{"far", "b", "far/ab far/b"},
		{"local", "none", ""},
	} {
		images, err := f.catalog.Images(c.pool, c.match)
		ok(t, err)
		var got []string
		for _, i := range images {
			got = append(got, i.Pool+"/"+i.Name)
		}
		if s := strings.Join(got, " "); s != c.want || images == nil {
			t.Errorf("images %q of %q: %q, want %q", c.match, c.pool, s, c.want)
		}
	}
	_, err := f.catalog.Images("nowhere", "")
	code(t, err, rpc.NotFound)
	_, err = f.catalog.OVAs("a[")
	code(t, err, rpc.InvalidParams)
	_, err = f.catalog.Images("far", "a[")
	code(t, err, rpc.InvalidParams)
}
