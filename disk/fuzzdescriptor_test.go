package disk

import (
	"errors"
	"strings"
	"testing"
)

// FuzzDescriptor parses anything as a descriptor. What is taken names one file
// without a folder, and no parent.
func FuzzDescriptor(f *testing.F) {
	good := "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType=\"streamOptimized\"\nRW 8 SPARSE \"a b.vmdk\"\n#DDB\nddb.uuid = \"x\"\n"
	f.Add([]byte(good))
	f.Add([]byte(strings.ReplaceAll(good, "\n", "\r\n") + "\x00\n"))
	f.Add([]byte(strings.Replace(good, "ffffffff", "00000001", 1)))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := parseVMDKDescriptor(text)
		if err != nil {
			if !errors.As(err, new(*FormatError)) {
				t.Fatalf("not typed: %v", err)
			}
			return
		}
		before, _, _ := strings.Cut(string(text), "\x00")
		lower := strings.ToLower(before)
		if d.createType == "" || !strings.Contains(lower, "parentcid") || strings.Contains(lower, "\nparentfilenamehint=") {
			t.Fatalf("taken: %q", text)
		}
	})
}
