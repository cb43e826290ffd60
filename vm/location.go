package vm

import (
	"fmt"
	"net"
	"strings"

	"libvirt.org/go/libvirtxml"
)

// A Location is how QEMU reaches a volume: a file, or an image of RBD.
type Location struct {
	File     string // absolute path of a raw file
	Buffered bool   // the file's system has no O_DIRECT, as tmpfs before Linux 6.6
	RBD      *RBD   // nil for a file
}

// RBD is an image in a Ceph cluster.
type RBD struct {
	Image    string   // "pool/image", or "pool/namespace/image" where libvirt is 11.6 or later
	Monitors []string // "host:port", "[::1]:port"; a host alone has the default ports
	User     string   // of cephx, without "client."; "" without authentication
	Secret   string   // UUID of the secret in libvirt that has the user's key
}

// source writes a location for libvirt.
func (l *Location) source() (*libvirtxml.DomainDiskSource, error) {
	if l.RBD == nil {
		if !strings.HasPrefix(l.File, "/") {
			return nil, fmt.Errorf("%q is no absolute path", l.File)
		}
		return &libvirtxml.DomainDiskSource{File: &libvirtxml.DomainDiskSourceFile{File: l.File}}, nil
	}
	network, err := l.RBD.source()
	if err != nil {
		return nil, err
	}
	return &libvirtxml.DomainDiskSource{Network: network}, nil
}

// source writes an image for libvirt.
func (r *RBD) source() (*libvirtxml.DomainDiskSourceNetwork, error) {
	network := &libvirtxml.DomainDiskSourceNetwork{Protocol: "rbd", Name: r.Image}
	for _, monitor := range r.Monitors {
		host, err := monitorHost(monitor)
		if err != nil {
			return nil, err
		}
		network.Hosts = append(network.Hosts, host)
	}
	switch {
	case r.User != "" && r.Secret == "":
		return nil, fmt.Errorf("libvirt has no secret with the key of the user %q", r.User)
	case r.User != "":
		network.Auth = &libvirtxml.DomainDiskAuth{
			Username: r.User, Secret: &libvirtxml.DomainDiskSecret{Type: "ceph", UUID: r.Secret},
		}
	}
	return network, nil
}

// monitorHost reads "host:port" or a host alone.
func monitorHost(monitor string) (libvirtxml.DomainDiskSourceHost, error) {
	host, port, err := net.SplitHostPort(monitor)
	if err != nil {
		host, port = strings.Trim(monitor, "[]"), ""
	}
	if host == "" {
		return libvirtxml.DomainDiskSourceHost{}, fmt.Errorf("the monitor %q has no host", monitor)
	}
	return libvirtxml.DomainDiskSourceHost{Name: host, Port: port}, nil
}

// directUnit is what O_DIRECT may want sizes to be a multiple of: the block of
// most file systems, and the sector of most disks. QEMU doesn't open others for
// writing.
const directUnit = 4096

// driver says how QEMU treats a volume. The format is said, since a guest could
// write another one's head into a volume that QEMU would guess. An answer means
// that the storage has the data, and no host keeps pages of it, so that a VM can
// move. Linux's own asynchronous I/O ("native") is only that with O_DIRECT.
func (l *Location) driver(d *Drive) *libvirtxml.DomainDiskDriver {
	driver := &libvirtxml.DomainDiskDriver{Name: "qemu", Type: "raw", Cache: "none"}
	if l.RBD == nil {
		driver.IO = "native"
	}
	if l.Buffered || l.RBD == nil && d.Size%directUnit != 0 {
		driver.Cache, driver.IO = "writeback", "threads"
	}
	if !d.ReadOnly {
		driver.Discard = "unmap" // what the guest trims goes back to the pool
	}
	return driver
}
