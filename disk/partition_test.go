package disk_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"spliced/disk"
)

// A part is a partition of a table made by hand.
type part struct {
	kind        [16]byte
	first, last uint64
	attributes  uint64
}

// The types, as they lie on a disk.
func efiGUID() [16]byte {
	return [16]byte([]byte("\x28\x73\x2a\xc1\x1f\xf8\xd2\x11\xba\x4b\x00\xa0\xc9\x3e\xc9\x3b"))
}
func biosGUID() [16]byte { return [16]byte([]byte("Hah!IdontNeedEFI")) }
func linuxGUID() [16]byte {
	return [16]byte([]byte("\xaf\x3d\xc6\x0f\x83\x84\x72\x47\x8e\x79\x3d\x69\xd8\x47\x7d\xe4"))
}

const tableDisk = 1 << 20 // bytes of a disk

// mbrDisk makes a disk with an MBR: entries are status, type, start, count.
func mbrDisk(code bool, entries ...[4]uint32) []byte {
	b := make([]byte, tableDisk)
	if code {
		copy(b, "\xeb\x63\x90boot code")
	}
	for n, e := range entries {
		at := b[446+16*n:]
		at[0], at[4] = byte(e[0]), byte(e[1])
		binary.LittleEndian.PutUint32(at[8:], e[2])
		binary.LittleEndian.PutUint32(at[12:], e[3])
	}
	b[510], b[511] = 0x55, 0xAA
	return b
}

func protective() [4]uint32 { return [4]uint32{0, 0xEE, 1, 0xFFFFFFFF} }

// withGPT writes a table with both its copies on a disk.
func withGPT(b []byte, sector int, parts ...part) []byte {
	list := make([]byte, 128*128)
	for n, p := range parts {
		e := list[n*128:]
		copy(e, p.kind[:])
		binary.LittleEndian.PutUint64(e[32:], p.first)
		binary.LittleEndian.PutUint64(e[40:], p.last)
		binary.LittleEndian.PutUint64(e[48:], p.attributes)
	}
	last, sectors := uint64(len(b)/sector)-1, uint64(len(list)/sector)
	put := func(lba, other, entries uint64) {
		h := make([]byte, 92)
		copy(h, "EFI PART\x00\x00\x01\x00")
		binary.LittleEndian.PutUint32(h[12:], 92)
		binary.LittleEndian.PutUint64(h[24:], lba)
		binary.LittleEndian.PutUint64(h[32:], other)
		binary.LittleEndian.PutUint64(h[40:], 2+sectors)
		binary.LittleEndian.PutUint64(h[48:], last-1-sectors)
		binary.LittleEndian.PutUint64(h[72:], entries)
		binary.LittleEndian.PutUint32(h[80:], 128)
		binary.LittleEndian.PutUint32(h[84:], 128)
		binary.LittleEndian.PutUint32(h[88:], crc32.ChecksumIEEE(list))
		binary.LittleEndian.PutUint32(h[16:], crc32.ChecksumIEEE(h))
		copy(b[int(lba)*sector:], h)
		copy(b[int(entries)*sector:], list)
	}
	put(1, last, 2)
	put(last, 1, last-sectors)
	return b
}

// changed changes a header's field and makes its checksum right again.
func changed(b []byte, change func(header []byte)) []byte {
	h := b[512 : 512+92]
	change(h)
	binary.LittleEndian.PutUint32(h[16:], 0)
	binary.LittleEndian.PutUint32(h[16:], crc32.ChecksumIEEE(h))
	clear(b[len(b)-512:]) // no second copy to fall back to
	return b
}

func TestReadLayout(t *testing.T) {
	t.Parallel()
	esp, bios := part{efiGUID(), 40, 99, 0}, part{biosGUID(), 100, 101, 0}
	root := part{linuxGUID(), 200, 299, 0}
	gptDisk := func(parts ...part) []byte { return withGPT(mbrDisk(false, protective()), 512, parts...) }
	for name, c := range map[string]struct {
		b    []byte
		want disk.Layout // Flaw: words of it
	}{
		"nothing":      {nil, disk.Layout{}},
		"a few bytes":  {make([]byte, 100), disk.Layout{}},
		"blank":        {make([]byte, tableDisk), disk.Layout{}},
		"noise":        {bytes.Repeat([]byte("noise..."), 1000), disk.Layout{}},
		"empty table":  {mbrDisk(true), disk.Layout{}},
		"boot sector":  {mbrDisk(true, [4]uint32{0x6f, 0x72, 0x20, 0x6e}), disk.Layout{}},
		"MBR active":   {mbrDisk(true, [4]uint32{0x80, 0x83, 64, 100}), disk.Layout{Table: disk.TableMBR, BIOS: true}},
		"MBR inactive": {mbrDisk(true, [4]uint32{0, 0x83, 64, 100}), disk.Layout{Table: disk.TableMBR}},
		"MBR no code":  {mbrDisk(false, [4]uint32{0x80, 0x83, 64, 100}), disk.Layout{Table: disk.TableMBR}},
		"MBR EFI":      {mbrDisk(false, [4]uint32{0, 0xEF, 64, 100}), disk.Layout{Table: disk.TableMBR, EFI: true}},
		"MBR both":     {mbrDisk(true, [4]uint32{0, 0xEF, 64, 100}, [4]uint32{0x80, 0x83, 164, 9}), disk.Layout{Table: disk.TableMBR, EFI: true, BIOS: true}},
		"MBR EFI outside": {
			mbrDisk(false, [4]uint32{0, 0xEF, 64, 1 << 20}, [4]uint32{0, 0xEF, 0, 10}, [4]uint32{0, 0xEF, 10, 0}),
			disk.Layout{Table: disk.TableMBR},
		},
		"GPT EFI":               {gptDisk(esp, root), disk.Layout{Table: disk.TableGPT, EFI: true}},
		"GPT EFI behind":        {gptDisk(root, part{}, esp), disk.Layout{Table: disk.TableGPT, EFI: true}},
		"GPT without EFI":       {gptDisk(root), disk.Layout{Table: disk.TableGPT}},
		"GPT hybrid":            {gptDisk(esp, bios, root), disk.Layout{Table: disk.TableGPT, EFI: true, BIOS: true}},
		"GPT BIOS":              {gptDisk(bios, root), disk.Layout{Table: disk.TableGPT, BIOS: true}},
		"GPT 4096":              {withGPT(mbrDisk(false, protective()), 4096, part{efiGUID(), 40, 99, 0}), disk.Layout{Table: disk.TableGPT, EFI: true}},
		"GPT legacy bootable":   {withGPT(mbrDisk(true, protective()), 512, esp, part{linuxGUID(), 200, 299, 4}), disk.Layout{Table: disk.TableGPT, EFI: true, BIOS: true}},
		"GPT legacy, no code":   {gptDisk(esp, part{linuxGUID(), 200, 299, 4}), disk.Layout{Table: disk.TableGPT, EFI: true}},
		"GPT code alone":        {withGPT(mbrDisk(true, protective()), 512, esp), disk.Layout{Table: disk.TableGPT, EFI: true}},
		"hybrid MBR":            {withGPT(mbrDisk(true, protective(), [4]uint32{0x80, 0x83, 200, 99}), 512, esp, root), disk.Layout{Table: disk.TableGPT, EFI: true, BIOS: true}},
		"active protective":     {withGPT(mbrDisk(true, [4]uint32{0x80, 0xEE, 1, 99}), 512, esp), disk.Layout{Table: disk.TableGPT, EFI: true, BIOS: true}},
		"GPT EFI outside":       {gptDisk(part{efiGUID(), 40, 1 << 40, 0}, part{efiGUID(), 1, 2, 0}, part{efiGUID(), 99, 40, 0}), disk.Layout{Table: disk.TableGPT}},
		"MBR over an old GPT":   {withGPT(mbrDisk(true, [4]uint32{0x80, 0x83, 64, 100}), 512, esp), disk.Layout{Table: disk.TableMBR, BIOS: true}},
		"GPT without MBR":       {withGPT(make([]byte, tableDisk), 512, esp), disk.Layout{}},
		"protective alone":      {mbrDisk(false, protective()), disk.Layout{Flaw: "there is none"}},
		"second header damaged": {flipped(gptDisk(esp), tableDisk-512+20), disk.Layout{Table: disk.TableGPT, EFI: true}},
		"second list damaged":   {flipped(gptDisk(esp), tableDisk-512*30), disk.Layout{Table: disk.TableGPT, EFI: true}},
		"first header damaged":  {flipped(gptDisk(esp), 512+20), disk.Layout{Table: disk.TableGPT, EFI: true}},
		"first list damaged":    {flipped(gptDisk(esp), 1024+70), disk.Layout{Table: disk.TableGPT, EFI: true}},
		"both headers damaged":  {flipped(flipped(gptDisk(esp), 512+20), tableDisk-512+20), disk.Layout{Flaw: "checksum of its header"}},
		"both lists damaged":    {flipped(flipped(gptDisk(esp), 1024+70), tableDisk-512*30), disk.Layout{Flaw: "checksum of its list"}},
		"cut behind the header": {gptDisk(esp)[:1024], disk.Layout{Flaw: "outside of the disk"}},
		"cut in the list":       {gptDisk(esp)[:4096], disk.Layout{Flaw: "outside of the disk"}},
		"cut behind the list":   {gptDisk(esp, root)[:512*150], disk.Layout{Table: disk.TableGPT, EFI: true}},
		"cut in the partition":  {gptDisk(esp, root)[:512*60], disk.Layout{Table: disk.TableGPT}},
		"cut in the first sector": {
			gptDisk(esp)[:511], disk.Layout{},
		},
		"header too short": {changed(gptDisk(esp), func(h []byte) { h[12] = 91 }), disk.Layout{Flaw: "wrong length"}},
		"header too long":  {changed(gptDisk(esp), func(h []byte) { h[15] = 1 }), disk.Layout{Flaw: "wrong length"}},
		"elsewhere":        {changed(gptDisk(esp), func(h []byte) { h[24] = 2 }), disk.Layout{Flaw: "elsewhere"}},
		"list huge":        {changed(gptDisk(esp), func(h []byte) { copy(h[80:], "\xff\xff\xff\xff") }), disk.Layout{Flaw: "wrong size"}},
		"entries huge":     {changed(gptDisk(esp), func(h []byte) { copy(h[84:], "\x00\x00\x00\x80") }), disk.Layout{Flaw: "wrong size"}},
		"entries odd":      {changed(gptDisk(esp), func(h []byte) { h[84] = 129 }), disk.Layout{Flaw: "wrong size"}},
		"entries of none":  {changed(gptDisk(esp), func(h []byte) { copy(h[84:], "\x00\x00\x00\x00") }), disk.Layout{Flaw: "wrong size"}},
		"list far out":     {changed(gptDisk(esp), func(h []byte) { copy(h[72:], "\xff\xff\xff\xff\xff\xff\xff\xff") }), disk.Layout{Flaw: "outside of the disk"}},
		"list on the head": {changed(gptDisk(esp), func(h []byte) { h[72] = 0 }), disk.Layout{Flaw: "outside of the disk"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := disk.ReadLayout(bytes.NewReader(c.b), int64(len(c.b)))
			if err != nil {
				t.Fatal(err)
			}
			if (got.Flaw == "") != (c.want.Flaw == "") || !strings.Contains(got.Flaw, c.want.Flaw) {
				t.Errorf("the flaw is %q, want %q", got.Flaw, c.want.Flaw)
			}
			if got.Flaw = c.want.Flaw; got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func flipped(b []byte, at int) []byte {
	b[at] ^= 1
	return b
}

// A reader that fails isn't taken for a disk without a table.
func TestReadLayoutOfAFailingDisk(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	b := withGPT(mbrDisk(false, protective()), 512, part{efiGUID(), 40, 99, 0})
	for _, at := range []int64{0, 512, 1024} {
		if _, err := disk.ReadLayout(failsAt{bytes.NewReader(b), at, broken}, tableDisk); !errors.Is(err, broken) {
			t.Errorf("reading fails at byte %d, and the answer is %v", at, err)
		}
	}
}

type failsAt struct {
	io.ReaderAt
	at  int64
	err error
}

func (f failsAt) ReadAt(p []byte, off int64) (int, error) {
	if off == f.at {
		return 0, f.err
	}
	return f.ReaderAt.ReadAt(p, off)
}

// What sgdisk writes is read as it is meant.
func TestLayoutsOfSgdisk(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("sgdisk")
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), "qemu") {
			t.Fatalf("sgdisk is required, but not there: %v", err)
		}
		t.Skip("no sgdisk; it is in the package gdisk")
	}
	for name, c := range map[string]struct {
		args []string
		want disk.Layout
	}{
		"efi":    {[]string{"-n1:2048:+8M", "-t1:EF00", "-n2:0:0"}, disk.Layout{Table: disk.TableGPT, EFI: true}},
		"bios":   {[]string{"-n1:2048:+1M", "-t1:EF02", "-n2:0:0"}, disk.Layout{Table: disk.TableGPT, BIOS: true}},
		"cloud":  {[]string{"-n14:2048:+4M", "-t14:EF02", "-n15:0:+8M", "-t15:EF00", "-n1:0:0"}, disk.Layout{Table: disk.TableGPT, EFI: true, BIOS: true}},
		"data":   {[]string{"-n1:2048:0"}, disk.Layout{Table: disk.TableGPT}},
		"hybrid": {[]string{"-n1:2048:+8M", "-t1:EF00", "-n2:0:0", "--hybrid=2"}, disk.Layout{Table: disk.TableGPT, EFI: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "disk")
			if err := os.WriteFile(path, make([]byte, 32<<20), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.CommandContext(t.Context(), tool, append(c.args, path)...).CombinedOutput(); err != nil {
				t.Fatalf("sgdisk: %v: %s", err, out)
			}
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = f.Close() }() // only read from
			got, err := disk.ReadLayout(f, 32<<20)
			if err != nil || got != c.want {
				t.Errorf("got %+v, %v, want %+v", got, err, c.want)
			}
		})
	}
}

func FuzzReadLayout(f *testing.F) {
	f.Add(withGPT(mbrDisk(true, protective()), 512, part{efiGUID(), 40, 99, 0})[:40*512])
	f.Add(mbrDisk(true, [4]uint32{0x80, 0xEF, 1, 1})[:1024])
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := disk.ReadLayout(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		if l.Table == "" && l.EFI || l.Table != "" && l.Flaw != "" {
			t.Errorf("%+v contradicts itself", l)
		}
	})
}
