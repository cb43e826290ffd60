package disk

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// A Layout is what the first sectors of a disk tell of how it boots.
type Layout struct {
	Table string // TableGPT, TableMBR, or "" where there is none that can be used
	EFI   bool   // it has an EFI system partition
	BIOS  bool   // it has what a BIOS boots: see ReadLayout
	Flaw  string // a clause: why a table that seems to be there isn't used, or ""
}

// The kinds of partition tables.
const (
	TableGPT = "GPT"
	TableMBR = "MBR"
)

// ReadLayout reads the partition table of the disk of that many bytes. It fails
// only when r does: what is no table, or a damaged one, is a Layout as well.
//
// As firmware does (UEFI 2.10, section 5.3.2), a GPT is believed only behind a
// protective MBR, with both its checksums right, and its second copy, at the end
// of the disk, is asked when the first is damaged. A partition that lies outside
// of the disk is none.
//
// What a BIOS boots is a GPT with a BIOS boot partition, where GRUB keeps its
// core, or, with code in the first sector to start it, an active partition of
// the MBR or one of a GPT that is marked for it.
func ReadLayout(r io.ReaderAt, size int64) (Layout, error) {
	first, err := readPart(r, 0, sectorSize, size)
	if err != nil || first == nil {
		return Layout{}, err
	}
	m, ok := parseMBR(first)
	if !ok {
		return Layout{}, nil
	}
	l := Layout{Table: TableMBR, BIOS: m.code && m.active}
	if !m.protective {
		l.EFI = m.hasEFI(size)
		return l, nil
	}
	g, flaw, err := readGPT(r, size)
	switch {
	case err != nil:
		return Layout{}, err
	case g == nil:
		return Layout{BIOS: l.BIOS, Flaw: flaw}, nil
	}
	l.Table, l.EFI = TableGPT, g.efi
	l.BIOS = l.BIOS || g.biosBoot || g.legacy && m.code
	return l, nil
}

// readPart reads bytes of the disk; nil where the disk doesn't have them.
func readPart(r io.ReaderAt, offset, length, size int64) ([]byte, error) {
	if offset < 0 || length < 0 || offset > size || length > size-offset {
		return nil, nil //nolint:nilnil // outside of the disk is no failure
	}
	b := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(r, offset, length), b); err != nil {
		return nil, fmt.Errorf("cannot read the partition table at byte %d: %w", offset, err)
	}
	return b, nil
}

// An mbr is the first sector of a disk: UEFI 2.10, section 5.2.
type mbr struct {
	code       bool // there is some in front of the table
	active     bool // one of the partitions is
	protective bool // a partition stands for a GPT
	partitions []mbrPartition
}

type mbrPartition struct {
	kind         byte
	start, count int64 // sectors
}

const (
	mbrCodeSize   = 440
	mbrTable      = 446
	mbrEntry      = 16
	mbrEntries    = 4
	mbrActive     = 0x80
	mbrProtective = 0xEE
	mbrEFI        = 0xEF
)

// parseMBR reads the first sector. A partition that is neither active nor not
// says that it is no table: the boot sectors of filesystems have the same mark
// at their end.
func parseMBR(sector []byte) (m mbr, ok bool) {
	if sector[510] != 0x55 || sector[511] != 0xAA {
		return m, false
	}
	m.code = !allZero(sector[:mbrCodeSize])
	for n := range mbrEntries {
		e := sector[mbrTable+n*mbrEntry:][:mbrEntry]
		if e[0]&^mbrActive != 0 {
			return mbr{}, false
		}
		p := mbrPartition{kind: e[4], start: int64(binary.LittleEndian.Uint32(e[8:])), count: int64(binary.LittleEndian.Uint32(e[12:]))}
		if p.kind == 0 || p.count == 0 {
			continue
		}
		m.active = m.active || e[0] == mbrActive
		m.protective = m.protective || p.kind == mbrProtective
		m.partitions = append(m.partitions, p)
	}
	return m, len(m.partitions) > 0
}

// hasEFI reports whether an EFI system partition lies on the disk. Its sectors
// are counted as of 512 bytes; where they are larger, it lies further behind.
func (m mbr) hasEFI(size int64) bool {
	for _, p := range m.partitions {
		if p.kind == mbrEFI && p.start > 0 && (p.start+p.count)*sectorSize <= size {
			return true
		}
	}
	return false
}

// guid is a GUID as it lies on the disk: the first three of its groups have
// their bytes the other way round (UEFI 2.10, appendix A).
type guid [16]byte

// The types of partitions that are looked for (UEFI 2.10, table 5.7; GRUB's
// manual, "BIOS installation").
func guidEFI() guid { // C12A7328-F81F-11D2-BA4B-00A0C93EC93B
	return guid{0x28, 0x73, 0x2A, 0xC1, 0x1F, 0xF8, 0xD2, 0x11, 0xBA, 0x4B, 0x00, 0xA0, 0xC9, 0x3E, 0xC9, 0x3B}
}

func guidBIOSBoot() guid { // 21686148-6449-6E6F-744E-656564454649
	return guid(bytes.Clone([]byte("Hah!IdontNeedEFI")))
}
