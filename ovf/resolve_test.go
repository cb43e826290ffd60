package ovf_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/ovf"
)

func TestResolve(t *testing.T) {
	for _, c := range []struct {
		file    string
		members []string
		want    []string
		refusal string
	}{
		{`ovf:href="d.vmdk"`, []string{"x.ovf", "d.vmdk"}, []string{"d.vmdk"}, ""},
		{`ovf:href="./d.vmdk"`, []string{"d.vmdk"}, []string{"d.vmdk"}, ""},
		{`ovf:href="a%20b.vmdk"`, []string{"a b.vmdk"}, []string{"a b.vmdk"}, ""},
		{`ovf:href="a%20b.vmdk"`, []string{"a b.vmdk", "a%20b.vmdk"}, []string{"a%20b.vmdk"}, ""},
		{`ovf:href="100%.vmdk"`, []string{"100%.vmdk"}, []string{"100%.vmdk"}, ""},
		{`ovf:href="sub/d.vmdk"`, []string{"sub/d.vmdk"}, []string{"sub/d.vmdk"}, ""},
		{`ovf:href="d.vmdk"`, []string{"app/x.ovf", "app/d.vmdk"}, []string{"app/d.vmdk"}, ""},
		{`ovf:href="../d.vmdk"`, []string{"../d.vmdk"}, []string{"../d.vmdk"}, ""},
		{`ovf:href="../d.vmdk"`, []string{"d.vmdk"}, nil, `the file "f", "../d.vmdk", is not in the archive`},
		{`ovf:href="/etc/passwd"`, []string{"d.vmdk"}, nil, "not in the archive"},
		{`ovf:href="file:///etc/passwd"`, []string{"file:///etc/passwd"}, nil, "not fetched"},
		{`ovf:href="http://h/d.vmdk"`, []string{"d.vmdk"}, nil, "not fetched"},
		{`ovf:href="d.vmdk" ovf:compression="gzip"`, []string{"d.vmdk.gz"}, []string{"d.vmdk.gz"}, ""},
		{`ovf:href="d.vmdk" ovf:compression="gzip"`, []string{"d.vmdk"}, []string{"d.vmdk"}, ""},
		{`ovf:href="d.vmdk"`, []string{"d.vmdk.gz"}, nil, "not in the archive"},
		{`ovf:href="d.vmdk" ovf:chunkSize="10"`, []string{"d.vmdk.000000000", "d.vmdk.000000001", "d.vmdk.000000003"}, []string{"d.vmdk.000000000", "d.vmdk.000000001"}, ""},
		{`ovf:href="d.vmdk"`, []string{"d.vmdk.000000000"}, nil, "not in the archive"},
	} {
		t.Run(fmt.Sprint(c.file, c.members), func(t *testing.T) {
			refs := `<References><File ovf:id="f" ` + c.file + `/></References>` + diskSection(`<Disk ovf:diskId="a" ovf:fileRef="f" ovf:capacity="1"/>`)
			p := mustPlan(t, machine(refs, it(17, 1, "HostResource=/disk/a")+it(15, 2, "HostResource=/file/f")))
			err := p.Resolve(c.members)
			checkRefusal(t, err, c.refusal)
			if err == nil {
				if diff := cmp.Diff([][]string{c.want, c.want}, [][]string{p.Systems[0].Disks[0].Members, p.Systems[0].Media[0].Members}); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestResolveParentsAndUnattached(t *testing.T) {
	doc := machine(files+diskSection(`<Disk ovf:diskId="base" ovf:fileRef="f1" ovf:capacity="1"/>`, `<Disk ovf:diskId="delta" ovf:fileRef="f2" ovf:parentRef="base" ovf:capacity="1"/>`,
		`<Disk ovf:diskId="loose" ovf:fileRef="f1" ovf:capacity="1"/>`), it(17, 1, "HostResource=/disk/delta"))
	p := mustPlan(t, doc)
	if err := p.Resolve([]string{"one.vmdk", "two.vmdk"}); err != nil {
		t.Fatal(err)
	}
	if p.Systems[0].Disks[0].Parent != "base" || len(p.Parents) != 1 || p.Parents[0].Members[0] != "one.vmdk" || len(p.Unattached) != 1 {
		t.Errorf("%+v", p)
	}
	checkRefusal(t, mustPlan(t, doc).Resolve([]string{"two.vmdk"}), `"one.vmdk", is not in the archive`)
}

func TestDisplay(t *testing.T) {
	for name, want := range map[string]string{
		"plain": `"plain"`, `a"b\c`: `"a\"b\\c"`, "\x1b[2J\x00\x7f": `"\x1b[2J\x00\x7f"`, "a\nb\r": `"a\x0ab\x0d"`, "\u202eabc\ufeff": `"\u{202e}abc\u{feff}"`,
		"bad\xffutf": `"bad\xffutf"`, "café 日本": `"café 日本"`, "\u0085\u009b": `"\u{85}\u{9b}"`, "\U000e0001": `"\u{e0001}"`,
	} {
		if got := ovf.Display(name); got != want {
			t.Errorf("%q is displayed as %s, want %s", name, got, want)
		}
	}
	if got := ovf.Display(string(make([]byte, 5000))); len(got) > 600 {
		t.Errorf("a long name takes %d bytes", len(got))
	}
	if got := ovf.Clean("a\r\n\tb\x1b[2J\u202ec\xff"); got != "a\n\tb [2J c " {
		t.Errorf("cleaned: %q", got)
	}
}
