// Package bench measures how fast spliced takes an OVA into a Ceph pool, and
// compares it with qemu-img doing the same work on the same VMDK.
//
// It makes its own data (a large disk with real binaries on it), runs the two in
// turns against a cluster that is already there, and checks that both left the
// same bytes. It measures whole programs from outside, as a user feels them; for
// single functions there are the packages' own benchmarks.
//
// It wants the programs of Debian's packages qemu-utils, qemu-block-extra (QEMU's
// driver for RBD) and ceph-common, and room for two copies of the data in the
// cluster.
package bench
