package libvirtnode

// DiskSize is the size of a BootDisk, in bytes: SeaBIOS doesn't boot from a
// virtio disk of only the sector that it needs.
const DiskSize = 1 << 20

// BootDisk is a disk from which a BIOS boots: it prints the message on the first
// serial port and halts. The message is ASCII of at most 400 bytes.
func BootDisk(message string) []byte {
	const sector = 512
	code := []byte{
		0x31, 0xc0, //       xor ax, ax
		0x8e, 0xd8, //       mov ds, ax
		0xbe, 0x15, 0x7c, // mov si, 0x7c15: the message, behind this code at 0x7c00
		0xba, 0xf8, 0x03, // mov dx, 0x3f8: the first serial port
		0xac,       // next: lodsb
		0x84, 0xc0, //       test al, al
		0x74, 0x03, //       jz done
		0xee,       //       out dx, al
		0xeb, 0xf8, //       jmp next
		0xf4,       // done: hlt
		0xeb, 0xfd, //       jmp done
	}
	disk := make([]byte, DiskSize)
	copy(disk[copy(disk, code):sector-2], message)
	disk[sector-2], disk[sector-1] = 0x55, 0xaa // marks it as one to boot from
	return disk
}
