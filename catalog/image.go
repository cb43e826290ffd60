package catalog

import (
	"context"
	"fmt"
	"os"
	"time"

	"spliced/api"
	"spliced/disk"
	"spliced/ingest"
	"spliced/job"
	"spliced/rpc"
	"spliced/worker"
)

// UploadImage starts a job that takes a disk image from src, which it owns from
// now on. The failure says why none was started.
func (c *Catalog) UploadImage(p api.ImageUpload, src *os.File, by Caller) (api.Job, error) {
	discard := func() { _ = src.Close() } // only read from
	spec, err := c.pool(p.Pool)
	if err != nil {
		discard()
		return api.Job{}, err
	}
	in := Intent{Action: importing, Object: imageObject, Pool: p.Pool, Name: p.Name}
	work := func(ctx context.Context, r *job.Run) (string, error) {
		defer discard()
		in.Job = r.ID()
		return c.importImage(ctx, r, in, p, spec, src, by)
	}
	return c.begin(ImageUpload, in, by, p.RequestID, work, discard)
}

// free returns nil when there is no such object.
func (c *Catalog) free(i Intent) error {
	by, err := c.recordedBy(i)
	if err == nil && by != "" {
		return rpc.Errorf(rpc.Exists, "there is one already.").
			WithHint("Choose another name, or remove that one first.")
	}
	if err == nil && i.Object == ovaObject {
		return c.namesFree(i.Name)
	}
	return err
}

func (c *Catalog) importImage(ctx context.Context, r *job.Run, in Intent, p api.ImageUpload, spec worker.PoolSpec, src *os.File, by Caller) (string, error) {
	record := api.Volume{
		Pool: p.Pool, Name: p.Name, Origin: imageOrigin, Job: r.ID(), UploadedBy: by.User,
	}
	u := &upload{intent: in, force: p.Force, expected: map[string]int64{p.Pool: expected(p.Size, src)}}
	u.stage = func(ctx context.Context, w *worker.Worker) (moves, error) {
		staged, err := c.stageImage(ctx, r, w, p, spec, src)
		allocated := api.Size(staged.Allocated)
		record.Size, record.Allocated = api.Size(staged.Size), &allocated
		record.SourceFormat, record.SHA256 = staged.Format, staged.SHA256
		record.Created = time.Now().UTC().Truncate(time.Second)
		m := c.move(in, staged.StagedDisk, p.Name, staged.SHA256)
		m.Metadata[ingest.MetaCreated] = record.Created.Format(time.RFC3339)
		if by.User != "" {
			m.Metadata[ingest.MetaUser] = by.User
		}
		return moves{p.Pool: {m}}, err
	}
	u.record = func() error {
		return c.images[p.Pool].Create(p.Name, record)
	}
	if err := c.run(ctx, r, u); err != nil {
		return "", err
	}
	return fmt.Sprintf("Imported image %q with %d bytes from %s.", p.Name, int64(record.Size), record.SourceFormat), nil
}

func (c *Catalog) stageImage(ctx context.Context, r *job.Run, w *worker.Worker, p api.ImageUpload, spec worker.PoolSpec, src *os.File) (ingest.StagedImage, error) {
	task := worker.ImageTask{Pool: spec, Final: p.Name, Limits: c.limits, Request: ingest.ImageRequest{
		Staging: ingest.StagingPrefix(r.ID()) + "1", Format: disk.Format(p.Format), Size: sizeOf(p.Size), SHA256: p.SHA256,
	}}
	staged, err := w.StageImage(ctx, task, src, func(proves bool) {
		if !proves {
			r.NeedsFinalize()
		}
	})
	if err != nil || staged.Proven {
		return staged, err
	}
	sent, err := r.Finalized(ctx)
	if err == nil && sent != staged.Bytes {
		err = rpc.Errorf(rpc.Integrity, "%d bytes arrived, its sender sent %d.", staged.Bytes, sent)
	}
	return staged, err
}

// sizeOf is what a size that may be absent is to package ingest.
func sizeOf(s *api.Size) int64 {
	if s == nil {
		return -1
	}
	return int64(*s)
}

// expected is how many bytes an upload brings at least, as far as is known before
// it begins: as said, or as the file has them.
func expected(said *api.Size, src *os.File) int64 {
	if said != nil {
		return int64(*said)
	}
	if info, err := src.Stat(); err == nil && info.Mode().IsRegular() {
		return info.Size()
	}
	return 0
}

// RemoveImage starts a job that removes an image.
func (c *Catalog) RemoveImage(p api.ImageRemove, by Caller) (api.Job, error) {
	c.changing.Lock() // until the image is reserved, nothing may come to refer to it
	defer c.changing.Unlock()
	if same, ok := c.jobs.Same(by.UID, p.RequestID); ok {
		return same, nil
	}
	if _, err := c.pool(p.Pool); err != nil {
		return api.Job{}, err
	}
	v, err := c.image(p.Pool, p.Name)
	if err != nil {
		return api.Job{}, err
	}
	if err := c.unused(target{kindImage, p.Pool, p.Name}); err != nil {
		return api.Job{}, err
	}
	in := Intent{
		Action: removing, Object: imageObject, Pool: p.Pool, Name: p.Name, MadeBy: v.Job, Volumes: []string{p.Name}, Flatten: p.Flatten,
	}
	return c.remove(ImageRemove, in, by, p.RequestID)
}
