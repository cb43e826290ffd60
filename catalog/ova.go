package catalog

import (
	"context"
	"fmt"
	"os"
	"time"

	"spliced/api"
	"spliced/ingest"
	"spliced/job"
	"spliced/worker"
)

// UploadOVA starts a job that takes an appliance from src, which it owns from
// now on. The failure says why none was started.
func (c *Catalog) UploadOVA(p api.OVAUpload, src *os.File, by Caller) (api.Job, error) {
	discard := func() { _ = src.Close() } // only read from
	in := Intent{Action: importing, Object: ovaObject, Pool: p.Pool, Name: p.Name}
	spec, err := c.pool(p.Pool)
	if err != nil {
		discard()
		return api.Job{}, err
	}
	work := func(ctx context.Context, r *job.Run) (string, error) {
		defer discard()
		in.Job = r.ID()
		return c.importOVA(ctx, r, in, p, spec, src, by)
	}
	return c.begin(OVAUpload, in, by, p.RequestID, work, discard)
}

func (c *Catalog) importOVA(ctx context.Context, r *job.Run, in Intent, p api.OVAUpload, spec worker.PoolSpec, src *os.File, by Caller) (string, error) {
	u := &upload{intent: in, force: p.Force, expected: map[string]int64{p.Pool: expected(p.Size, src)}}
	var staged *ingest.StagedOVA
	var record api.OVA
	u.stage = func(ctx context.Context, w *worker.Worker) (moves, error) {
		taken, err := c.takenNames(p.Name)
		if err != nil {
			return nil, err
		}
		staged, err = w.StageOVA(ctx, worker.OVATask{Pool: spec, Name: p.Name, Limits: c.limits, Request: ingest.OVARequest{
			Prefix: ingest.StagingPrefix(r.ID()), Size: sizeOf(p.Size), SHA256: p.SHA256,
			Configuration: p.Configuration, Properties: p.Properties, RequireManifest: p.RequireManifest,
			Name: p.Name, Taken: taken,
		}}, src)
		if err != nil {
			return nil, err
		}
		record = ovaRecord(p, staged)
		record.Job, record.UploadedBy = r.ID(), by.User
		record.Created = time.Now().UTC().Truncate(time.Second)
		first, err := c.stageRecord(ctx, w, in, &record, staged.Descriptor)
		if err != nil {
			return nil, err
		}
		list := []ingest.Move{first}
		for _, d := range staged.Disks {
			list = append(list, c.move(in, d.StagedDisk, diskVolume(p.Name, len(staged.Plan.Systems), d.System, d.ID), d.SHA256))
		}
		return moves{p.Pool: list}, nil
	}
	u.record = func() error {
		return c.recordOVA(&record, []byte(staged.Descriptor))
	}
	if err := c.run(ctx, r, u); err != nil {
		return "", err
	}
	return fmt.Sprintf("Imported OVA %q with %s.", p.Name, count(len(staged.Disks), "disk")), nil
}

// recordOVA writes an OVA's record, and all that comes with it, or nothing.
func (c *Catalog) recordOVA(o *api.OVA, descriptor []byte) error {
	b := c.batch()
	c.ovas.CreateIn(b, o.Name, *o)
	c.descriptors.CreateIn(b, o.Name, descriptor)
	c.ovaEntries(b, o)
	return b.Commit()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// diskVolume is the final name of a disk's volume: its system, "" for none, stands
// in it only when there are several.
func diskVolume(ova string, systems int, system, id string) string {
	if systems > 1 && system != "" {
		ova += "." + system
	}
	return "ova_" + ova + "_" + id
}

// RemoveOVA starts a job that removes an OVA with its disks, and on request with
// the system templates and profiles that were made with it.
func (c *Catalog) RemoveOVA(p api.OVARemove, by Caller) (api.Job, error) {
	c.changing.Lock() // until the OVA is reserved, nothing may come to refer to it
	defer c.changing.Unlock()
	if same, ok := c.jobs.Same(by.UID, p.RequestID); ok {
		return same, nil
	}
	o, err := c.ovas.Get(p.Name)
	if err != nil {
		return api.Job{}, err
	}
	if _, err := c.pool(o.Pool); err != nil {
		return api.Job{}, err
	}
	in := Intent{Action: removing, Object: ovaObject, Pool: o.Pool, Name: p.Name, MadeBy: o.Job, Flatten: p.Flatten}
	for _, d := range o.Volumes() {
		in.Volumes = append(in.Volumes, d.Volume)
	}
	// The last to go, as it was the first to come: it keeps the name.
	in.Volumes = append(in.Volumes, ingest.RecordVolume(p.Name))
	if in.Entries, err = c.takenAlong(p.Name, p.Cascade); err != nil {
		return api.Job{}, err
	}
	return c.remove(OVARemove, in, by, p.RequestID)
}
