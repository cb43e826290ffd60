package ovf_test

import (
	"bytes"
	"io"
	"testing"
)

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
