package catalog_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/api"
	"spliced/block"
	"spliced/block/dir"
	"spliced/ingest"
	"spliced/rpc"
	"spliced/test/ovatest"
)

// twoHosts are two catalogues over one pool, on hosts "here" and "there".
func twoHosts(t *testing.T) (here, there *fixture) {
	t.Helper()
	here, there = newFixture(t), newFixture(t)
	there.name, there.pool = "there", here.pool
	here.up()
	there.up()
	return here, there
}

func (f *fixture) adoptOVA(name string) (api.Job, error) {
	return f.catalog.AdoptOVA(api.OVAAdopt{Pool: "local", Name: name}, caller())
}

func (f *fixture) adoptImage(name string) (api.Job, error) {
	return f.catalog.AdoptImage(api.ImageAdopt{Pool: "local", Name: name}, caller())
}

// files are the contents of all records of the kinds that come with an OVA.
func (f *fixture) written() map[string]string {
	f.t.Helper()
	all := map[string]string{}
	for _, kind := range []string{"ovas", "descriptors", "system-templates", "profiles", "images-local"} {
		for _, name := range f.kept(kind) {
			data, err := os.ReadFile(filepath.Join(f.state, kind, name))
			ok(f.t, err)
			all[kind+"/"+name] = string(data)
		}
	}
	return all
}

// Another host that adopts what is in a pool has the same files, to the byte.
func TestAdoption(t *testing.T) {
	t.Parallel()
	here, there := twoHosts(t)
	data, _, _ := manyThings()
	here.done(here.catalog.UploadOVA(api.OVAUpload{Pool: "local", Name: "web"}, source(t, data), caller()))
	here.done(here.uploadOVA("small"))
	here.done(here.uploadImage("base"))
	before, err := here.pool.List(t.Context())
	ok(t, err)

	ovas, err := there.catalog.AdoptableOVAs(t.Context(), "local")
	ok(t, err)
	want := []api.Adoptable{{Name: "small", Disks: 1, Host: "here"}, {Name: "web", Disks: 4, Host: "here"}}
	if diff := cmp.Diff(want, ovas); diff != "" {
		t.Errorf("adoptable OVAs (-want +got):\n%s", diff)
	}
	images, err := there.catalog.AdoptableImages(t.Context(), "local")
	ok(t, err)
	if diff := cmp.Diff([]api.Adoptable{{Name: "base", Disks: 1, Host: "here"}}, images); diff != "" {
		t.Errorf("adoptable images (-want +got):\n%s", diff)
	}

	there.done(there.adoptOVA("web"))
	there.done(there.adoptOVA("small"))
	there.done(there.adoptImage("base"))
	if diff := cmp.Diff(here.written(), there.written()); diff != "" {
		t.Errorf("files of both hosts (-here +there):\n%s", diff)
	}
	ovas, err = there.catalog.AdoptableOVAs(t.Context(), "local")
	ok(t, err)
	images, err = there.catalog.AdoptableImages(t.Context(), "local")
	ok(t, err)
	if len(ovas)+len(images) != 0 {
		t.Errorf("what was adopted is adoptable: %v, %v", ovas, images)
	}
	there.settled()
	there.holds(before...)
	_, err = there.end(there.adoptOVA("web"))
	code(t, err, rpc.Exists)
}

// A host whose state folder is lost gets it back from the pool.
func TestRebuiltHost(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.up()
	f.done(f.uploadOVA("web"))
	f.done(f.uploadImage("base"))
	before := f.written()
	f.stop()
	ok(t, os.RemoveAll(f.state))
	f.up()
	f.done(f.adoptOVA("web"))
	f.done(f.adoptImage("base"))
	if diff := cmp.Diff(before, f.written()); diff != "" {
		t.Errorf("files (-before +after):\n%s", diff)
	}
	f.done(f.removeOVA("web"))
	f.done(f.removeImage("base"))
	f.holds()
}

// Passwords stay on the host that was given them.
func TestPasswordsAreNotInThePool(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	o := f.rich(map[string]string{"db.password": "hunter22"})
	if len(o.Secrets) != 1 {
		t.Fatalf("the record has the passwords %v", o.Secrets)
	}
	if bytes.Contains(f.read("ova_web.record"), []byte("hunter22")) {
		t.Error("the pool has the password")
	}
}

// What is in a pool is adopted only when the import is over, and nothing stands in
// its way.
func TestAdoptionRefused(t *testing.T) {
	t.Parallel()
	here, there := twoHosts(t)
	here.done(here.uploadOVA("web"))
	_, err := there.end(there.adoptOVA("nothing"))
	code(t, err, rpc.NotFound)
	_, err = there.catalog.AdoptOVA(api.OVAAdopt{Pool: "nowhere", Name: "web"}, caller())
	code(t, err, rpc.NotFound)
	_, err = there.end(there.adoptImage("ova_web_sda"))
	code(t, err, rpc.Integrity)

	profile := api.EntryWrite{Name: "web", Spec: api.Spec(`{"type":"provisioner"}`)}
	_, err = there.catalog.CreateEntry(api.KindProfile, profile, caller())
	ok(t, err)
	_, err = there.end(there.adoptOVA("web"))
	code(t, err, rpc.Exists)
	if files := there.written(); len(files) != 1 {
		t.Errorf("files %v", files)
	}

	v, err := here.pool.Open(t.Context(), "ova_web.record")
	ok(t, err)
	ok(t, v.SetMetadata(t.Context(), map[string]string{ingest.MetaRecorded: "no"}))
	ok(t, v.Close())
	ovas, err := there.catalog.AdoptableOVAs(t.Context(), "local")
	ok(t, err)
	if len(ovas) != 0 {
		t.Errorf("an import that isn't over is adoptable: %v", ovas)
	}
}

// Of two hosts that import one name exactly one does, and the other leaves nothing.
func TestTwoHostsImportOneName(t *testing.T) {
	t.Parallel()
	for name, pool := range map[string]func(*testing.T) block.Pool{
		"mem": nil,
		"dir": func(t *testing.T) block.Pool {
			t.Helper()
			p, err := dir.Open(t.Context(), filepath.Join(t.TempDir(), "pool"))
			ok(t, err)
			t.Cleanup(func() { ok(t, p.Close()) })
			return lasting{p}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here, there := newFixture(t), newFixture(t)
			if pool != nil {
				here.pool = pool(t)
			}
			there.name, there.pool = "there", here.pool
			here.up()
			there.up()
			var volumes []string
			for n := range 20 {
				ova := fmt.Sprintf("web%d", n)
				var failures [2]error
				var both sync.WaitGroup
				both.Go(func() { _, failures[0] = here.end(here.uploadOVA(ova)) })
				both.Go(func() { _, failures[1] = there.end(there.uploadOVA(ova)) })
				both.Wait()
				if (failures[0] == nil) == (failures[1] == nil) {
					t.Fatalf("round %d: %v and %v", n, failures[0], failures[1])
				}
				for i, err := range failures {
					if err != nil {
						code(t, err, rpc.Exists)
						if winner := []string{"there", "here"}[i]; !strings.Contains(err.Error(), `from host "`+winner+`"`) {
							t.Errorf("the loser is told %v", err)
						}
					}
				}
				volumes = append(volumes, "ova_"+ova+".record", "ova_"+ova+"_sda")
			}
			here.settled()
			there.settled()
			here.holds(volumes...)
			if n := len(here.kept("ovas")) + len(there.kept("ovas")); n != 20 {
				t.Errorf("%d records", n)
			}
		})
	}
}

// What lives on one host is in the way of a removal on the other; what one host
// removed is gone, and the other's record goes without it.
func TestRemovalAcrossHosts(t *testing.T) {
	t.Parallel()
	here, there := twoHosts(t)
	here.done(here.uploadOVA("web"))
	there.done(there.adoptOVA("web"))
	ok(t, there.pool.Clone(t.Context(), "ova_web_sda", ingest.Snapshot, "vm_sda"))
	_, err := here.end(here.removeOVA("web"))
	code(t, err, rpc.Busy)
	if !strings.Contains(err.Error(), "vm_sda") {
		t.Errorf("got %v", err)
	}
	ok(t, there.pool.Remove(t.Context(), "vm_sda"))
	here.done(here.removeOVA("web"))
	here.holds()
	// Another OVA has the name by now: its volumes are none of the old record's.
	here.done(here.uploadOVA("web"))
	there.done(there.removeOVA("web"))
	here.holds("ova_web.record", "ova_web_sda")
	if left := there.kept("ovas"); len(left) != 0 {
		t.Errorf("records %q", left)
	}
}

// rewrite puts other content into a volume, with the digest that fits it.
func (f *fixture) rewrite(name string, data []byte, seal bool) {
	f.t.Helper()
	before := f.info(name)
	ok(f.t, f.pool.Remove(f.t.Context(), name))
	v, err := f.pool.Create(f.t.Context(), name, int64(len(data)))
	ok(f.t, err)
	_, err = v.WriteAt(data, 0)
	ok(f.t, err)
	ok(f.t, v.Flush())
	if seal {
		before.Metadata[ingest.MetaDigest] = fmt.Sprintf("%x", sha256.Sum256(data))
	}
	ok(f.t, v.SetMetadata(f.t.Context(), before.Metadata))
	ok(f.t, v.Snapshot(f.t.Context(), ingest.Snapshot))
	ok(f.t, v.Close())
}

// archived is an archive as imports write it, of any record.
func archived(record string, descriptor []byte) []byte {
	var all bytes.Buffer
	w := tar.NewWriter(&all)
	for _, m := range []ovatest.Member{{Name: "record.yaml", Data: []byte(record)}, {Name: "descriptor.ovf", Data: descriptor}} {
		_ = w.WriteHeader(&tar.Header{Name: m.Name, Size: int64(len(m.Data)), Mode: 0o640, Format: tar.FormatUSTAR})
		_, _ = w.Write(m.Data)
	}
	_ = w.Close()
	return all.Bytes()
}

// Whatever somebody puts in the place of an OVA's record, nothing comes of it but
// a refusal.
func TestHostileRecords(t *testing.T) {
	t.Parallel()
	here, there := twoHosts(t)
	here.done(here.uploadOVA("web"))
	here.done(here.uploadOVA("other"))
	here.volume("foreign_sda", "")
	good := here.read("ova_web.record")
	text, err := os.ReadFile(filepath.Join(here.state, "ovas", "web.yaml"))
	ok(t, err)
	descriptor, err := os.ReadFile(filepath.Join(here.state, "descriptors", "web.ovf"))
	ok(t, err)
	if !bytes.Equal(archived(string(text), descriptor), good) {
		t.Fatal("this test makes other archives than an import does")
	}
	with := func(from, to string) []byte {
		if !bytes.Contains(text, []byte(from)) {
			t.Fatalf("the record has no %q:\n%s", from, text)
		}
		return archived(strings.ReplaceAll(string(text), from, to), descriptor)
	}
	bomb := "schema: ovas/v1\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a]\nc: [*b,*b,*b,*b,*b]\n...\n"
	rows := map[string][]byte{
		"nothing":           {},
		"cut":               good[:len(good)/2],
		"cut in the end":    good[:len(good)-512],
		"longer":            append(bytes.Clone(good), make([]byte, 512)...),
		"more than a limit": make([]byte, 6<<20),
		"5 MiB of zeros":    make([]byte, 5<<20),
		"an alias bomb":     archived(bomb, descriptor),
		"no YAML":           archived("\x00\x01", descriptor),
		"a foreign volume":  with("volume: ova_web_sda", "volume: foreign_sda"),
		"another OVA's":     with("volume: ova_web_sda", "volume: ova_other_sda"),
		"another disk":      with("volume: ova_web_sda", "volume: ova_web_sdb"),
		"no such disk":      bytes.ReplaceAll(with("volume: ova_web_sda", "volume: ova_web_sdb"), []byte("id: sda"), []byte("id: sdb")),
		"another size":      with("size: 64KiB", "size: 128KiB"),
		"another name":      with("name: web\n", "name: bad\n"),
		"another profile":   with("profile: web\n", "profile: bad\n"),
		"another form":      with("pool: local\n", "pool: \"local\"\n"),
		"unknown keys":      with("pool: local\n", "pool: local\nmore: 1\n"),
		"passwords":         with("pool: local\n", "pool: local\nsecrets: {a: b}\n"),
		"hardware":          with("firmware: bios", "firmware: cpio"),
		"a terminal's":      with("uploaded_by: me", `uploaded_by: "me\e[2J"`),
	}
	for name, data := range rows {
		here.rewrite("ova_web.record", data, true)
		_, err := there.end(there.adoptOVA("web"))
		if err == nil {
			t.Fatalf("%s: adopted", name)
		}
		var e *rpc.Error
		if !errors.As(err, &e) || e.Code != rpc.Integrity && e.Code != rpc.Limit {
			t.Errorf("%s: %v", name, err)
		}
		if files := there.written(); len(files) != 0 {
			t.Fatalf("%s: files %v", name, files)
		}
	}
	for at := 0; at < len(good); at += 97 {
		flipped := bytes.Clone(good)
		flipped[at] ^= 1
		here.rewrite("ova_web.record", flipped, false)
		_, err := there.end(there.adoptOVA("web"))
		code(t, err, rpc.Integrity)
	}
	here.rewrite("ova_web.record", good, true)
	here.holds("foreign_sda", "ova_other.record", "ova_other_sda", "ova_web.record", "ova_web_sda")
	there.done(there.adoptOVA("web"))
}

// Disks that aren't what their record says stand in the way as well.
func TestDisksThatDontFit(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(f *fixture){
		"gone":             func(f *fixture) { ok(f.t, f.pool.Remove(f.t.Context(), "ova_web_sda")) },
		"another's":        func(f *fixture) { f.label("ova_web_sda", ingest.MetaJob, other) },
		"of another OVA":   func(f *fixture) { f.label("ova_web_sda", ingest.MetaOrigin, "ova else") },
		"of another size":  func(f *fixture) { f.rewrite("ova_web_sda", make([]byte, 512), false) },
		"record of others": func(f *fixture) { f.label("ova_web.record", ingest.MetaJob, other) },
		"without snapshot": func(f *fixture) {
			m := f.info("ova_web_sda").Metadata
			ok(f.t, f.pool.Remove(f.t.Context(), "ova_web_sda"))
			v, err := f.pool.Create(f.t.Context(), "ova_web_sda", 64<<10)
			ok(f.t, err)
			ok(f.t, v.SetMetadata(f.t.Context(), m))
			ok(f.t, v.Close())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here, there := twoHosts(t)
			here.done(here.uploadOVA("web"))
			spoil(here)
			_, err := there.end(there.adoptOVA("web"))
			code(t, err, rpc.Integrity)
			if files := there.written(); len(files) != 0 {
				t.Errorf("files %v", files)
			}
		})
	}
}

// label changes one key of a volume's metadata.
func (f *fixture) label(name, key, value string) {
	f.t.Helper()
	v, err := f.pool.Open(f.t.Context(), name)
	ok(f.t, err)
	ok(f.t, v.SetMetadata(f.t.Context(), map[string]string{key: value}))
	ok(f.t, v.Close())
}
