package catalog

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"spliced/api"
	"spliced/failure"
	"spliced/ingest"
	"spliced/job"
	"spliced/rpc"
	"spliced/store"
	"spliced/worker"
)

// AdoptOVA starts a job that makes an OVA's record, its descriptor, templates and
// profiles from what the pool keeps of it.
func (c *Catalog) AdoptOVA(p api.OVAAdopt, by Caller) (api.Job, error) {
	in := Intent{Action: importing, Object: ovaObject, Pool: p.Pool, Name: p.Name}
	return c.adopt(OVAAdopt, in, by, p.RequestID, c.adoptOVA)
}

// AdoptImage starts a job that makes an image's record from what the pool knows
// of its volume.
func (c *Catalog) AdoptImage(p api.ImageAdopt, by Caller) (api.Job, error) {
	in := Intent{Action: importing, Object: imageObject, Pool: p.Pool, Name: p.Name}
	return c.adopt(ImageAdopt, in, by, p.RequestID, c.adoptImage)
}

// adopt starts a job that records what is in a pool already. It has nothing to
// undo, so no intent is written: the records come in one piece or not at all.
func (c *Catalog) adopt(kind string, in Intent, by Caller, requestID string,
	take func(ctx context.Context, in Intent) (string, error),
) (api.Job, error) {
	if _, err := c.pool(in.Pool); err != nil {
		return api.Job{}, err
	}
	work := func(ctx context.Context, r *job.Run) (string, error) {
		in.Job = r.ID()
		defer c.release(in)
		said, err := take(ctx, in)
		if ctx.Err() != nil && err != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return "", failure.Cannot("adopt "+in.title(), err)
		}
		return said, nil
	}
	return c.begin(kind, in, by, requestID, work, func() {})
}

// adoptedBy is the job that adopted what an import recorded: the only one that
// could, since the name was free when it began, and kept for it.
func adoptedBy(id, recordedBy string) string {
	if recordedBy == "" {
		return ""
	}
	return id
}

func (c *Catalog) adoptOVA(ctx context.Context, in Intent) (string, error) {
	kept, o, err := c.findOVA(ctx, in)
	if err != nil {
		return "", err
	}
	if err := c.entriesFree(o); err != nil {
		return "", err
	}
	err = settled(c.recordOVA(o, kept.descriptor))
	if by, _ := c.recordedBy(in); err != nil && by != o.Job {
		return "", err
	}
	return fmt.Sprintf("Adopted OVA %q with %s.", o.Name, count(len(o.Volumes()), "disk")), nil
}

// settled drops the failure of a write that is in place all the same.
func settled(err error) error {
	if errors.Is(err, store.ErrNotDurable) {
		return nil
	}
	return err
}

// findOVA reads an OVA's record out of its pool, and believes none of it that it
// can't see for itself.
func (c *Catalog) findOVA(ctx context.Context, in Intent) (kept pooled, o *api.OVA, err error) {
	err = c.withWorker(ctx, func(w *worker.Worker) error {
		head, archive, err := c.readHead(ctx, w, in)
		if err != nil {
			return err
		}
		if kept, err = decodePooled(archive); err != nil {
			return unfit("the record that the pool keeps of it: %w", err)
		}
		if o, err = c.parsePooled(in, head.Metadata[ingest.MetaJob], kept.record); err != nil {
			return err
		}
		disks := volumeNames(o)
		facts, err := w.Survey(ctx, c.pools[in.Pool], disks, func(int) {})
		if err != nil {
			return err
		}
		return vetVolumes(o, facts)
	})
	return kept, o, err
}

// readHead reads the volume with an OVA's record.
func (c *Catalog) readHead(ctx context.Context, w *worker.Worker, in Intent) (head ingest.Facts, archive []byte, err error) {
	spec, volume := c.pools[in.Pool], ingest.RecordVolume(in.Name)
	facts, err := w.Survey(ctx, spec, []string{volume}, func(int) {})
	if err != nil {
		return head, nil, err
	}
	head = facts[0]
	if err := adoptable(&head, api.OriginOVA(in.Name)); err != nil {
		return head, nil, err
	}
	archive, err = w.ReadRecord(ctx, spec, volume, maxPooled)
	if err != nil {
		return head, nil, err
	}
	if digestOf(archive) != head.Metadata[ingest.MetaDigest] {
		return head, nil, unfit("the volume %q isn't as it was written: its SHA-256 differs", volume)
	}
	return head, archive, nil
}

// adoptable returns nil when a volume stands for something whose import is over.
func adoptable(v *ingest.Facts, origin string) error {
	switch {
	case !v.There:
		return rpc.Errorf(rpc.NotFound, "the pool has no volume %q.", v.Name).
			WithHint("See what there is with splicectl ova adoptable and splicectl image adoptable.")
	case v.Problem != "":
		return unfit("the volume %q can't be looked at: %.200s", v.Name, v.Problem)
	case v.Metadata[ingest.MetaJob] == "" || v.Metadata[ingest.MetaOrigin] != origin:
		return unfit("the volume %q wasn't made as one of it", v.Name)
	case v.Metadata[ingest.MetaRecorded] != ingest.Recorded:
		return rpc.Errorf(rpc.Busy, "its import on host %.64q is not over, or was cut off.", v.Metadata[ingest.MetaHost]).
			WithHint("Wait for its end; if that host is gone, remove the volumes and import it again.")
	case !v.Frozen:
		return unfit("the volume %q has no snapshot %q", v.Name, ingest.Snapshot)
	}
	return nil
}

// unfit says that what a pool holds is not what an import leaves there.
func unfit(format string, args ...any) *rpc.Error {
	return rpc.Errorf(rpc.Integrity, "%w.", fmt.Errorf(format, args...)).
		WithHint("See what is in the pool with splicectl fsck.")
}

// entriesFree returns nil when the templates and profiles of an OVA can be made.
// The names are kept for the job that works on it.
func (c *Catalog) entriesFree(o *api.OVA) error {
	taken, err := c.takenNames(o.Name)
	if err != nil {
		return err
	}
	for i := range o.Systems {
		for _, t := range taken {
			if t.Name == o.Systems[i].Profile && len(o.Systems) > 1 {
				return rpc.Errorf(rpc.Exists, "there is a %s %q already, and one of that name comes with it.", t.What, t.Name).
					WithHint("Remove that " + t.What + " first.")
			}
		}
	}
	return nil
}

// AdoptableOVAs lists the OVAs in a pool of which there is no record here.
func (c *Catalog) AdoptableOVAs(ctx context.Context, pool string) ([]api.Adoptable, error) {
	return c.adoptables(ctx, pool, func(f *ingest.Facts) (string, int) {
		name, is := ingest.RecordedOVA(f.Name)
		if !is || adoptable(f, api.OriginOVA(name)) != nil {
			return "", 0
		}
		return name, disksOf(f)
	}, func(volume string) bool {
		name, is := ingest.RecordedOVA(volume)
		return is && api.CheckName(name) == nil && absent(present(c.ovas, name))
	})
}

// AdoptableImages lists the images in a pool of which there is no record here.
func (c *Catalog) AdoptableImages(ctx context.Context, pool string) ([]api.Adoptable, error) {
	return c.adoptables(ctx, pool, func(f *ingest.Facts) (string, int) {
		if adoptable(f, imageOrigin) != nil {
			return "", 0
		}
		return f.Name, 1
	}, func(volume string) bool {
		_, err := c.image(pool, volume)
		return api.CheckName(volume) == nil && !kept(volume) && absent(err)
	})
}

// kept tells names that no image can have.
func kept(volume string) bool {
	return strings.HasPrefix(volume, "spliced.") || strings.HasPrefix(volume, "ova_")
}

// adoptables lists what a pool has, of those volumes that may be it by their
// names.
func (c *Catalog) adoptables(ctx context.Context, pool string, is func(*ingest.Facts) (string, int), maybe func(string) bool) ([]api.Adoptable, error) {
	spec, err := c.pool(pool)
	if err != nil {
		return nil, err
	}
	ctx, cancel := looking(ctx)
	defer cancel()
	found := []api.Adoptable{}
	err = c.withWorker(ctx, func(w *worker.Worker) error {
		names, err := w.List(ctx, spec)
		if err != nil {
			return err
		}
		var candidates []string
		for _, name := range names {
			if maybe(name) {
				candidates = append(candidates, name)
			}
		}
		facts, err := w.Survey(ctx, spec, candidates, func(int) {})
		for i := range facts {
			if name, disks := is(&facts[i]); name != "" {
				found = append(found, api.Adoptable{Name: name, Disks: disks, Host: short(facts[i].Metadata[ingest.MetaHost])})
			}
		}
		return err
	})
	return found, err
}
