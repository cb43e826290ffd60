package appliance

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPartitionTable(t *testing.T) {
	mbr := make([]byte, sector)
	partitionTable(mbr, true)
	want := [][]byte{
		{0x80, 0xfe, 0xff, 0xff, 0xef, 0xfe, 0xff, 0xff, 0x00, 0x08, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00},
		{0x00, 0xfe, 0xff, 0xff, 0xda, 0xfe, 0xff, 0xff, 0x00, 0x80, 0x1f, 0x00, 0x00, 0x80, 0x00, 0x00},
		make([]byte, 16),
		make([]byte, 16),
		{0x55, 0xaa},
	}
	if diff := cmp.Diff(bytes.Join(want, nil), mbr[446:]); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestCpioPadsNamesAndData(t *testing.T) {
	var buf bytes.Buffer
	c := &cpio{w: &buf}
	c.add(entry{name: "a", mode: typeFile | 0o644, data: []byte("12345")})
	c.add(entry{name: "TRAILER!!!"})
	const fields = "070701" + "00000001" + "000081A4" + "00000000" + "00000000" + "00000001" + "00000000" +
		"00000005" + "00000000" + "00000000" + "00000000" + "00000000" + "00000002" + "00000000"
	got := buf.String()
	if diff := cmp.Diff(fields+"a\x0012345\x00\x00\x00070701", got[:len(fields)+16]); diff != "" {
		t.Errorf("first entry (-want +got):\n%s", diff)
	}
	if c.err != nil || len(got)%4 != 0 {
		t.Errorf("%d bytes, %v", len(got), c.err)
	}
}

func TestCpioKeepsItsFirstFailure(t *testing.T) {
	_, w := io.Pipe()
	if err := w.CloseWithError(io.ErrClosedPipe); err != nil {
		t.Fatal(err)
	}
	c := &cpio{w: w}
	c.add(entry{name: "a"})
	if c.err == nil {
		t.Error("a write that failed went unnoticed")
	}
}

func TestModuleNames(t *testing.T) {
	for file, want := range map[string]string{
		"lib/modules/6.1/kernel/drivers/scsi/sd_mod.ko":         "sd_mod",
		"usr/lib/modules/6.12/kernel/lib/crc-t10dif.ko.xz":      "crc_t10dif",
		"lib/modules/6.1/kernel/drivers/virtio/virtio-pci.a.ko": "virtio_pci.a",
	} {
		if got := moduleName(file); got != want {
			t.Errorf("moduleName(%q) = %q, want %q", file, got, want)
		}
	}
}

func TestLoaderCommands(t *testing.T) {
	if !strings.Contains(grubCommands("serial", true), " spliced.stay\n") {
		t.Error("a machine that is to stay isn't told so")
	}
	if strings.Contains(grubCommands("serial", false), "spliced.stay") {
		t.Error("a machine that is to end is told to stay")
	}
}
