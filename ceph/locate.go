package ceph

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"spliced/block"
)

// A monMap is what the monitors' command "mon dump" answers, as far as it
// matters.
type monMap struct {
	FSID     string `json:"fsid"`
	Monitors []struct {
		Public struct {
			Addresses []monAddress `json:"addrvec"`
		} `json:"public_addrs"`
	} `json:"mons"`
}

// A monAddress is one of a monitor's.
type monAddress struct {
	Type    string `json:"type"` // of the protocol: v1, v2
	Address string `json:"addr"` // 192.0.2.1:3300, [2001:db8::1]:3300
}

// Locate implements block.Pool. Monitors are those of the cluster's own map, not
// those that ceph.conf names, which may be names or only some of them.
func (p *Pool) Locate(ctx context.Context) (block.Location, error) {
	err := ready(ctx)
	var where *block.RBD
	if err == nil {
		where, err = p.locate()
	}
	if err != nil {
		return block.Location{}, fmt.Errorf("cannot tell how a hypervisor reaches pool %q: %w", p.name, cause(err))
	}
	return block.Location{RBD: where}, nil
}

func (p *Pool) locate() (*block.RBD, error) {
	text, status, err := p.conn.MonCommand([]byte(`{"prefix": "mon dump", "format": "json"}`))
	if err != nil {
		return nil, fmt.Errorf("%w %s", cause(err), status)
	}
	var m monMap
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fmt.Errorf("cannot read the answer of Ceph's command mon dump: %w", err)
	}
	where := &block.RBD{FSID: m.FSID, Pool: p.name, Namespace: p.namespace}
	if where.Monitors, err = m.addresses(); err != nil {
		return nil, err
	}
	if where.Key, err = p.key(); err != nil {
		return nil, err
	}
	if where.Key != "" {
		where.User = p.user
	}
	return where, nil
}

// addresses gives one for each monitor: that of protocol v2, which all clients
// since Nautilus speak, or else that of v1. By libvirt's way of writing them,
// "host:port", librados tries both protocols at any port that isn't one of
// Ceph's own two (MonMap::_add_ambiguous_addr in src/mon/MonMap.cc).
func (m monMap) addresses() ([]netip.AddrPort, error) {
	var all []netip.AddrPort
	for _, monitor := range m.Monitors {
		addresses := slices.Clone(monitor.Public.Addresses)
		slices.SortStableFunc(addresses, func(a, b monAddress) int { return -strings.Compare(a.Type, b.Type) })
		if len(addresses) == 0 {
			continue
		}
		address, err := netip.ParseAddrPort(addresses[0].Address)
		if err != nil {
			return nil, fmt.Errorf("cannot read the address of a monitor: %w", err)
		}
		all = append(all, address)
	}
	if len(all) == 0 {
		return nil, errors.New("the cluster's map has no monitor with an address")
	}
	slices.SortFunc(all, func(a, b netip.AddrPort) int {
		return cmp.Or(a.Addr().Compare(b.Addr()), cmp.Compare(a.Port(), b.Port()))
	})
	return all, nil
}
