package main

import (
	"context"

	"spliced/libvirt"
	"spliced/worker"
)

// openHost reaches the libvirt of this host.
func openHost(ctx context.Context, s worker.HostSpec) (worker.Host, error) {
	host, err := libvirt.Connect(ctx, s.Socket)
	if err != nil {
		return nil, err // not a Host that holds nil
	}
	return host, nil
}
