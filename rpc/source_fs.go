package rpc

import "golang.org/x/sys/unix"

// Magic numbers that x/sys doesn't have (the kernel's include/uapi/linux/magic.h
// and the files named).
const (
	configfsMagic   = 0x62656570 // fs/configfs/mount.c
	fusectlMagic    = 0x65735543 // fs/fuse/control.c
	mqueueMagic     = 0x19800202 // ipc/mqueue.c
	rpcPipefsMagic  = 0x67596969 // net/sunrpc/rpc_pipe.c
	dmaBufMagic     = 0x444d4142
	secretmemMagic  = 0x5345434d
	pidfsMagic      = 0x50494446
	resctrlMagic    = 0x7655821
	guestMemfdMagic = 0x474d454d // virt/kvm/guest_memfd.c
)

// kernelFilesystem names a filesystem whose files are windows into the kernel,
// by its f_type in statfs(2); "" for one that holds data.
func kernelFilesystem(magic int64) string {
	switch magic {
	case unix.PROC_SUPER_MAGIC:
		return "proc"
	case unix.SYSFS_MAGIC:
		return "sysfs"
	case unix.DEBUGFS_MAGIC:
		return "debugfs"
	case unix.TRACEFS_MAGIC:
		return "tracefs"
	case unix.CGROUP_SUPER_MAGIC, unix.CGROUP2_SUPER_MAGIC:
		return "cgroup"
	case unix.SECURITYFS_MAGIC, unix.SELINUX_MAGIC, unix.SMACK_MAGIC, unix.AAFS_MAGIC:
		return "a security module"
	case unix.BPF_FS_MAGIC:
		return "bpf"
	case unix.PSTOREFS_MAGIC, unix.EFIVARFS_MAGIC:
		return "the firmware"
	case unix.BINFMTFS_MAGIC, configfsMagic, fusectlMagic, resctrlMagic, rpcPipefsMagic:
		return "a control filesystem"
	case unix.DEVPTS_SUPER_MAGIC, unix.BDEVFS_MAGIC:
		return "devices"
	case unix.NSFS_MAGIC, pidfsMagic, mqueueMagic, unix.ANON_INODE_FS_MAGIC, dmaBufMagic, secretmemMagic, guestMemfdMagic:
		return "handles to kernel objects"
	}
	return ""
}
