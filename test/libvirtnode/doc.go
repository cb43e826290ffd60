// Package libvirtnode runs a libvirtd of its own for tests: from the
// distribution's packages, as root, without systemd, D-Bus or KVM, and up in a
// fifth of a second. Several may run at once, beside the host's own too.
//
// libvirtd keeps its state under fixed paths. So each node lives in a mount
// namespace in which those paths are folders in the node's own folder, and in a
// PID namespace: when its first process dies, the kernel ends all that libvirtd
// started, virtual machines too, whatever state they are in. The network and
// all other paths are the host's: domains reach a Ceph cluster on loopback and
// images in temporary folders as usual.
//
// Domains are of type "qemu": they are interpreted (TCG). QEMU runs as root,
// without security driver, control groups and a namespace of its own.
//
// A test that needs libvirt takes the node that the variable LIBVIRT_SOCKET
// names, or one of its own where there is none:
//
//	socket := libvirtnode.Socket(t)
//
// and who wants one node for many tests starts them by
//
//	go run ./test/libvirtnode/cmd run -- go test ./...
//
// It is not a door to libvirt: it starts the daemon and talks to it no more.
package libvirtnode
