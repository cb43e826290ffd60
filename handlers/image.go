package handlers

import (
	"context"
	"fmt"

	"spliced/api"
	"spliced/catalog"
	"spliced/failure"
	"spliced/rpc"
)

func (d *Daemon) imageMethods() []rpc.Method {
	return []rpc.Method{
		rpc.Bind(taking(work("image.upload", "Imports a disk image as a raw volume of its exact size.",
			rpc.NotFound, rpc.Exists, rpc.Unsupported, rpc.BadSource, rpc.BadImage, rpc.Integrity, rpc.NoSpace,
			rpc.Limit, rpc.SourceIO, rpc.Stalled)), d.imageUpload),
		rpc.Bind(read("image.list", "Lists the images, sorted by name.", rpc.NotFound), d.imageList),
		rpc.Bind(read("image.show", "Shows an image with what its pool knows of it now.",
			rpc.NotFound, rpc.ClusterUnavailable, rpc.StateCorrupt), d.imageShow),
		rpc.Bind(work("image.remove", "Removes an image that has no clones.", rpc.NotFound), d.imageRemove),
		rpc.Bind(taking(read("image.inspect", "Tells what an image is and whether it would be refused, from its head alone.",
			rpc.BadSource, rpc.SourceIO, rpc.Stalled)), d.imageInspect),
	}
}

func (d *Daemon) imageUpload(ctx context.Context, c *rpc.Call, p api.ImageUpload) (api.ImageResult, error) {
	action := fmt.Sprintf("import image %q", p.Name)
	err := firstOf(
		named("name", p.Name), named("pool", p.Pool), unreserved(p.Name),
		inField("format", catalog.CheckFormat(p.Format)),
		inField("sha256", api.CheckSHA256(p.SHA256)),
		inField("request_id", api.CheckRequestID(p.RequestID)),
	)
	if err != nil {
		return api.ImageResult{}, failure.Cannot(action, err)
	}
	src, err := d.source(c, p.Source)
	if err != nil {
		return api.ImageResult{}, failure.Cannot(action, err)
	}
	j, err := d.Catalog.UploadImage(p, src, caller(c))
	if err != nil {
		return api.ImageResult{}, failure.Cannot(action, err)
	}
	if j, err = d.outcome(ctx, j, p.Wait); err != nil {
		return api.ImageResult{}, err
	}
	answer := api.ImageResult{Job: j.ID, Message: sentenceFor(j)}
	if v, err := d.Catalog.Record(p.Pool, p.Name); err == nil && v.Job == j.ID {
		answer.Volume = &v
	}
	return answer, nil
}

func (d *Daemon) imageList(_ context.Context, _ *rpc.Call, p api.ImageList) ([]api.Volume, error) {
	list, err := d.Catalog.Images(p.Pool, p.Match)
	if err != nil {
		return nil, failure.Cannot("list the images", err)
	}
	return list, nil
}

func (d *Daemon) imageShow(ctx context.Context, _ *rpc.Call, p api.ImageRef) (api.Volume, error) {
	action := fmt.Sprintf("show image %q", p.Name)
	if err := named("name", p.Name); err != nil {
		return api.Volume{}, failure.Cannot(action, err)
	}
	v, err := d.Catalog.Image(ctx, p.Pool, p.Name)
	if err != nil {
		return v, failure.Cannot(action, absent(err, "image"))
	}
	return v, nil
}

func (d *Daemon) imageRemove(ctx context.Context, c *rpc.Call, p api.ImageRemove) (api.Result, error) {
	action := fmt.Sprintf("remove image %q", p.Name)
	if err := firstOf(named("name", p.Name), inField("request_id", api.CheckRequestID(p.RequestID))); err != nil {
		return api.Result{}, failure.Cannot(action, err)
	}
	j, err := d.Catalog.RemoveImage(p, caller(c))
	if err != nil {
		return api.Result{}, failure.Cannot(action, absent(err, "image"))
	}
	return d.result(ctx, j, p.Wait)
}

func (d *Daemon) imageInspect(ctx context.Context, c *rpc.Call, p api.Inspect) (api.ImagePlan, error) {
	const action = "inspect the image"
	src, err := d.source(c, p.Source)
	if err != nil {
		return api.ImagePlan{}, failure.Cannot(action, err)
	}
	defer func() { _ = src.Close() }() // only read from
	plan, err := d.Catalog.InspectImage(ctx, src)
	if err != nil {
		return plan, failure.Cannot(action, err)
	}
	return plan, nil
}
