// Package ceph is the contract of package block on RBD, the block devices of a
// Ceph cluster: a pool is an RBD pool, or a namespace of one, and a volume is an
// RBD image. It is the only package that links librados and librbd. It knows
// bytes and names and nothing of image formats or of what volumes are for.
//
// # Building
//
// The C headers come with librados-dev and librbd-dev. go-ceph expects those of
// its newest supported release; for older ones it has build tags: librbd 16
// (Debian 12) needs "-tags pacific", librbd 17 "-tags quincy", newer ones none.
// Nothing in this package depends on the tag.
//
// # What blocks
//
// No call of librbd can be given up. While OSDs don't answer, reads, writes and
// most else wait, without end, until they do; only monitors have a deadline
// (Config.Timeout). A context is asked before a call begins and not after. A
// caller that must come back has to do this in a process that can be killed.
// rados_osd_op_timeout would bound the wait, but librbd aborts the process when
// it meets one in the wrong place.
//
// # Full pools
//
// A client of Ceph normally waits while the pool has reached its quota or the
// cluster is full. The pools of this package get the answer ENOSPC instead. The
// quota is watched by the manager every few seconds, so that somewhat more than
// the quota can be written.
package ceph
