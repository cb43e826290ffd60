package appliance

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
)

// DiskSize is the size of the disk in bytes: much more than what is on it, as
// with real machines.
const DiskSize = 1 << 30

// The disk, in bytes: MBR and GRUB's core, the FAT partition, nothing for long,
// and the pattern up to the last byte, so that a cut disk shows.
const (
	sector       = 512
	bootStart    = 1 << 20
	bootSize     = 64 << 20
	patternSize  = 16 << 20
	patternStart = DiskSize - patternSize
)

// Names on the FAT partition.
const (
	kernelName    = "vmlinuz"
	initramfsName = "initrd.img"
)

// pattern is what the second partition holds: noise, the same each time.
func pattern() []byte {
	p := make([]byte, patternSize)
	_, _ = rand.NewChaCha8([32]byte{'s', 'p', 'l', 'i', 'c', 'e', 'd'}).Read(p) // never fails
	return p
}

func patternDigest() string {
	sum := sha256.Sum256(pattern())
	return hex.EncodeToString(sum[:])
}

// Types of partitions in an MBR.
const (
	typeFAT32 = 0x0c // with LBA addresses
	typeESP   = 0xef // EFI system partition (UEFI specification, 5.2.2)
	typeData  = 0xda // no file system
)

// partitionTable writes the table of an MBR into its sector.
func partitionTable(mbr []byte, efi bool) {
	first := byte(typeFAT32)
	if efi {
		first = typeESP
	}
	partition(mbr[446:], 0x80, first, bootStart, bootSize)
	partition(mbr[462:], 0, typeData, patternStart, patternSize)
	mbr[510], mbr[511] = 0x55, 0xaa
}

// partition writes one entry. The old addresses in cylinders, heads and sectors
// say "beyond what I can tell": everybody reads the LBA ones.
func partition(entry []byte, status, kind byte, start, size uint32) {
	copy(entry, []byte{status, 0xfe, 0xff, 0xff, kind, 0xfe, 0xff, 0xff})
	binary.LittleEndian.PutUint32(entry[8:], start/sector)
	binary.LittleEndian.PutUint32(entry[12:], size/sector)
}
