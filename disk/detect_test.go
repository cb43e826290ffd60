package disk_test

import (
	"bytes"
	"errors"
	"maps"
	"strings"
	"testing"

	"spliced/disk"
)

// heads are the first bytes of files, by format.
func heads() map[disk.Format]string {
	at := func(offset int, magic string) string { return strings.Repeat("\x00", offset) + magic }
	return map[disk.Format]string{
		disk.VMDK: "KDMV", disk.COWD: "COWD", disk.SESparse: "\xbe\xba\xfe\xca\x00\x00\x00\x00",
		disk.VMDKDescriptor: "# Disk DescriptorFile\nversion=1\ncreateType=\"monolithicFlat\"\n",
		disk.QCOW:           "QFI\xfb\x00\x00\x00\x01", disk.QCOW2: "QFI\xfb\x00\x00\x00\x03", disk.QED: "QED\x00",
		disk.VHD: "conectix", disk.VHDX: "vhdxfile", disk.VDI: at(0x40, "\x7f\x10\xda\xbe"),
		disk.Parallels: "WithoutFreeSpace", disk.Bochs: "Bochs Virtual HD Image", disk.LUKS: "LUKS\xba\xbe",
		disk.Gzip: "\x1f\x8b\x08", disk.XZ: "\xfd7zXZ\x00", disk.Zstd: "\x28\xb5\x2f\xfd", disk.Bzip2: "BZh9",
		disk.LZ4: "\x04\x22\x4d\x18", disk.Zip: "PK\x03\x04", disk.Seven: "7z\xbc\xaf\x27\x1c", disk.Tar: at(257, "ustar\x00"),
	}
}

// TestDetect recognises every format, refuses to open it by its name, and takes
// it as raw content only when told so.
func TestDetect(t *testing.T) {
	t.Parallel()
	for format, head := range heads() {
		t.Run(string(format), func(t *testing.T) {
			t.Parallel()
			image := []byte(head + strings.Repeat("\x00", 4096))
			if got, err := disk.Detect(image); got != format || err != nil {
				t.Fatalf("got %q and %v", got, err)
			}
			err := drain(t, bytes.NewReader(image), disk.Options{Size: -1})
			if format != disk.VMDK && !errors.Is(err, disk.ErrUnsupported) {
				t.Fatalf("opened without a format: %v", err)
			}
			t.Log(err)
			if err := drain(t, bytes.NewReader(image), disk.Options{Format: format, Size: -1}); err == nil {
				t.Fatal("opened by its name")
			}
			got, err := decode(t, bytes.NewReader(image), disk.Options{Format: disk.Raw, Size: -1})
			if err != nil || !bytes.Equal(got, image) {
				t.Fatalf("as raw: %v", err)
			}
			if got, err := disk.Detect([]byte(head[:len(head)-1])); err == nil && got == format && format != disk.VMDKDescriptor && format != disk.Bzip2 {
				t.Fatal("recognised by less than its signature")
			}
		})
	}
}

// TestDetectPolyglots refuses bytes that are two formats at once.
func TestDetectPolyglots(t *testing.T) {
	t.Parallel()
	lay := func(parts ...string) []byte {
		b := make([]byte, disk.HeadSize)
		for _, p := range parts {
			for i := range len(p) {
				b[i] |= p[i]
			}
		}
		return b
	}
	cd := strings.Repeat("\x00", 0x8001) + "CD001"
	vdi, tar := heads()[disk.VDI], heads()[disk.Tar]
	for format, head := range heads() {
		for other, second := range map[string]string{"vdi": vdi, "tar": tar, "iso": cd} {
			if other == string(format) {
				continue
			}
			if got, err := disk.Detect(lay(head, second)); !errors.Is(err, disk.ErrDamaged) {
				t.Errorf("%s and %s: got %q and %v", format, other, got, err)
			}
		}
	}
	if got, err := disk.Detect(lay(cd)); got != disk.Raw || err != nil {
		t.Errorf("an ISO image: got %q and %v", got, err)
	}
}

// TestSaidFormat holds what the caller says against what the bytes say.
func TestSaidFormat(t *testing.T) {
	t.Parallel()
	all := maps.Clone(heads())
	if err := drain(t, strings.NewReader("plain"), disk.Options{Format: disk.VMDK, Size: -1}); !errors.Is(err, disk.ErrDamaged) {
		t.Errorf("raw said to be VMDK: %v", err)
	}
	if err := drain(t, strings.NewReader(all[disk.QCOW2]), disk.Options{Format: disk.VMDK, Size: -1}); !errors.Is(err, disk.ErrDamaged) {
		t.Errorf("qcow2 said to be VMDK: %v", err)
	}
	for _, f := range []disk.Format{disk.COWD, disk.SESparse, disk.VMDKDescriptor} {
		if err := drain(t, strings.NewReader(all[f]), disk.Options{Format: disk.VMDK, Size: -1}); !errors.Is(err, disk.ErrUnsupported) {
			t.Errorf("%s said to be VMDK: %v", f, err)
		}
	}
}
