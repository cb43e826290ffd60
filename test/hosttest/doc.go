// Package hosttest is a libvirt that only remembers, for tests of what asks one.
//
// It is not for tests of how libvirt itself behaves: they run against a real one,
// see test/libvirtnode.
package hosttest
