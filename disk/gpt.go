package disk

import (
	"encoding/binary"
	"hash/crc32"
	"io"
)

// A gpt is what matters of a GUID partition table: UEFI 2.10, section 5.3.
type gpt struct {
	efi      bool // an EFI system partition
	biosBoot bool // a BIOS boot partition
	legacy   bool // a partition that is marked for a BIOS to boot
}

const (
	gptHeaderSize = 92
	gptEntrySize  = 128 // at least, and a power of two
	// maxGPTEntries bounds, in bytes, what is read of the list of partitions.
	// It has 16 KiB nearly everywhere, and more than that is hardly ever full.
	maxGPTEntries = 1 << 20
	// gptLegacy is the attribute "legacy BIOS bootable" (table 5.8).
	gptLegacy = 1 << 2
)

// readGPT finds the table of a disk whose sectors have 512 or 4096 bytes; nil
// with the flaw of the table that is there when none can be used.
func readGPT(r io.ReaderAt, size int64) (*gpt, string, error) {
	flaw := "there is none behind the MBR that stands for it"
	for _, sector := range []int64{sectorSize, 4096} {
		for _, lba := range []int64{1, size/sector - 1} {
			g, wrong, err := readGPTAt(r, size, sector, lba)
			if g != nil || err != nil {
				return g, "", err
			}
			if wrong != "" {
				flaw = wrong
			}
		}
	}
	return nil, flaw, nil
}

// readGPTAt reads the table whose header is in the sector of that number; flaw
// is "" where there is no header at all.
func readGPTAt(r io.ReaderAt, size, sector, lba int64) (g *gpt, flaw string, err error) {
	if lba < 1 {
		return nil, "", nil
	}
	h, err := readPart(r, lba*sector, sector, size)
	if err != nil || h == nil || string(h[:8]) != "EFI PART" {
		return nil, "", err
	}
	length := int64(binary.LittleEndian.Uint32(h[12:]))
	if length < gptHeaderSize || length > sector {
		return nil, "its header has a wrong length", nil
	}
	if sum := binary.LittleEndian.Uint32(h[16:]); checksumWithout(h[:length], 16) != sum {
		return nil, "the checksum of its header is wrong", nil
	}
	if binary.LittleEndian.Uint64(h[24:]) != uint64(lba) {
		return nil, "its header belongs elsewhere", nil
	}
	t := gptTable{
		sector: sector, first: binary.LittleEndian.Uint64(h[40:]), last: binary.LittleEndian.Uint64(h[48:]), start: binary.LittleEndian.Uint64(h[72:]),
		count: int64(binary.LittleEndian.Uint32(h[80:])), entry: int64(binary.LittleEndian.Uint32(h[84:])), sum: binary.LittleEndian.Uint32(h[88:]),
	}
	return t.read(r, size)
}

// checksumWithout is a CRC-32 in which the four bytes at a place count as zeros.
func checksumWithout(b []byte, at int) uint32 {
	sum := crc32.ChecksumIEEE(b[:at])
	sum = crc32.Update(sum, crc32.IEEETable, make([]byte, 4))
	return crc32.Update(sum, crc32.IEEETable, b[at+4:])
}

// A gptTable is what a header says of its list of partitions.
type gptTable struct {
	sector       int64  // bytes
	first, last  uint64 // sectors that partitions may have
	start        uint64 // sector of the list
	count, entry int64  // how many there are, and bytes of each
	sum          uint32 // of the list
}

func (t gptTable) read(r io.ReaderAt, size int64) (*gpt, string, error) {
	sectors := uint64(size / t.sector) //nolint:gosec // G115: a size isn't negative
	switch {
	case t.entry < gptEntrySize || t.entry&(t.entry-1) != 0 || t.entry > maxGPTEntries || t.count > maxGPTEntries/t.entry:
		return nil, "its list of partitions has a wrong size", nil
	case t.start < 2 || t.start >= sectors:
		return nil, "its list of partitions lies outside of the disk", nil
	}
	list, err := readPart(r, int64(t.start)*t.sector, t.count*t.entry, size) //nolint:gosec // G115: less than the disk's sectors
	switch {
	case err != nil:
		return nil, "", err
	case list == nil:
		return nil, "its list of partitions lies outside of the disk", nil
	case crc32.ChecksumIEEE(list) != t.sum:
		return nil, "the checksum of its list of partitions is wrong", nil
	}
	g := &gpt{}
	for ; len(list) > 0; list = list[t.entry:] {
		t.look(g, list[:t.entry], sectors)
	}
	return g, "", nil
}

// look takes a partition into account that lies where partitions may.
func (t gptTable) look(g *gpt, e []byte, sectors uint64) {
	kind := guid(e[:16])
	first, last := binary.LittleEndian.Uint64(e[32:]), binary.LittleEndian.Uint64(e[40:])
	if kind == (guid{}) || first < t.first || last > t.last || first > last || last >= sectors {
		return
	}
	g.efi = g.efi || kind == guidEFI()
	g.biosBoot = g.biosBoot || kind == guidBIOSBoot()
	g.legacy = g.legacy || binary.LittleEndian.Uint64(e[48:])&gptLegacy != 0
}
