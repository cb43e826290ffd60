package handlers

import (
	"context"
	"time"

	"spliced/api"
	"spliced/rpc"
)

func (d *Daemon) daemonMethods() []rpc.Method {
	return []rpc.Method{
		rpc.Bind(read("daemon.hello", "Tells the version of daemon and protocol, what it can do and its limits."), d.hello),
		rpc.Bind(read("daemon.status", "Tells how jobs and pools are, as last seen; it never waits for a pool."), d.status),
		rpc.Bind(read("pool.list", "Lists the pools with their room; one that doesn't answer within 10 s is unavailable."), d.pools),
	}
}

func (d *Daemon) hello(context.Context, *rpc.Call, api.None) (api.Hello, error) {
	return api.Hello{
		Version: d.Version, API: api.APIVersion{Major: 1, Minor: 0},
		Features: features(), Limits: d.Limits,
	}, nil
}

// features are the words for what the daemon can do: the formats of images, and
// whatever else older ones couldn't.
func features() []string {
	return []string{
		"adopt", "catalog.check", "image.raw", "image.vmdk", "ova", "ova.configure", "profile", "script", "template", "userdata", "vm",
	}
}

func (d *Daemon) status(ctx context.Context, _ *rpc.Call, _ api.None) (api.Status, error) {
	s := api.Status{
		Version: d.Version, Uptime: int64(time.Since(d.Started).Seconds()), Jobs: map[string]int{},
		Pools: d.Catalog.PoolsSeen(ctx), Cleanup: d.Catalog.Left(),
	}
	if s.Reading = !d.Catalog.WasRead(); !s.Reading {
		s.Corrupt = d.Catalog.Corrupt()
	}
	for _, j := range d.Jobs.List() {
		s.Jobs[string(j.State)]++
	}
	return s, nil
}

func (d *Daemon) pools(ctx context.Context, _ *rpc.Call, _ api.None) ([]api.Pool, error) {
	return d.Catalog.Pools(ctx), nil
}
