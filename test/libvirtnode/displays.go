package libvirtnode

import (
	"errors"
	"fmt"
	"net"
)

// Nodes share the host's ports, and libvirt looks for a free one before QEMU
// takes it: of two nodes that look at once, one would fail. So each node has
// ports of its own.
const (
	firstDisplay = 5900 // the least that libvirt takes (qemu.conf)
	displays     = 50   // of one node
	nodes        = 200
)

// A claim holds the ports of a node's displays for as long as it is open, be it by
// a process that ends without closing it.
type claim struct {
	first int
	held  net.Listener
}

// claimDisplays finds ports that no other node has. A name without a path is held
// by whoever listens on it (unix(7), abstract sockets).
func claimDisplays() (claim, error) {
	for n := range nodes {
		held, err := net.Listen("unix", fmt.Sprintf("@spliced-libvirtnode-%d", n)) //nolint:noctx // nothing is waited for
		if err == nil {
			return claim{firstDisplay + n*displays, held}, nil
		}
	}
	return claim{}, errors.New("all ports for displays are taken")
}

func (c claim) conf() string {
	return fmt.Sprintf("remote_display_port_min = %d\nremote_display_port_max = %d\n", c.first, c.first+displays-1)
}

func (c claim) close() error { return c.held.Close() }
