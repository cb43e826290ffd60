package handlers

import (
	"context"
	"fmt"

	"spliced/api"
	"spliced/failure"
	"spliced/rpc"
)

func (d *Daemon) adoptMethods() []rpc.Method {
	return []rpc.Method{
		rpc.Bind(read("ova.adoptable", "Lists the OVAs in a pool of which this host has no record.",
			rpc.NotFound, rpc.ClusterUnavailable), d.ovaAdoptable),
		rpc.Bind(work("ova.adopt", "Makes an OVA's record, and what else was made with it, anew from what its pool knows of it.",
			rpc.NotFound, rpc.Exists, rpc.Integrity, rpc.Limit, rpc.NoSpace), d.ovaAdopt),
		rpc.Bind(read("image.adoptable", "Lists the images in a pool of which this host has no record.",
			rpc.NotFound, rpc.ClusterUnavailable), d.imageAdoptable),
		rpc.Bind(work("image.adopt", "Makes an image's record anew from what its pool knows of it.",
			rpc.NotFound, rpc.Exists, rpc.Integrity, rpc.NoSpace), d.imageAdopt),
	}
}

func (d *Daemon) ovaAdoptable(ctx context.Context, _ *rpc.Call, p api.OVAAdoptable) ([]api.Adoptable, error) {
	const action = "list the OVAs that can be adopted"
	if err := named("pool", p.Pool); err != nil {
		return nil, failure.Cannot(action, err)
	}
	list, err := d.Catalog.AdoptableOVAs(ctx, p.Pool)
	if err != nil {
		return nil, failure.Cannot(action, err)
	}
	return list, nil
}

func (d *Daemon) ovaAdopt(ctx context.Context, c *rpc.Call, p api.OVAAdopt) (api.OVAResult, error) {
	action := fmt.Sprintf("adopt OVA %q", p.Name)
	if err := firstOf(named("name", p.Name), named("pool", p.Pool), inField("request_id", api.CheckRequestID(p.RequestID))); err != nil {
		return api.OVAResult{}, failure.Cannot(action, err)
	}
	j, err := d.Catalog.AdoptOVA(p, caller(c))
	if err != nil {
		return api.OVAResult{}, failure.Cannot(action, err)
	}
	if j, err = d.outcome(ctx, j, p.Wait); err != nil {
		return api.OVAResult{}, err
	}
	answer := api.OVAResult{Job: j.ID, Message: sentenceFor(j)}
	if o, err := d.Catalog.OVA(p.Name, false); err == nil && j.State.Ended() {
		answer.OVA = &o
	}
	return answer, nil
}

func (d *Daemon) imageAdoptable(ctx context.Context, _ *rpc.Call, p api.ImageAdoptable) ([]api.Adoptable, error) {
	const action = "list the images that can be adopted"
	if err := named("pool", p.Pool); err != nil {
		return nil, failure.Cannot(action, err)
	}
	list, err := d.Catalog.AdoptableImages(ctx, p.Pool)
	if err != nil {
		return nil, failure.Cannot(action, err)
	}
	return list, nil
}

func (d *Daemon) imageAdopt(ctx context.Context, c *rpc.Call, p api.ImageAdopt) (api.ImageResult, error) {
	action := fmt.Sprintf("adopt image %q", p.Name)
	err := firstOf(named("name", p.Name), unreserved(p.Name), named("pool", p.Pool),
		inField("request_id", api.CheckRequestID(p.RequestID)))
	if err != nil {
		return api.ImageResult{}, failure.Cannot(action, err)
	}
	j, err := d.Catalog.AdoptImage(p, caller(c))
	if err != nil {
		return api.ImageResult{}, failure.Cannot(action, err)
	}
	if j, err = d.outcome(ctx, j, p.Wait); err != nil {
		return api.ImageResult{}, err
	}
	answer := api.ImageResult{Job: j.ID, Message: sentenceFor(j)}
	if v, err := d.Catalog.Record(p.Pool, p.Name); err == nil && j.State.Ended() {
		answer.Volume = &v
	}
	return answer, nil
}
