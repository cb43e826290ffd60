// Package dir keeps volumes as sparse raw files in a folder, each under the
// volume's own name: the pool that is there when no other is configured.
//
// What else belongs to a volume hangs on an identity that its file carries in
// an extended attribute, and so follows every rename at once:
//
//	user.spliced.id         32 hex digits, made with the file
//	user.spliced.snapshots  names, oldest first, joined by commas; the volume is frozen
//	user.spliced.parent     identity of the volume that it was cloned from, "@", snapshot
//	.spliced.meta.<id>      a file beside it, JSON: the metadata (ext4 has no more than 4 KiB for all attributes of a file)
//	.spliced.new.<id>       a volume that is being made, locked by its maker
//
// A regular file with a valid name and an identity is a volume; everything
// else in the folder is somebody else's and left alone. Only a snapshot of a
// volume that stands still is wanted here, so a snapshot is a mark, and a clone
// is a reflink or, where the file system has none, a sparse copy.
//
// Nobody but the process's user may read a volume's file. An access control list
// names that user, who so keeps his access when libvirt makes QEMU's user the
// owner for as long as a VM runs.
//
// Several processes may use one folder: whatever changes its names holds the
// folder's own lock (flock(2) on the folder), and an open volume holds a shared
// lock on its file. It needs Linux with renameat2(2) and user extended
// attributes: ext4, XFS, Btrfs, or tmpfs from Linux 6.6 on. It is not for
// folders shared by hosts over a network.
package dir
