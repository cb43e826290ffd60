// Package block is the contract between those who fill volumes and those who
// keep them: Pool and Volume.
//
// Its drivers are block/mem (memory, for tests), block/dir (sparse files) and
// ceph (RBD images); block/blocktest is the one suite that all of them pass,
// block/fault a layer of the same shape that fails and delays on demand. The
// package knows bytes; image formats, archives and records are not its matter.
package block
