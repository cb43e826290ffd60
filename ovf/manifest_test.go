package ovf_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/ovf"
)

func TestParseManifest(t *testing.T) {
	const (
		sha1   = "648e20a1e1625b1bb963b08c926bc18e62f15dfc"
		sha256 = "4aacc96f73bc1e0912414b80a576f62fa8d22386a2c34c489e88ee42ec71de9b"
	)
	digest := func(s string) []byte {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for line, want := range map[string]ovf.ManifestEntry{
		"SHA1(x.ovf)= " + sha1:                 {Name: "x.ovf", Algorithm: ovf.SHA1, Digest: digest(sha1)},
		"SHA1 (x.ovf) = " + sha1:               {Name: "x.ovf", Algorithm: ovf.SHA1, Digest: digest(sha1)},
		"SHA256(a b (1).vmdk)= " + sha256:      {Name: "a b (1).vmdk", Algorithm: ovf.SHA256, Digest: digest(sha256)},
		"sha256(x)=" + strings.ToUpper(sha256): {Name: "x", Algorithm: ovf.SHA256, Digest: digest(sha256)},
		"SHA2-256 (./x) = " + sha256:           {Name: "x", Algorithm: ovf.SHA256, Digest: digest(sha256)},
		"SHA-256(x)= " + sha256 + "  ":         {Name: "x", Algorithm: ovf.SHA256, Digest: digest(sha256)},
		"\ufeffSHA512(x)= " + sha256 + sha256:  {Name: "x", Algorithm: ovf.SHA512, Digest: digest(sha256 + sha256)},
		"SHA2-512(x)= 00":                      {Name: "x", Algorithm: ovf.SHA512, Digest: []byte{0}},
		"SHA1(x)= 123":                         {Name: "x", Algorithm: ovf.SHA1},
	} {
		for _, end := range []string{"", "\n", "\r\n", "\n\n"} {
			m := ovf.ParseManifest([]byte(line + end))
			want.Line = 1
			if diff := cmp.Diff([]ovf.ManifestEntry{want}, m.Entries); diff != "" || len(m.Ignored) > 0 {
				t.Errorf("%q: %s %v", line, diff, m.Ignored)
			}
		}
	}
	for _, line := range []string{"nonsense", "MD5(x)= 00", "SHA256 x 00", "SHA256(x)= zz", "SHA256(x)=", "(x)= 00", "\x1b[2J", "SHA384(x)= 00"} {
		m := ovf.ParseManifest([]byte("\n" + line))
		if len(m.Entries) != 0 || len(m.Ignored) != 1 || m.Ignored[0].Line != 2 || strings.Contains(m.Ignored[0].Text, "\x1b") {
			t.Errorf("%q: %+v", line, m)
		}
	}
}

func FuzzParseManifest(f *testing.F) {
	f.Add([]byte("SHA256(x)= 00\r\nSHA1 (y) = ff"))
	f.Add([]byte(strings.Repeat("(", 2000)))
	f.Fuzz(func(t *testing.T, doc []byte) {
		lines := strings.Count(string(doc), "\n") + 1
		var m *ovf.Manifest
		used := allocated(func() { m = ovf.ParseManifest(doc) })
		if len(m.Entries) > lines || len(m.Ignored) > lines {
			t.Errorf("%d lines gave %d entries", lines, len(m.Entries))
		}
		if limit := uint64(4<<20 + 200*len(doc)); used > limit {
			t.Errorf("%d bytes took %d bytes of memory", len(doc), used)
		}
	})
}
