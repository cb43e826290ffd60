// Package bundle packs a disk image into an OVA: descriptor, manifest, archive.
//
// It writes what a well-behaved VMware export looks like, for tests and
// demonstrations that need a good archive with a known content. It is not for
// odd or broken archives; tests that want those write them by hand.
package bundle
