package handlers

import (
	"context"

	"spliced/api"
	"spliced/failure"
	"spliced/rpc"
)

func (d *Daemon) checkMethods() []rpc.Method {
	check := read("catalog.check", "Compares the records with the pools and with each other; changes nothing.",
		rpc.NotFound, rpc.ClusterUnavailable, rpc.Cancelled, rpc.DaemonRestart, rpc.StateCorrupt)
	check.Job = true
	return []rpc.Method{rpc.Bind(check, d.catalogCheck)}
}

func (d *Daemon) catalogCheck(ctx context.Context, c *rpc.Call, p api.Check) (api.CheckResult, error) {
	const action = "check the catalogue"
	err := inField("request_id", api.CheckRequestID(p.RequestID))
	if err == nil && p.Pool != "" {
		err = named("pool", p.Pool)
	}
	if err != nil {
		return api.CheckResult{}, failure.Cannot(action, err)
	}
	j, err := d.Catalog.Check(p, caller(c))
	if err != nil {
		return api.CheckResult{}, failure.Cannot(action, err)
	}
	if j, err = d.outcome(ctx, j, p.Wait); err != nil {
		return api.CheckResult{}, err
	}
	return api.CheckResult{Job: j.ID, Message: sentenceFor(j), Findings: d.Catalog.Findings(j.ID)}, nil
}
