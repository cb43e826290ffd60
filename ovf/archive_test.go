package ovf_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"spliced/ovf"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// file is a member of an archive that a test writes.
type file struct {
	name string
	data string
}

// pack writes an archive of plain files, with its trailer.
func pack(tb testing.TB, files ...file) []byte {
	tb.Helper()
	var headers []tar.Header
	for _, f := range files {
		headers = append(headers, tar.Header{Name: f.name, Mode: 0o644, Size: int64(len(f.data))})
	}
	return packHeaders(tb, headers, files)
}

func packHeaders(tb testing.TB, headers []tar.Header, files []file) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for n := range headers {
		if err := w.WriteHeader(&headers[n]); err != nil {
			tb.Fatal(err)
		}
		if n < len(files) && headers[n].Size > 0 {
			if _, err := io.WriteString(w, files[n].data); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// manifest names the files with their SHA-256.
func manifest(files ...file) file {
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "SHA256(%s)= %x\n", f.name, sha256.Sum256([]byte(f.data)))
	}
	return file{"x.mf", b.String()}
}

// readAll reads an archive to its end, all data of members with it, and returns
// the names.
func readAll(r io.Reader, size int64) (names []string, v *ovf.Verdicts, err error) {
	a := ovf.NewArchive(r, ovf.Options{Size: size})
	defer a.Close()
	for {
		m, err := a.Next()
		if errors.Is(err, io.EOF) {
			v, err = a.Verdicts()
			return names, v, err
		}
		if err != nil {
			return names, nil, err
		}
		names = append(names, m.Name)
		if m.Index%2 == 0 { // the others are read by the next call of Next
			if n, err := io.Copy(io.Discard, m); err != nil {
				return names, nil, err
			} else if n != m.Size {
				return names, nil, fmt.Errorf("%s has %d bytes, and %d were read", m.Name, m.Size, n)
			}
		}
	}
}

func sampleFiles() []file {
	return []file{
		{"x.ovf", "<Envelope/>"},
		{"disk1.vmdk", strings.Repeat("0123456789abcdef", 70_000)},
		{"disk2.vmdk", strings.Repeat("x", 512)},
	}
}

func TestArchiveYieldsMembersInOrder(t *testing.T) {
	files := sampleFiles()
	doc := pack(t, append(files, manifest(files...))...)
	for name, r := range map[string]io.Reader{
		"whole": bytes.NewReader(doc), "half reads": iotest.HalfReader(bytes.NewReader(doc)),
		"bytes": iotest.OneByteReader(bytes.NewReader(doc)), "data with the end": iotest.DataErrReader(bytes.NewReader(doc)),
	} {
		t.Run(name, func(t *testing.T) {
			names, v, err := readAll(r, -1)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"x.ovf", "disk1.vmdk", "disk2.vmdk", "x.mf"}, names); diff != "" {
				t.Error(diff)
			}
			for _, m := range v.Members[:3] {
				if m.State != ovf.Verified {
					t.Errorf("%s is %s: %s", m.Name, m.State, m.Reason)
				}
			}
		})
	}
}

func TestArchiveCutAtEveryBlockIsRefused(t *testing.T) {
	files := sampleFiles()
	files[1].data = files[1].data[:5000]
	for name, doc := range map[string][]byte{
		"without manifest":          pack(t, files...),
		"manifest first":            pack(t, append([]file{manifest(files...)}, files...)...),
		"manifest names too little": pack(t, append([]file{manifest(files[0], files[2])}, files...)...),
	} {
		t.Run(name, func(t *testing.T) {
			whole := len(doc) - 1024 // the trailer; a complete manifest stands for it
			for cut := 0; cut < len(doc); cut += 512 {
				_, v, err := readAll(bytes.NewReader(doc[:cut]), -1)
				proven := name == "manifest first" && cut >= whole
				if proven && err != nil {
					t.Errorf("cut at %d, all members are verified, but refused: %v", cut, err)
				}
				if !proven && err == nil {
					t.Errorf("cut at %d of %d and accepted: %+v", cut, len(doc), v)
				}
			}
			for _, cut := range []int{1, 511, 513, whole - 1, whole + 1, len(doc) - 1} {
				if _, _, err := readAll(bytes.NewReader(doc[:cut]), -1); err == nil {
					t.Errorf("cut at %d and accepted", cut)
				}
			}
			if _, _, err := readAll(bytes.NewReader(doc), int64(len(doc))+512); err == nil {
				t.Error("512 bytes shorter than was said, and accepted")
			}
		})
	}
}

func TestArchiveEnd(t *testing.T) {
	doc := pack(t, sampleFiles()...)
	zeros := make([]byte, 20<<10)
	for _, c := range []struct {
		name string
		tail []byte
		want string
	}{
		{"nothing", nil, ""},
		{"zeros up to a record", zeros, ""},
		{"zeros to no multiple of 512", zeros[:700], "no multiple of 512"},
		{"a byte at the end", append(bytes.Clone(zeros), 1), "something follows"},
		{"another archive", doc, "something follows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, _, err := readAll(io.MultiReader(bytes.NewReader(doc), bytes.NewReader(c.tail)), -1)
			checkRefusal(t, err, c.want)
		})
	}
	t.Run("one zero block, then a member", func(t *testing.T) {
		early := append(append(bytes.Clone(doc[:len(doc)-1024]), zeros[:512]...), doc...)
		_, _, err := readAll(bytes.NewReader(early), -1)
		checkRefusal(t, err, "damaged")
	})
}

// checkRefusal looks for words in a refusal; none means that there is none.
func checkRefusal(t *testing.T, err error, want string) {
	t.Helper()
	if want == "" {
		if err != nil {
			t.Errorf("refused: %v", err)
		}
		return
	}
	var refusal *ovf.Refusal
	if !errors.As(err, &refusal) {
		t.Fatalf("want a refusal with %q, got %v", want, err)
	}
	if !strings.Contains(refusal.Error(), want) {
		t.Errorf("refused because %q; want %q", refusal.Error(), want)
	}
	if strings.HasSuffix(refusal.Error(), ".") || strings.Contains(strings.ToLower(refusal.Error()), "error") || refusal.Class == "" {
		t.Errorf("the refusal %q of class %q doesn't keep to the rules of messages", refusal.Error(), refusal.Class)
	}
}

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

// withPAX puts a pax header of one record in front of an archive; the writer of
// archive/tar refuses GNU's keys.
func withPAX(tb testing.TB, doc []byte, key, value string) []byte {
	tb.Helper()
	record := " " + key + "=" + value + "\n"
	record = fmt.Sprint(len(record)+2) + record
	head := pack(tb, file{"p", record})[:1024]
	head[156] = 'x'
	return append(checksummed(head), doc...)
}

// checksummed corrects the checksum of a header block.
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

func TestArchiveKeepsTheSourcesOwnFailure(t *testing.T) {
	files := sampleFiles()
	doc := pack(t, files...)
	broken := errors.New("the cable is out")
	for _, at := range []int{0, 100, 512, 2000, 40_000, len(doc) - 1024, len(doc) - 10} {
		r := io.MultiReader(bytes.NewReader(doc[:at]), iotest.ErrReader(broken))
		_, _, err := readAll(r, -1)
		if !errors.Is(err, broken) {
			t.Errorf("broken at %d: got %v", at, err)
		}
		var refusal *ovf.Refusal
		if errors.As(err, &refusal) {
			t.Errorf("broken at %d: the archive is blamed: %v", at, err)
		}
	}
}

func TestArchiveMemberLargerThanWhatIsLeft(t *testing.T) {
	doc := pack(t, sampleFiles()...)
	a := ovf.NewArchive(bytes.NewReader(doc), ovf.Options{Size: 4096})
	defer a.Close()
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
		a.Close()
		checkRefusal(t, err, "at most")
	}
}

func TestArchiveMemberEndsWithNext(t *testing.T) {
	doc := pack(t, sampleFiles()...)
	a := ovf.NewArchive(bytes.NewReader(doc), ovf.Options{Size: -1})
	defer a.Close()
	first, err := a.Next()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Verdicts(); err == nil {
		t.Error("verdicts before the end")
	}
	if string(first.Content) != "<Envelope/>" || first.Kind != ovf.Descriptor {
		t.Errorf("the descriptor is %q", first.Content)
	}
	second, err := a.Next()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("reading a past member: %v", err)
	}
	if _, err := second.Read(make([]byte, 100)); err != nil {
		t.Error(err)
	}
	a.Close()
	if _, err := second.Read(make([]byte, 1)); err == nil {
		t.Error("a closed archive's member can be read")
	}
	if _, err := a.Next(); err == nil {
		t.Error("a closed archive goes on")
	}
}

func TestVerdicts(t *testing.T) {
	files := sampleFiles()
	sums := func(f file) string { return fmt.Sprintf("%x", sha1.Sum([]byte(f.data))) }
	text := strings.Join([]string{
		"SHA1 (" + files[0].name + ") = " + strings.ToUpper(sums(files[0])),
		"SHA1(" + files[1].name + ")= " + sums(files[2]),
		"SHA256(gone.vmdk)= 00",
		"nonsense",
		"MD5(disk2.vmdk)= d41d8cd98f00b204e9800998ecf8427e",
	}, "\r\n")
	for _, mf := range []int{0, 3} { // before and after the members
		all := append([]file{}, files...)
		all = append(all[:mf], append([]file{{"x.mf", text}}, all[mf:]...)...)
		all = append(all, file{"x.cert", "-----BEGIN"})
		_, v, err := readAll(bytes.NewReader(pack(t, all...)), -1)
		if err != nil {
			t.Fatal(err)
		}
		states := map[string]ovf.State{}
		for _, m := range v.Members {
			states[m.Name] = m.State
		}
		want := map[string]ovf.State{
			"x.ovf": ovf.Verified, "disk1.vmdk": ovf.Mismatch, "disk2.vmdk": ovf.Unlisted, "x.mf": ovf.Unlisted, "x.cert": ovf.Unlisted,
		}
		if diff := cmp.Diff(want, states); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"gone.vmdk"}, v.Absent); diff != "" || !v.Certificate || len(v.Warnings) != 2 {
			t.Errorf("absent: %s, certificate: %v, warnings: %v", diff, v.Certificate, v.Warnings)
		}
		checkRefusal(t, v.Refuse(false), `member "disk1.vmdk" does not match the manifest`)
	}
}

func TestVerdictsStrict(t *testing.T) {
	files := sampleFiles()
	extra := file{"gone", "x"}
	for _, c := range []struct {
		name  string
		files []file
		want  string
	}{
		{"all verified", append(files, manifest(files...)), ""},
		{"no manifest", files, "has no manifest"},
		{"unlisted", append(files, manifest(files[1:]...)), `"x.ovf" is not named`},
		{"absent", append(files, manifest(append(files, extra)...)), `names "gone"`},
	} {
		_, v, err := readAll(bytes.NewReader(pack(t, c.files...)), -1)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		checkRefusal(t, v.Refuse(true), c.want)
		checkRefusal(t, v.Refuse(false), "")
	}
}
