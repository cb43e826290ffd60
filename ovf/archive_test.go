package ovf_test

import (
	"archive/tar"
	"bytes"
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

// closeArchive ends an archive, which never fails.

func closeArchive(a *ovf.Archive) { _ = a.Close() }

// readAll reads an archive to its end, all data of members with it, and returns

// the names.

func readAll(r io.Reader, size int64) (names []string, v *ovf.Verdicts, err error) {
	a := ovf.NewArchive(r, ovf.Options{Size: size})
	defer closeArchive(a)
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

// withPAX puts a pax header of one record in front of an archive; the writer of

// archive/tar refuses GNU's keys.

// checksummed corrects the checksum of a header block.

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
		if _, ok := errors.AsType[*ovf.Refusal](err); ok {
			t.Errorf("broken at %d: the archive is blamed: %v", at, err)
		}
	}
}

func TestArchiveMemberEndsWithNext(t *testing.T) {
	doc := pack(t, sampleFiles()...)
	a := ovf.NewArchive(bytes.NewReader(doc), ovf.Options{Size: -1})
	defer closeArchive(a)
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
	closeArchive(a)
	if _, err := second.Read(make([]byte, 1)); err == nil {
		t.Error("a closed archive's member can be read")
	}
	if _, err := a.Next(); err == nil {
		t.Error("a closed archive goes on")
	}
}
