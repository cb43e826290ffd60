package ovf_test

import (
	"bytes"
	"crypto/sha1"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/ovf"
)

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

func TestManifestInAFolder(t *testing.T) {
	inner, outer := file{"app/d.vmdk", "inner"}, file{"d.vmdk", "outer"}
	mf := manifest(file{"d.vmdk", "inner"}, file{"app/x.ovf", "<a/>"})
	mf.name = "app/x.mf"
	for _, all := range [][]file{{mf, outer, inner, {"app/x.ovf", "<a/>"}}, {outer, inner, {"app/x.ovf", "<a/>"}, mf}} {
		_, v, err := readAll(bytes.NewReader(pack(t, all...)), -1)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range v.Members {
			if want := strings.HasPrefix(m.Name, "app/") && m.Kind != ovf.ManifestDoc; (m.State == ovf.Verified) != want || m.State == ovf.Mismatch {
				t.Errorf("%s is %s", m.Name, m.State)
			}
		}
		if len(v.Absent) > 0 {
			t.Errorf("absent: %v", v.Absent)
		}
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
