package disk

import (
	"fmt"
	"strings"
)

// HeadSize is the number of bytes from the start of a file that Detect wants
// to see: up to the end of the ISO 9660 signature.
const HeadSize = 0x8001 + 5

// A signature is a run of bytes at a fixed place.
type signature struct {
	format Format
	offset int
	magic  string
}

// iso is the format of optical discs. It isn't a Format: an ISO image is raw
// content, and is imported as such.
const iso = "iso"

// signatures are those that the formats' specifications and qemu's probes
// name. All but VDI, tar and ISO start at byte 0 and exclude each other.
func signatures() []signature {
	return []signature{
		{VMDK, 0, "KDMV"},
		{COWD, 0, "COWD"},
		{SESparse, 0, "\xbe\xba\xfe\xca\x00\x00\x00\x00"},
		{VMDKDescriptor, 0, "# Disk DescriptorFile"},
		{VMDKDescriptor, 0, "# Disk Descriptor File"},
		{QCOW, 0, "QFI\xfb\x00\x00\x00\x01"},
		{QCOW2, 0, "QFI\xfb\x00\x00\x00\x02"},
		{QCOW2, 0, "QFI\xfb\x00\x00\x00\x03"},
		{QED, 0, "QED\x00"},
		{VHD, 0, "conectix"},
		{VHDX, 0, "vhdxfile"},
		{VDI, 0x40, "\x7f\x10\xda\xbe"},
		{Parallels, 0, "WithoutFreeSpace"},
		{Parallels, 0, "WithouFreSpacExt"},
		{Bochs, 0, "Bochs Virtual HD Image"},
		{LUKS, 0, "LUKS\xba\xbe"},
		{Gzip, 0, "\x1f\x8b\x08"},
		{XZ, 0, "\xfd7zXZ\x00"},
		{Zstd, 0, "\x28\xb5\x2f\xfd"},
		{Bzip2, 0, "BZh"},
		{LZ4, 0, "\x04\x22\x4d\x18"},
		{Zip, 0, "PK\x03\x04"},
		{Seven, 0, "7z\xbc\xaf\x27\x1c"},
		{Tar, 257, "ustar\x00"},
		{Tar, 257, "ustar "},
		{iso, 0x8001, "CD001"},
	}
}

// Detect tells the format of a file by its first bytes, HeadSize of them or
// all that there are; without a known signature it is Raw. Bytes that carry
// the signatures of two formats are refused with ErrDamaged, because two
// programs would see two different disks in them.
//
// A fixed-size VHD and a DMG carry their signature in their last sector: Open
// refuses them there.
func Detect(head []byte) (Format, error) {
	var found []Format
	for _, s := range signatures() {
		if len(head) >= s.offset && strings.HasPrefix(string(head[s.offset:min(len(head), s.offset+len(s.magic))]), s.magic) {
			found = append(found, s.format)
		}
	}
	switch {
	case len(found) == 0, len(found) == 1 && found[0] == iso:
		return Raw, nil
	case len(found) == 1:
		return found[0], nil
	}
	return "", &FormatError{
		Format: found[0], Offset: 0, Kind: ErrDamaged,
		Reason: fmt.Sprintf("it carries the signatures of two formats, %s and %s", found[0], found[1]),
	}
}

// detectTail tells the format of a file that looked raw by its last sector, Raw
// when nothing is known of it.
func detectTail(sector []byte) Format {
	switch {
	// The cookie, then features and the one version that there ever was
	// (Virtual Hard Disk Image Format Specification 1.0, hard disk footer).
	case len(sector) >= 16 && string(sector[:8]) == "conectix" && string(sector[12:16]) == "\x00\x01\x00\x00":
		return VHD
	// The trailer's name, version 4 and its own length.
	case len(sector) >= 12 && string(sector[:12]) == "koly\x00\x00\x00\x04\x00\x00\x02\x00":
		return DMG
	}
	return Raw
}
