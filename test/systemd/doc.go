// Package systemd tests the units as they are installed, on a small Debian whose
// first process is a real systemd: in a container by systemd-nspawn(1), with
// libvirt and QEMU in it.
//
// It is not for what a daemon does by itself: test/e2e starts it without systemd,
// which is faster and tells more.
package systemd
