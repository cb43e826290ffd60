package handlers

import (
	"context"
	"fmt"

	"spliced/api"
	"spliced/failure"
	"spliced/rpc"
)

func (d *Daemon) vmMethods() []rpc.Method {
	verified := []rpc.Code{rpc.InvalidState, rpc.NotFound, rpc.Exists, rpc.Unsupported, rpc.NoSpace, rpc.Limit}
	return []rpc.Method{
		rpc.Bind(work("vm.create", "Makes a VM from a profile: its volumes, and its domain in libvirt.", verified...), d.vmCreate),
		rpc.Bind(read("vm.render", "Answers the domain that vm.create would define; nothing is touched.",
			append(verified, rpc.Busy, rpc.Denied, rpc.ClusterUnavailable, rpc.StateCorrupt)...), d.vmRender),
		rpc.Bind(read("vm.list", "Lists the VMs that were made from profiles, sorted by name."), d.vmList),
		rpc.Bind(read("vm.show", "Shows a VM, with its domain and state as libvirt has them.", rpc.NotFound, rpc.StateCorrupt), d.vmShow),
		rpc.Bind(work("vm.remove", "Removes a VM: its domain, and exactly the volumes that were made for it.",
			rpc.NotFound, rpc.InvalidState), d.vmRemove),
	}
}

func checkVM(p *api.VMCreate) error {
	failures := []error{
		named("name", p.Name), named("profile", p.Profile), unreserved(p.Name),
		inField("request_id", api.CheckRequestID(p.RequestID)),
	}
	if p.Pool != "" {
		failures = append(failures, named("pool", p.Pool))
	}
	for disk, pool := range p.Pools {
		failures = append(failures, named("pools."+disk, pool))
	}
	return firstOf(failures...)
}

func (d *Daemon) vmCreate(ctx context.Context, c *rpc.Call, p api.VMCreate) (api.VMResult, error) {
	action := fmt.Sprintf("make VM %q", p.Name)
	if err := checkVM(&p); err != nil {
		return api.VMResult{}, failure.Cannot(action, err)
	}
	if p.DryRun {
		v, err := d.Catalog.TryVM(ctx, p)
		if err != nil {
			return api.VMResult{}, failure.Cannot(action, err)
		}
		return api.VMResult{Message: fmt.Sprintf("Nothing stands in the way of VM %q.", p.Name), VM: &v}, nil
	}
	j, err := d.Catalog.CreateVM(p, caller(c))
	if err != nil {
		return api.VMResult{}, failure.Cannot(action, err)
	}
	if j, err = d.outcome(ctx, j, p.Wait); err != nil {
		return api.VMResult{}, err
	}
	answer := api.VMResult{Job: j.ID, Message: sentenceFor(j)}
	if v, err := d.Catalog.VM(ctx, p.Name); err == nil && v.Job == j.ID {
		answer.VM = &v
	}
	return answer, nil
}

func (d *Daemon) vmRender(ctx context.Context, _ *rpc.Call, p api.VMCreate) (api.VMResult, error) {
	action := fmt.Sprintf("render VM %q", p.Name)
	if err := checkVM(&p); err != nil {
		return api.VMResult{}, failure.Cannot(action, err)
	}
	v, err := d.Catalog.RenderVM(ctx, p)
	if err != nil {
		return api.VMResult{}, failure.Cannot(action, err)
	}
	return api.VMResult{Message: fmt.Sprintf("Rendered VM %q.", p.Name), VM: &v}, nil
}

func (d *Daemon) vmList(_ context.Context, _ *rpc.Call, p api.List) ([]api.VM, error) {
	list, err := d.Catalog.VMs(p.Match)
	if err != nil {
		return nil, failure.Cannot("list the VMs", err)
	}
	return list, nil
}

func (d *Daemon) vmShow(ctx context.Context, _ *rpc.Call, p api.VMRef) (api.VM, error) {
	action := fmt.Sprintf("show VM %q", p.Name)
	if err := named("name", p.Name); err != nil {
		return api.VM{}, failure.Cannot(action, err)
	}
	v, err := d.Catalog.VM(ctx, p.Name)
	if err != nil {
		return v, failure.Cannot(action, absent(err, "VM"))
	}
	return v, nil
}

func (d *Daemon) vmRemove(ctx context.Context, c *rpc.Call, p api.VMRemove) (api.Result, error) {
	action := fmt.Sprintf("remove VM %q", p.Name)
	if err := firstOf(named("name", p.Name), inField("request_id", api.CheckRequestID(p.RequestID))); err != nil {
		return api.Result{}, failure.Cannot(action, err)
	}
	j, err := d.Catalog.RemoveVM(p, caller(c))
	if err != nil {
		return api.Result{}, failure.Cannot(action, absent(err, "VM"))
	}
	return d.result(ctx, j, p.Wait)
}
