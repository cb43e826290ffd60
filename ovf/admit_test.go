package ovf_test

import (
	"archive/tar"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/ovf"
)

func TestArchiveHostileMembers(t *testing.T) {
	many := make([]tar.Header, 0, 300)
	for n := range 300 {
		many = append(many, tar.Header{Name: fmt.Sprintf("f%d", n)})
	}
	folders := make([]tar.Header, 0, 300)
	for n := range 300 {
		folders = append(folders, tar.Header{Name: fmt.Sprintf("d%d/", n), Typeflag: tar.TypeDir})
	}
	for _, c := range []struct {
		name    string
		want    string
		headers []tar.Header
	}{
		{"symbolic link", `"a" is a symbolic link`, []tar.Header{{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}}},
		{"hard link", `"a" is a hard link`, []tar.Header{{Name: "a", Typeflag: tar.TypeLink, Linkname: "b"}}},
		{"character device", `"a" is a device`, []tar.Header{{Name: "a", Typeflag: tar.TypeChar}}},
		{"block device", `"a" is a device`, []tar.Header{{Name: "a", Typeflag: tar.TypeBlock}}},
		{"pipe", `"a" is a named pipe`, []tar.Header{{Name: "a", Typeflag: tar.TypeFifo}}},
		{"two of a name", `same name`, []tar.Header{{Name: "a"}, {Name: "a"}}},
		{"two of a folded name", `"A" has the same name as the member "a"`, []tar.Header{{Name: "a"}, {Name: "A"}}},
		{"two of a name with ./", `same name`, []tar.Header{{Name: "a"}, {Name: "./a"}}},
		{"two descriptors", `second descriptor beside "a.ovf"`, []tar.Header{{Name: "a.ovf"}, {Name: "b/b.OVF"}}},
		{"two manifests", "second manifest", []tar.Header{{Name: "a.mf"}, {Name: "b.mf"}}},
		{"two certificates", "second certificate", []tar.Header{{Name: "a.cert"}, {Name: "b.cert"}}},
		{"too many members", "more than 256 files", many},
		{"too many folders", "more than 256 folders", folders},
		{"long name", "name of 5000 bytes", []tar.Header{{Name: strings.Repeat("n", 5000)}}},
		{"sparse by pax", "sparse", []tar.Header{{Name: "a", PAXRecords: map[string]string{"GNU.sparse.foo": "1"}}}},
		{"terminal control", `member "a\x1b[2Jb\u{202e}" is a symbolic link`, []tar.Header{{Name: "a\x1b[2Jb\u202e", Typeflag: tar.TypeSymlink, Linkname: "b"}}},
		{"nothing", "is empty", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "sparse by pax" {
				doc := pack(t, file{"xy", ""})
				_, _, err := readAll(bytes.NewReader(withPAX(t, doc, "GNU.sparse.major", "1")), -1)
				checkRefusal(t, err, c.want)
				return
			}
			_, _, err := readAll(bytes.NewReader(packHeaders(t, c.headers, nil)), -1)
			checkRefusal(t, err, c.want)
		})
	}
}

func withPAX(tb testing.TB, doc []byte, key, value string) []byte {
	tb.Helper()
	record := " " + key + "=" + value + "\n"
	record = fmt.Sprint(len(record)+2) + record
	head := pack(tb, file{"p", record})[:1024]
	head[156] = 'x'
	return append(checksummed(head), doc...)
}

func checksummed(b []byte) []byte {
	copy(b[148:156], "        ")
	sum := 0
	for _, c := range b[:512] {
		sum += int(c)
	}
	copy(b[148:156], fmt.Sprintf("%06o\x00 ", sum))
	return b
}

func TestArchiveOldSparseAndUnknownTypes(t *testing.T) {
	for flag, want := range map[byte]string{'S': "sparse", 'M': "unknown type", 'D': "unknown type", 'Z': "unknown type"} {
		doc := pack(t, file{"disk.img", ""})
		doc[156] = flag
		copy(doc[257:265], "ustar  \x00") // GNU's magic
		checksummed(doc[:512])
		_, _, err := readAll(bytes.NewReader(doc), -1)
		checkRefusal(t, err, want)
	}
}

func TestArchiveTolerates(t *testing.T) {
	data := []file{{data: ""}, {data: "old"}, {data: "x"}, {data: "12345"}, {data: ""}, {data: "deep"}}
	long := strings.Repeat("folder/", 40) + "disk.vmdk"
	doc := packHeaders(t, []tar.Header{
		{Name: "folder/", Typeflag: tar.TypeDir, Mode: 0o755},
		{Name: "folder/._disk.vmdk", Size: 3},
		{Name: "./x.ovf", Size: 1},
		{Name: "../up.vmdk", Size: 5},
		{Name: "/abs.vmdk"},
		{Name: long, Size: 4},
	}, data)
	names, _, err := readAll(bytes.NewReader(doc), int64(len(doc)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"x.ovf", "../up.vmdk", "/abs.vmdk", long}, names); diff != "" {
		t.Error(diff)
	}
}

func TestArchiveNamesOtherFormats(t *testing.T) {
	for head, want := range map[string]string{
		"\x1f\x8b\x08":                       "gzip",
		"\xfd7zXZ\x00":                       "xz",
		"\x28\xb5\x2f\xfd":                   "zstd",
		"BZh9":                               "bzip2",
		"PK\x03\x04":                         "zip",
		"KDMV\x01":                           "VMDK",
		"QFI\xfb":                            "qcow2",
		"vhdxfile":                           "VHDX",
		"conectix":                           "VHD",
		"\ufeff<?xml version='1.0'?>":        "bare descriptor",
		"":                                   "empty",
		"short":                              "not a tar archive",
		strings.Repeat("noise and data", 99): "not a tar archive",
	} {
		for _, pad := range []int{0, 4096} {
			if head == "" && pad > 0 {
				continue
			}
			_, _, err := readAll(strings.NewReader(head+strings.Repeat("\x00", pad)), -1)
			checkRefusal(t, err, want)
		}
	}
}

func TestArchiveMemberLargerThanWhatIsLeft(t *testing.T) {
	doc := pack(t, sampleFiles()...)
	a := ovf.NewArchive(bytes.NewReader(doc), ovf.Options{Size: 4096})
	defer closeArchive(a)
	if _, err := a.Next(); err != nil {
		t.Fatal(err)
	}
	_, err := a.Next()
	checkRefusal(t, err, `member "disk1.vmdk" should be 1120000 bytes long`)
}

func TestArchiveDocumentsAreBounded(t *testing.T) {
	for name, limit := range map[string]int64{"a.ovf": ovf.MaxDescriptor, "a.mf": ovf.MaxManifest, "a.cert": ovf.MaxCertificate} {
		h := tar.Header{Name: name, Size: limit + 1, Mode: 0o600}
		var b bytes.Buffer
		if err := tar.NewWriter(&b).WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		a := ovf.NewArchive(&b, ovf.Options{Size: -1})
		_, err := a.Next()
		closeArchive(a)
		checkRefusal(t, err, "at most")
	}
}
