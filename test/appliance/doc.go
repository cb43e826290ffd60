// Package appliance builds a small machine that really boots, as a disk image,
// a VMDK and an OVA, from Debian's packages.
//
// The disk has an MBR, GRUB, one FAT partition with a kernel and an initramfs of
// busybox, and one partition of a known pattern at the disk's very end. Booted,
// the machine tells on its serial port the disk's size and the pattern's digest,
// and whether it is what was built: so that one line proves a boot loader, a
// kernel, a size and the data. It needs neither root nor loop devices; everything
// but the VMDK, where qemu-img draws a random content id, comes out the same each
// time. It is a thing to test imports with, not a distribution to use.
package appliance
