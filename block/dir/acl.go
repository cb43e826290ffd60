package dir

import (
	"encoding/binary"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// A permission is what the owner of a volume's file, and this process's user,
// may do with it, in the bits of a mode's last digit. Nobody else may do
// anything.
type permission uint16

const (
	readWrite permission = 6
	readOnly  permission = 4 // a frozen volume's: it keeps other programs from writing
)

// The kinds of entries in an access control list, in the order that the kernel
// wants them in: include/uapi/linux/posix_acl.h.
const (
	aclOwner = 0x01
	aclUser  = 0x02
	aclGroup = 0x04
	aclMask  = 0x10
	aclOther = 0x20
)

// permit says what may be done with a volume's file, of which this process's
// user is the owner.
//
// It names that user in an access control list as well (acl(5)), which stays
// when the owner changes: libvirt gives the disks of a VM that starts to the
// user that QEMU is run as (dynamic_ownership in its qemu.conf), and keeps media
// that are only read given away when the VM has stopped. Where the file system
// has no such lists, as ext4 when it is mounted with noacl, there is but the
// mode.
func permit(f *os.File, p permission) error {
	const noID = ^uint32(0)                          // ACL_UNDEFINED_ID
	list := binary.LittleEndian.AppendUint32(nil, 2) // POSIX_ACL_XATTR_VERSION
	entry := func(tag uint16, p permission, id uint32) {
		list = binary.LittleEndian.AppendUint16(list, tag)
		list = binary.LittleEndian.AppendUint16(list, uint16(p))
		list = binary.LittleEndian.AppendUint32(list, id)
	}
	entry(aclOwner, p, noID)
	entry(aclUser, p, uint32(os.Geteuid())) //nolint:gosec // G115: an id has 32 bits
	entry(aclGroup, 0, noID)
	entry(aclMask, p, noID)
	entry(aclOther, 0, noID)
	err := control(f, func(fd int) error { return unix.Fsetxattr(fd, "system.posix_acl_access", list, 0) })
	if errors.Is(err, errors.ErrUnsupported) {
		return f.Chmod(os.FileMode(p) << 6)
	}
	return os.NewSyscallError("fsetxattr", err)
}
