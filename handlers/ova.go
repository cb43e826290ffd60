package handlers

import (
	"context"
	"fmt"

	"spliced/api"
	"spliced/failure"
	"spliced/ovf"
	"spliced/rpc"
)

func (d *Daemon) ovaMethods() []rpc.Method {
	return []rpc.Method{
		rpc.Bind(taking(work("ova.upload", "Imports an appliance: one raw volume of exact size for each of its disks, and a record.",
			rpc.NotFound, rpc.Exists, rpc.Unsupported, rpc.BadSource, rpc.BadImage, rpc.Integrity, rpc.NoSpace,
			rpc.Limit, rpc.SourceIO, rpc.Stalled)), d.ovaUpload),
		rpc.Bind(read("ova.list", "Lists the OVAs, sorted by name."), d.ovaList),
		rpc.Bind(read("ova.show", "Shows an OVA's record.", rpc.NotFound, rpc.StateCorrupt), d.ovaShow),
		rpc.Bind(work("ova.remove", "Removes an OVA with its disks, if none has clones.", rpc.NotFound), d.ovaRemove),
		rpc.Bind(changing(write("ova.configure", "Makes templates and profiles of an OVA's disks for another of its configurations.",
			rpc.InvalidState, rpc.NotFound, rpc.Exists, rpc.BadImage, rpc.Unsupported, rpc.Limit, rpc.StateCorrupt)), d.ovaConfigure),
		rpc.Bind(taking(read("ova.inspect", "Tells what an OVA, or a bare descriptor, holds and what would be made of it.",
			rpc.Unsupported, rpc.BadSource, rpc.BadImage, rpc.Limit, rpc.SourceIO, rpc.Stalled)), d.ovaInspect),
	}
}

func (d *Daemon) ovaUpload(ctx context.Context, c *rpc.Call, p api.OVAUpload) (api.OVAResult, error) {
	action := fmt.Sprintf("import OVA %q", p.Name)
	err := firstOf(
		named("name", p.Name), named("pool", p.Pool),
		inField("sha256", api.CheckSHA256(p.SHA256)),
		inField("request_id", api.CheckRequestID(p.RequestID)),
	)
	if err != nil {
		return api.OVAResult{}, failure.Cannot(action, err)
	}
	src, err := d.source(c, p.Source)
	if err != nil {
		return api.OVAResult{}, failure.Cannot(action, err)
	}
	j, err := d.Catalog.UploadOVA(p, src, caller(c))
	if err != nil {
		return api.OVAResult{}, failure.Cannot(action, err)
	}
	if j, err = d.outcome(ctx, j, p.Wait); err != nil {
		return api.OVAResult{}, err
	}
	answer := api.OVAResult{Job: j.ID, Message: sentenceFor(j)}
	if o, err := d.Catalog.OVA(p.Name, false); err == nil && o.Job == j.ID {
		answer.OVA = &o
	}
	return answer, nil
}

func (d *Daemon) ovaList(_ context.Context, _ *rpc.Call, p api.List) (rpc.List[api.OVASummary], error) {
	list, err := d.Catalog.OVAs(p.Match)
	if err != nil {
		return list, failure.Cannot("list the OVAs", err)
	}
	return list, nil
}

func (d *Daemon) ovaShow(_ context.Context, _ *rpc.Call, p api.OVARef) (api.OVA, error) {
	action := fmt.Sprintf("show OVA %q", p.Name)
	if err := named("name", p.Name); err != nil {
		return api.OVA{}, failure.Cannot(action, err)
	}
	o, err := d.Catalog.OVA(p.Name, p.Descriptor)
	if err != nil {
		return o, failure.Cannot(action, absent(err, "OVA"))
	}
	return o, nil
}

func (d *Daemon) ovaRemove(ctx context.Context, c *rpc.Call, p api.OVARemove) (api.Result, error) {
	action := fmt.Sprintf("remove OVA %q", p.Name)
	if err := firstOf(named("name", p.Name), inField("request_id", api.CheckRequestID(p.RequestID))); err != nil {
		return api.Result{}, failure.Cannot(action, err)
	}
	j, err := d.Catalog.RemoveOVA(p, caller(c))
	if err != nil {
		return api.Result{}, failure.Cannot(action, absent(err, "OVA"))
	}
	return d.result(ctx, j, p.Wait)
}

func (d *Daemon) ovaConfigure(_ context.Context, c *rpc.Call, p api.OVAConfigure) (api.OVAConfigured, error) {
	action := fmt.Sprintf("configure OVA %q", p.Name)
	err := firstOf(named("name", p.Name), inField("request_id", api.CheckRequestID(p.RequestID)))
	if err == nil && p.As != "" {
		err = named("as", p.As)
	}
	if err != nil {
		return api.OVAConfigured{}, failure.Cannot(action, err)
	}
	made, err := d.Catalog.ConfigureOVA(p, caller(c))
	if err != nil {
		return made, failure.Cannot(action, absent(err, "OVA"))
	}
	return made, nil
}

func (d *Daemon) ovaInspect(ctx context.Context, c *rpc.Call, p api.Inspect) (*ovf.Plan, error) {
	const action = "inspect the OVA"
	src, err := d.source(c, p.Source)
	if err != nil {
		return nil, failure.Cannot(action, err)
	}
	defer func() { _ = src.Close() }() // only read from
	plan, err := d.Catalog.InspectOVA(ctx, src)
	if err != nil {
		return nil, failure.Cannot(action, err)
	}
	return plan, nil
}
