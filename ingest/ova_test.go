package ingest_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/block"
	"spliced/ingest"
	"spliced/test/ovatest"
)

func member(name string, data []byte) ovatest.Member { return ovatest.Member{Name: name, Data: data} }

func zipped(data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(data)
	_ = z.Close()
	return b.Bytes()
}

// small is a disk of 256 KiB with data at both ends.
func small() []byte { return ovatest.Sparse(256<<10, [2]int{0, 4096}, [2]int{200_000, 256 << 10}) }

// chunked cuts a file into members of that many bytes.
func chunked(name string, data []byte, size int) []ovatest.Member {
	var list []ovatest.Member
	for n := 0; n*size < len(data); n++ {
		list = append(list, member(fmt.Sprintf("%s.%09d", name, n), data[n*size:min(len(data), (n+1)*size)]))
	}
	return list
}

// permutations of up to four members.
func permutations(list []ovatest.Member) [][]ovatest.Member {
	if len(list) <= 1 {
		return [][]ovatest.Member{list}
	}
	var all [][]ovatest.Member
	for i := range list {
		rest := slices.Delete(slices.Clone(list), i, i+1)
		for _, p := range permutations(rest) {
			all = append(all, append([]ovatest.Member{list[i]}, p...))
		}
	}
	return all
}

// The order of an archive's members is nobody's promise.
func TestMembersInAnyOrder(t *testing.T) {
	t.Parallel()
	a := ovatest.Appliance{
		Files:   []ovatest.File{{ID: "f1", Href: "one.vmdk"}, {ID: "f2", Href: "two.vmdk"}},
		Disks:   []ovatest.Disk{{ID: "d1", File: "f1"}, {ID: "d2", File: "f2"}},
		Systems: []ovatest.System{{ID: "vm", Disks: []string{"d1", "d2"}}},
	}
	one, two := small(), ovatest.Data(64<<10)
	files := []ovatest.Member{a.Member(), member("one.vmdk", ovatest.VMDK(one)), member("two.vmdk", ovatest.VMDK(two))}
	for i, list := range permutations(append(files, ovatest.Manifest(files...))) {
		p := p0(t)
		rq := appliance()
		rq.RequireManifest = true
		staged, err := takeOVA(t.Context(), p, pipeSource(t, ovatest.Archive(list...), 10000), rq)
		if err != nil {
			t.Fatalf("order %d: %v", i, err)
		}
		if len(staged.Disks) != 2 || len(volumes(t, p)) != 2 {
			t.Fatalf("order %d: %d disks, volumes %q", i, len(staged.Disks), volumes(t, p))
		}
		for n, want := range [][]byte{one, two} {
			d := staged.Disks[n]
			if d.ID != []string{"sda", "sdb"}[n] || d.State != "verified" || d.SHA256 != sum(ovatest.VMDK(want)) || d.System == "" {
				t.Errorf("order %d: disk %+v", i, d)
			}
			holds(t, p, d.Volume, want)
		}
		undone(t, p, nil)
	}
}

// disks sums up what was staged.
func disks(staged *ingest.StagedOVA) []string {
	var list []string
	for _, d := range staged.Disks {
		list = append(list, fmt.Sprintf("%s/%s %s %d %s", d.System, d.ID, d.Member, d.Size, d.Format))
	}
	return list
}

// What appliances come as, and what is made of it.
func TestKindsOfAppliances(t *testing.T) {
	t.Parallel()
	disk, iso := small(), ovatest.Data(100_000)
	vmdk := ovatest.VMDK(disk)
	size := int64(len(disk))
	one := func(f ovatest.File, capacity int64) ovatest.Member {
		f.ID = "f1"
		a := ovatest.OneDisk(f.Href, capacity)
		a.Files[0] = f
		return a.Member()
	}
	shared := ovatest.OneDisk("d.vmdk", size)
	shared.Systems = []ovatest.System{{ID: "a", Disks: []string{"d1"}}, {ID: "b", Disks: []string{"d1"}}}
	twice := ovatest.OneDisk("d.vmdk", size)
	twice.Disks = append(twice.Disks, ovatest.Disk{ID: "d2", File: "f1", Capacity: size})
	twice.Systems[0].Disks = []string{"d1", "d2"}
	blank := ovatest.OneDisk("d.vmdk", size)
	blank.Disks = append(blank.Disks, ovatest.Disk{ID: "d2", Capacity: 12345})
	blank.Systems[0].Disks = []string{"d2", "d1"}
	loose := ovatest.OneDisk("d.vmdk", size)
	loose.Systems[0].Disks = nil
	media := ovatest.OneDisk("d.vmdk", size)
	media.Files = append(media.Files, ovatest.File{ID: "cd", Href: "tools.iso"})
	media.Systems[0].CDs = []string{"cd"}
	several := ovatest.OneDisk("d.vmdk", size)
	several.Files = append(several.Files, ovatest.File{ID: "f2", Href: "e.img"})
	several.Disks = append(several.Disks, ovatest.Disk{ID: "d2", File: "f2"})
	several.Systems = []ovatest.System{{ID: "a", Disks: []string{"d1"}}, {ID: "b", Disks: []string{"d2"}}}
	d := member("d.vmdk", vmdk)
	for _, c := range []struct {
		name    string
		members []ovatest.Member
		want    []string
		holds   [][]byte
	}{
		{
			"gzip",
			[]ovatest.Member{one(ovatest.File{Href: "d.vmdk", Compression: "gzip"}, size), member("d.vmdk", zipped(vmdk))},
			[]string{"vm/sda d.vmdk 262144 vmdk"},
			[][]byte{disk},
		},
		{
			"gzip of another name, descriptor last",
			[]ovatest.Member{member("d.vmdk.gz", zipped(vmdk)), one(ovatest.File{Href: "d.vmdk", Compression: "gzip"}, size)},
			[]string{"vm/sda d.vmdk.gz 262144 vmdk"},
			[][]byte{disk},
		},
		{
			"chunks", append([]ovatest.Member{one(ovatest.File{Href: "d.vmdk", ChunkSize: 1000}, size)}, chunked("d.vmdk", vmdk, 1000)...),
			[]string{"vm/sda d.vmdk.000000000 262144 vmdk"},
			[][]byte{disk},
		},
		{
			"chunks, descriptor last", append(chunked("d.vmdk", vmdk, 1000), one(ovatest.File{Href: "d.vmdk", ChunkSize: 1000}, size)),
			[]string{"vm/sda d.vmdk.000000000 262144 vmdk"},
			[][]byte{disk},
		},
		{
			"raw in chunks", append([]ovatest.Member{one(ovatest.File{Href: "d.img", ChunkSize: 65536}, 0)}, chunked("d.img", disk, 65536)...),
			[]string{"vm/sda d.img.000000000 262144 raw"},
			[][]byte{disk},
		},
		{
			"capacity larger",
			[]ovatest.Member{one(ovatest.File{Href: "d.vmdk"}, size+1), d},
			[]string{"vm/sda d.vmdk 262145 vmdk"},
			[][]byte{append(slices.Clone(disk), 0)},
		},
		{
			"capacity smaller",
			[]ovatest.Member{one(ovatest.File{Href: "d.vmdk"}, 512), d},
			[]string{"vm/sda d.vmdk 262144 vmdk"},
			[][]byte{disk},
		},
		{"shared disk", []ovatest.Member{shared.Member(), d}, []string{"a/sda d.vmdk 262144 vmdk"}, [][]byte{disk}},
		{
			"two disks on one file",
			[]ovatest.Member{d, twice.Member()},
			[]string{"vm/sda d.vmdk 262144 vmdk", "vm/sdb d.vmdk 262144 vmdk"},
			[][]byte{disk, disk},
		},
		{
			"blank disk",
			[]ovatest.Member{blank.Member(), d},
			[]string{"vm/sda  12345 ", "vm/sdb d.vmdk 262144 vmdk"},
			[][]byte{make([]byte, 12345), disk},
		},
		{"unattached disk", []ovatest.Member{loose.Member(), d}, []string{"/sda d.vmdk 262144 vmdk"}, [][]byte{disk}},
		{
			"iso",
			[]ovatest.Member{member("tools.iso", iso), media.Member(), d},
			[]string{"vm/sda d.vmdk 262144 vmdk", "vm/cd0 tools.iso 100000 raw"},
			[][]byte{disk, iso},
		},
		{
			"several systems",
			[]ovatest.Member{several.Member(), d, member("e.img", disk)},
			[]string{"a/sda d.vmdk 262144 vmdk", "b/sda e.img 262144 raw"},
			[][]byte{disk, disk},
		},
		{
			"files that no disk needs",
			[]ovatest.Member{member("logo.png", iso), member("bad.vmdk", vmdk[:1024]), one(ovatest.File{Href: "d.vmdk"}, 0), d, member("README", iso)},
			[]string{"vm/sda d.vmdk 262144 vmdk"},
			[][]byte{disk},
		},
		{
			"sub-folder",
			[]ovatest.Member{one(ovatest.File{Href: "disks/d%201.vmdk"}, 0), member("disks/d 1.vmdk", vmdk)},
			[]string{"vm/sda disks/d 1.vmdk 262144 vmdk"},
			[][]byte{disk},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			on(t, func(t *testing.T, p block.Pool) {
				t.Helper()
				archive := ovatest.Archive(c.members...)
				file, _ := fileSource(t, archive)
				for _, s := range []*ingest.Source{file, pipeSource(t, archive, 100_000)} {
					staged, err := takeOVA(t.Context(), p, s, appliance())
					ok(t, err)
					if diff := cmp.Diff(c.want, disks(staged)); diff != "" {
						t.Fatal(diff)
					}
					for n, want := range c.holds {
						holds(t, p, staged.Disks[n].Volume, want)
					}
					if got := len(volumes(t, p)); got != len(c.want) {
						t.Errorf("%d volumes: %q", got, volumes(t, p))
					}
					undone(t, p, nil)
				}
			})
		})
	}
}

// Whatever is wrong with an OVA, it is refused for that reason and nothing stays.
func TestBadAppliances(t *testing.T) {
	t.Parallel()
	disk := small()
	vmdk := ovatest.VMDK(disk)
	desc, d := ovatest.OneDisk("d.vmdk", int64(len(disk))).Member(), member("d.vmdk", vmdk)
	good := ovatest.Archive(desc, d)
	mf := ovatest.Manifest(desc, d)
	flipped := member("d.vmdk", slices.Clone(vmdk))
	flipped.Data[len(flipped.Data)-1] ^= 1 // in the end marker's padding: only the digest can tell
	chunks := chunked("d.img", disk, 65536)
	inChunks := ovatest.OneDisk("d.img", 0)
	inChunks.Files[0].ChunkSize = 65536
	packed := ovatest.OneDisk("d.vmdk", 0)
	packed.Files[0].Compression = "gzip"
	gz := zipped(vmdk)
	broken := slices.Clone(gz)
	broken[len(broken)-5] ^= 1 // in the checksum
	for _, c := range []struct {
		name    string
		archive []byte
		rq      func(*ingest.OVARequest)
		refused []string
	}{
		{"nothing", nil, nil, []string{"empty"}},
		{"text", []byte(strings.Repeat("no archive. ", 100)), nil, []string{"tar"}},
		{"vmdk", vmdk, nil, []string{"VMDK"}},
		{"zeros", make([]byte, 10240), nil, []string{"empty"}},
		{"no descriptor", ovatest.Archive(d), nil, []string{"no descriptor"}},
		{"two descriptors", ovatest.Archive(desc, d, member("other.ovf", desc.Data)), nil, []string{"other.ovf"}},
		{"twice the same disk", ovatest.Archive(desc, d, member("D.vmdk", vmdk)), nil, []string{"D.vmdk"}},
		{"descriptor is no XML", ovatest.Archive(member("a.ovf", []byte("hello")), d), nil, nil},
		{"digest mismatch", ovatest.Archive(desc, mf, flipped), nil, []string{"d.vmdk", "does not match the manifest"}},
		{"digest mismatch, manifest last", ovatest.Archive(desc, flipped, mf), nil, []string{"d.vmdk", "does not match the manifest"}},
		{"manifest wanted", good, func(rq *ingest.OVARequest) { rq.RequireManifest = true }, []string{"manifest"}},
		{"manifest wanted, disk unlisted", ovatest.Archive(desc, ovatest.Manifest(desc), d), func(rq *ingest.OVARequest) { rq.RequireManifest = true }, []string{"d.vmdk"}},
		{"disk missing", ovatest.Archive(desc), nil, []string{"d.vmdk"}},
		{"disk under another name", ovatest.Archive(desc, member("e.vmdk", vmdk)), nil, []string{"d.vmdk"}},
		{"disk under another name, descriptor last", ovatest.Archive(member("e.vmdk", vmdk), desc), nil, []string{"d.vmdk"}},
		{"disk cut, descriptor first", ovatest.Archive(desc, member("d.vmdk", vmdk[:len(vmdk)/2])), nil, []string{"d.vmdk"}},
		{"disk cut, descriptor last", ovatest.Archive(member("d.vmdk", vmdk[:len(vmdk)/2]), desc), nil, []string{"d.vmdk"}},
		{"a chunk missing at the end", ovatest.Archive(inChunks.Member(), chunks[0], chunks[2], chunks[3]), nil, []string{"d.img"}},
		{"chunks not in order", ovatest.Archive(inChunks.Member(), chunks[0], chunks[2], chunks[1], chunks[3]), nil, []string{"d.img"}},
		{"chunks apart", ovatest.Archive(chunks[0], inChunks.Member(), chunks[1], chunks[2], chunks[3]), nil, []string{"d.img"}},
		{"gzip cut", ovatest.Archive(packed.Member(), member("d.vmdk", gz[:len(gz)-20])), nil, []string{"d.vmdk"}},
		{"gzip damaged", ovatest.Archive(packed.Member(), member("d.vmdk", broken)), nil, []string{"d.vmdk"}},
		{"no gzip but its magic", ovatest.Archive(packed.Member(), member("d.vmdk", []byte("\x1f\x8bnothing of the kind"))), nil, []string{"d.vmdk"}},
		{"size wrong", good, func(rq *ingest.OVARequest) { rq.Size = int64(len(good)) + 512 }, []string{fmt.Sprint(len(good) + 512)}},
		{"digest wrong", good, func(rq *ingest.OVARequest) { rq.SHA256 = sum(nil) }, []string{"SHA-256"}},
		{"no such configuration", good, func(rq *ingest.OVARequest) { rq.Configuration = "huge" }, []string{"huge"}},
		{"no such property", good, func(rq *ingest.OVARequest) { rq.Properties = map[string]string{"ip": "1"} }, []string{"ip"}},
		{"goes on", append(slices.Clone(good), ovatest.Data(512)...), nil, []string{"end"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			on(t, func(t *testing.T, p block.Pool) {
				t.Helper()
				rq := appliance()
				if c.rq != nil {
					c.rq(&rq)
				}
				file, _ := fileSource(t, c.archive)
				for _, s := range []*ingest.Source{file, pipeSource(t, c.archive, 100_000)} {
					_, err := takeOVA(t.Context(), p, s, rq)
					refused(t, p, err, c.refused...)
				}
			})
		})
	}
}

// A cut archive never passes for a whole one: neither from a file nor by a pipe,
// with or without a manifest that could prove its end.
func TestCutArchives(t *testing.T) {
	t.Parallel()
	disk := ovatest.Sparse(128<<10, [2]int{0, 512}, [2]int{100_000, 100_100})
	d := member("disk.vmdk", ovatest.VMDK(disk))
	desc := ovatest.OneDisk("disk.vmdk", int64(len(disk))).Member()
	for name, whole := range map[string][]byte{
		"with manifest":    ovatest.OVA(disk),
		"without manifest": ovatest.Archive(desc, d),
		"descriptor last":  ovatest.Archive(d, desc),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on(t, func(t *testing.T, p block.Pool) {
				t.Helper()
				end := len(whole) - 1024
				for cut := 0; cut < len(whole); cut += 512 {
					file, _ := fileSource(t, whole[:cut])
					for _, s := range []*ingest.Source{file, pipeSource(t, whole[:cut], 1<<20)} {
						_, err := takeOVA(t.Context(), p, s, appliance())
						if cut >= end && name == "with manifest" {
							// All of it is there, and proven: only the end mark lacks.
							ok(t, err)
							undone(t, p, nil)
							continue
						}
						refused(t, p, err)
					}
				}
			})
		})
	}
}

func TestInspectOVA(t *testing.T) {
	t.Parallel()
	desc := ovatest.OneDisk("disk.vmdk", 4096)
	for name, data := range map[string][]byte{
		"archive":         ovatest.OVA(small()),
		"bare descriptor": desc.Descriptor(),
		"disk first":      ovatest.Archive(member("disk.vmdk", ovatest.VMDK(small())), desc.Member()),
	} {
		file, _ := fileSource(t, data)
		for _, s := range []*ingest.Source{file, pipeSource(t, data, 1<<20)} {
			plan, err := ingest.InspectOVA(s)
			if err != nil || len(plan.Systems) != 1 || len(plan.Systems[0].Disks) != 1 {
				t.Errorf("%s: %+v, %v", name, plan, err)
			}
		}
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "no descriptor": ovatest.Archive(member("disk.vmdk", ovatest.VMDK(small()))),
		"endless XML": bytes.Repeat([]byte("<a>"), 2<<20),
	} {
		if _, err := ingest.InspectOVA(pipeSource(t, data, 1<<20)); err == nil {
			t.Errorf("%s was not refused", name)
		}
	}
}
