package catalog

import (
	"bytes"
	"testing"
)

// Whatever is taken for an archive is exactly the one that its files make.
func FuzzDecodePooled(f *testing.F) {
	good, err := pooled{record: []byte("schema: ovas/v1\n...\n"), descriptor: []byte("<Envelope/>")}.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:len(good)-512])
	f.Add(append(bytes.Clone(good), 0))
	f.Add(bytes.Replace(good, []byte(pooledRecord), []byte("record.yam\x00"), 1))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, archive []byte) {
		p, err := decodePooled(archive)
		if err != nil {
			return
		}
		again, err := p.encode()
		if err != nil || !bytes.Equal(again, archive) {
			t.Errorf("%q was taken, and its files make %q, %v", archive, again, err)
		}
	})
}
