package ovatest

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"fmt"
)

// A Member is a file in an archive.
type Member struct {
	Name string
	Data []byte
}

// Archive packs members into a tar archive, in this order.
func Archive(members ...Member) []byte {
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, m := range members {
		h := tar.Header{Name: m.Name, Size: int64(len(m.Data)), Mode: 0o644, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(&h); err != nil {
			panic(err) // a bytes.Buffer takes everything: the test's names are wrong
		}
		_, _ = w.Write(m.Data)
	}
	_ = w.Close()
	return out.Bytes()
}

// Manifest returns a manifest with the SHA-256 of each member.
func Manifest(members ...Member) Member {
	var text bytes.Buffer
	for _, m := range members {
		fmt.Fprintf(&text, "SHA256(%s)= %x\n", m.Name, sha256.Sum256(m.Data))
	}
	return Member{Name: "appliance.mf", Data: text.Bytes()}
}

// OVA returns an appliance with a manifest and one disk, disk.vmdk.
func OVA(disk []byte) []byte {
	d := OneDisk("disk.vmdk", int64(len(disk))).Member()
	v := Member{Name: "disk.vmdk", Data: VMDK(disk)}
	return Archive(d, Manifest(d, v), v)
}
