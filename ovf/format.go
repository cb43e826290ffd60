package ovf

import (
	"bytes"
	"strings"
)

// magic is a file format that people hand in where an OVA belongs.
type magic struct {
	at   int
	sign string
	name string
	hint string
}

// otherFormats lists what is told apart from a tar archive, so that the refusal
// can say what to do instead.
func otherFormats() []magic {
	const (
		unpack = "decompress it first"
		image  = "upload it as an image"
	)
	return []magic{
		{0, "\x1f\x8b", "a gzip file", unpack},
		{0, "\xfd7zXZ\x00", "an xz file", unpack},
		{0, "\x28\xb5\x2f\xfd", "a zstd file", unpack},
		{0, "BZh", "a bzip2 file", unpack},
		{0, "PK\x03\x04", "a zip file", "unpack it and pack its files with tar"},
		{0, "7z\xbc\xaf\x27\x1c", "a 7z file", "unpack it and pack its files with tar"},
		{0, "KDMV", "a VMDK disk image", image},
		{0, "COWD", "a VMDK disk image", image},
		{0, "# Disk DescriptorFile", "a VMDK descriptor", image},
		{0, "QFI\xfb", "a qcow2 disk image", image},
		{0, "vhdxfile", "a VHDX disk image", image},
		{0, "conectix", "a VHD disk image", image},
		{64, "\x7f\x10\xda\xbe", "a VDI disk image", image},
	}
}

// nameFormat tells what the head of a file that isn't a tar archive looks like,
// and what to do about it; empty when nothing is recognised.
func nameFormat(head []byte) (name, hint string) {
	for _, m := range otherFormats() {
		if len(head) >= m.at && bytes.HasPrefix(head[m.at:], []byte(m.sign)) {
			return m.name, m.hint
		}
	}
	text := strings.TrimLeft(strings.TrimPrefix(string(head), "\ufeff"), " \t\r\n")
	if strings.HasPrefix(text, "<?xml") || strings.HasPrefix(text, "<Envelope") || strings.HasPrefix(text, "<ovf:Envelope") {
		return "a bare descriptor", "pack it with its disks into a tar archive, the descriptor first"
	}
	return "", ""
}
