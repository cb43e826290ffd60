package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"spliced/block"
	"spliced/disk"
	"spliced/ovf"
)

// complete pairs the plan's disks with what was staged, makes what has no file,
// and drops what no disk needs.
func (o *ova) complete(ctx context.Context) (*StagedOVA, error) {
	if o.plan == nil {
		return nil, noDescriptor()
	}
	verdicts, err := o.archive.Verdicts()
	if err != nil {
		return nil, err
	}
	if err := verdicts.Refuse(o.request.RequireManifest); err != nil {
		return nil, err
	}
	if err := o.plan.Resolve(o.archive.Names()); err != nil {
		return nil, err
	}
	staged := &StagedOVA{Plan: o.plan, Descriptor: string(o.descriptor), Verdicts: verdicts, Properties: o.given.Shown, Secrets: o.given.Secret}
	for _, w := range wants(o.plan) {
		d, err := o.provide(ctx, w)
		if err != nil {
			return nil, err
		}
		o.judge(&d, verdicts)
		staged.Disks = append(staged.Disks, d)
	}
	if err := o.chooseFirmware(ctx, staged.Disks); err != nil {
		return nil, err
	}
	return staged, o.drop(ctx)
}

// A want is a volume that the plan asks for.
type want struct {
	system, id string
	members    []string
	capacity   int64
}

func wants(p *ovf.Plan) []want {
	var all []want
	add := func(system string, d ovf.Disk) {
		if d.SharedWith == "" {
			all = append(all, want{system: system, id: d.ID, members: d.Members, capacity: d.Capacity})
		}
	}
	for _, s := range p.Systems {
		for _, d := range s.Disks {
			add(s.Key, d)
		}
		for _, m := range s.Media {
			all = append(all, want{system: s.Key, id: m.ID, members: m.Members})
		}
	}
	for _, d := range p.Unattached {
		add("", d)
	}
	return all
}

// provide makes sure that there is a volume for w.
func (o *ova) provide(ctx context.Context, w want) (OVADisk, error) {
	d := OVADisk{System: w.system, ID: w.id}
	if len(w.members) == 0 {
		var err error
		d.StagedDisk, err = o.blank(ctx, w.capacity)
		return d, err
	}
	d.Member = w.members[0]
	t := o.members[d.Member]
	if t == nil {
		return d, refuse(BadOVA, "member %s is a disk, but was not recognised as one", ovf.Display(d.Member)).withMember(d.Member)
	}
	if t.refused != nil {
		return d, inMember(d.Member, t.refused)
	}
	if t.chunks != nil {
		if err := allChunks(o.archive.Names(), t.chunks.base, t.chunks.number); err != nil {
			return d, err
		}
	}
	d.StagedDisk = t.disk
	if t.used {
		var err error
		if d.StagedDisk, err = o.duplicate(ctx, t.disk); err != nil {
			return d, err
		}
	}
	t.used = true
	return d, o.enlarge(ctx, &d.StagedDisk, w.capacity)
}

// enlarge makes a volume as large as the descriptor says. It never makes one
// smaller: the image's own header knows better what it holds.
func (o *ova) enlarge(ctx context.Context, d *StagedDisk, capacity int64) error {
	if capacity <= d.Size {
		return nil
	}
	if err := o.allowed(capacity); err != nil {
		return err
	}
	err := with(ctx, o.pool, d.Volume, func(v block.Volume) error {
		return errors.Join(v.Resize(capacity), v.Flush())
	})
	if err != nil {
		return fmt.Errorf("cannot enlarge the volume %q: %w", d.Volume, err)
	}
	d.Size = capacity
	return nil
}

func (o *ova) allowed(capacity int64) error {
	if capacity > o.limits.MaxVirtualSize {
		return refuse(TooLarge, "its descriptor asks for a disk of %d bytes, %d are allowed", capacity, o.limits.MaxVirtualSize)
	}
	return nil
}

// blank makes an empty volume.
func (o *ova) blank(ctx context.Context, capacity int64) (StagedDisk, error) {
	if err := o.allowed(capacity); err != nil {
		return StagedDisk{}, err
	}
	name := o.volume()
	v, err := o.pool.Create(ctx, name, capacity)
	if err != nil {
		return StagedDisk{}, fmt.Errorf("cannot make the volume %q: %w", name, err)
	}
	return StagedDisk{Volume: name, Size: capacity, Content: new(contentSum).String(), Proven: true}, errors.Join(v.Flush(), v.Close())
}

// duplicate copies a staged volume: two disks on one file are two disks.
func (o *ova) duplicate(ctx context.Context, from StagedDisk) (StagedDisk, error) {
	var to StagedDisk
	err := with(ctx, o.pool, from.Volume, func(v block.Volume) error {
		r, err := disk.Open(io.NewSectionReader(v, 0, v.Size()), disk.Options{Format: disk.Raw, Size: v.Size(), MaxVirtualSize: v.Size(), ChunkSize: chunkSize})
		if err != nil {
			return err
		}
		to, err = o.stage(ctx, o.volume(), r)
		return err
	})
	to.Format = from.Format
	return to, err
}

// judge adds what the archive knows of a disk's member.
func (o *ova) judge(d *OVADisk, verdicts *ovf.Verdicts) {
	at := slices.IndexFunc(verdicts.Members, func(m ovf.MemberVerdict) bool { return m.Name == d.Member })
	if at >= 0 {
		d.SHA256, d.State = verdicts.Members[at].SHA256, string(verdicts.Members[at].State)
	}
}

// drop removes what was staged although no disk needs it. What was refused is
// removed by its name as well, if it got as far as a volume.
func (o *ova) drop(ctx context.Context) error {
	for _, t := range o.members {
		if t.used || t.disk.Volume == "" {
			continue
		}
		if err := o.pool.Remove(ctx, t.disk.Volume); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("cannot remove the volume %q, which no disk needs: %w", t.disk.Volume, err)
		}
	}
	return nil
}
