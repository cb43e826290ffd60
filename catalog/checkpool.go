package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"spliced/api"
	"spliced/ingest"
	"spliced/rpc"
	"spliced/store"
	"spliced/worker"
)

// An owner is the object whose record names a volume, and what it says of it.
type owner struct {
	object string // as messages name it
	key    string // that it is reserved under
	remove string // the command that removes it
	job    string
	size   int64 // bytes, -1: not said
	// writable says that somebody writes to it: it has no snapshot, and may have
	// grown.
	writable bool
}

// fits reports whether a volume may have that size, in bytes.
func (o owner) fits(size int64) bool {
	return o.size < 0 || size == o.size || o.writable && size > o.size
}

// owners are the volumes of a pool that records name.
func (c *Catalog) owners(pool string) (map[string]owner, error) {
	named := map[string]owner{}
	images, _, err := c.images[pool].All()
	if err != nil {
		return nil, err
	}
	for _, i := range images {
		t := target{kindImage, pool, i.Name}
		named[i.Name] = owner{fmt.Sprintf("image %q", i.Name), t.key(), "image remove " + i.Name, i.Value.Job, int64(i.Value.Size), false}
	}
	ovas, _, err := c.ovas.All()
	for _, item := range ovas {
		o, t := &item.Value, target{kind: kindOVA, name: item.Name}
		if o.Pool != pool {
			continue
		}
		by := owner{t.title(), t.key(), "ova remove " + item.Name, o.Job, -1, false}
		named[ingest.RecordVolume(item.Name)] = by
		for _, d := range o.Volumes() {
			by.size = int64(d.Size)
			named[d.Volume] = by
		}
	}
	if err != nil {
		return nil, err
	}
	return named, c.vmVolumes(pool, named)
}

// vmVolumes adds the volumes of VMs to those of a pool that records name.
func (c *Catalog) vmVolumes(pool string, named map[string]owner) error {
	vms, _, err := c.vms.All()
	for _, item := range vms {
		in := Intent{Object: vmObject, Name: item.Name}
		for _, v := range item.Value.Volumes {
			if v.Pool == pool {
				named[v.Volume] = owner{in.title(), in.key(), "vm remove " + item.Name, item.Value.Job, int64(v.Size), true}
			}
		}
	}
	return err
}

// pool compares a pool with the records. These are read before and after it: what
// a job changes meanwhile is neither here nor there, and isn't told.
func (k *check) pool(ctx context.Context, w *worker.Worker, name string) error {
	spec := k.catalog.pools[name]
	before, err := k.catalog.owners(name)
	if err != nil {
		return err
	}
	listed, err := w.List(ctx, spec)
	if err != nil {
		return err
	}
	volumes := union(listed, before)
	k.volumes += int64(len(volumes))
	looked := k.looked
	facts, err := w.Survey(ctx, spec, volumes, func(done int) {
		k.looked = looked + int64(done)
		k.progress("checking", k.looked, k.volumes, "volumes")
	})
	if err != nil {
		return err
	}
	after, err := k.catalog.owners(name)
	if err != nil {
		return err
	}
	maps.Copy(k.busy, k.catalog.busyJobs())
	p := &poolCheck{check: k, spec: spec, before: before, after: after, reserved: k.catalog.reservedKeys()}
	p.compare(facts)
	return p.contents(ctx, w, facts)
}

func union(listed []string, named map[string]owner) []string {
	all := map[string]bool{}
	for _, name := range listed {
		all[name] = true
	}
	for name := range named {
		all[name] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// reservedKeys are what jobs work on.
func (c *Catalog) reservedKeys() map[string]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := map[string]bool{}
	for key := range c.reserved {
		keys[key] = true
	}
	return keys
}

// A poolCheck is a check of one pool, whose volumes have been looked at.
type poolCheck struct {
	*check
	spec          worker.PoolSpec
	before, after map[string]owner
	reserved      map[string]bool
}

func (p *poolCheck) compare(facts []ingest.Facts) {
	whole := wholes(facts)
	for i := range facts {
		f := &facts[i]
		by, named := p.after[f.Name]
		switch {
		case named && p.steady(f.Name, by):
			p.owned(f, by)
		case !named && f.There && p.before[f.Name] == owner{}:
			p.unowned(f, whole)
		}
	}
}

// steady reports whether a record was there all the time, and nobody works on it.
func (p *poolCheck) steady(volume string, by owner) bool {
	return p.before[volume] == by && !p.reserved[by.key]
}

// owned compares a volume with the record that names it.
func (p *poolCheck) owned(f *ingest.Facts, by owner) {
	said := api.Finding{Kind: api.MissingVolume, Object: by.object, Pool: p.spec.Name, Volume: f.Name}
	said.Hint = "Bring the volume back from a backup, or remove what is left with splicectl " + by.remove + "."
	switch {
	case f.Problem != "":
		said.Text = fmt.Sprintf("The volume can't be looked at: %.300s.", f.Problem)
		said.Hint = "See what the storage says of it."
	case !f.There:
		said.Text = "The volume isn't there."
		said.Hint = "If another host removed it, drop the record with splicectl " + by.remove + "; else bring it back from a backup."
	case f.Metadata[ingest.MetaJob] != by.job:
		said.Text = "There is a volume of that name, but another job made it."
	case !by.fits(f.Size):
		said.Kind = api.SizeMismatch
		said.Text = fmt.Sprintf("The volume has %d bytes, and %d in the record.", f.Size, by.size)
	case !f.Frozen && !by.writable:
		said.Text = fmt.Sprintf("The volume has lost its snapshot %q, from which clones are made.", ingest.Snapshot)
	default:
		return
	}
	p.tell(said)
}

// unowned looks at a volume that no record names. One that doesn't say that it is
// ours is none of our business, and neither is one of another host, unless this
// one could take it over.
func (p *poolCheck) unowned(f *ingest.Facts, whole map[string]bool) {
	said := api.Finding{Pool: p.spec.Name, Volume: f.Name}
	made, host := f.Metadata[ingest.MetaJob], f.Metadata[ingest.MetaHost]
	here := host == "" || host == p.catalog.host
	staging, isStaging := ingest.JobOfStaging(f.Name)
	ova, isRecord := ingest.RecordedOVA(f.Name)
	switch {
	case isStaging && (p.underway(staging) || !here):
		return
	case isStaging:
		said.Kind, said.Text = api.StagingLeftover, fmt.Sprintf("Job %s, which doesn't run here, left the volume.", staging)
		said.Hint = "Remove it, once you know that the job runs on no other host either."
	case made == "" || p.underway(made) || p.broken(f):
		return
	case isRecord && adoptable(f, api.OriginOVA(ova)) == nil && whole[made]:
		said.Kind, said.Object = api.AdoptableObject, fmt.Sprintf("OVA %q", ova)
		said.Text = fmt.Sprintf("It is in the pool, from host %.64q, and has no record here.", host)
		said.Hint = "Take it in with splicectl ova adopt " + ova + "."
	case isRecord && adoptable(f, api.OriginOVA(ova)) == nil:
		said.Kind, said.Object = api.OrphanVolume, fmt.Sprintf("OVA %q", ova)
		said.Text = "Its record is in the pool, but not all of its disks are."
		said.Hint = "Bring them back from a backup, or remove the volumes."
	case !isRecord && adoptable(f, imageOrigin) == nil && api.CheckName(f.Name) == nil && !kept(f.Name):
		said.Kind, said.Object = api.AdoptableObject, fmt.Sprintf("image %q", f.Name)
		said.Text = fmt.Sprintf("It is in the pool, from host %.64q, and has no record here.", host)
		said.Hint = "Take it in with splicectl image adopt " + f.Name + "."
	case whole[made] || !here:
		return
	default:
		said.Kind, said.Text = api.OrphanVolume, fmt.Sprintf("Job %.40q made the volume, and no record names it.", made)
		said.Hint = "Remove it if nothing else needs it."
	}
	p.tell(said)
}

// broken tells whether a volume's object has a record that can't be used. That is
// told of the record, and whether it names the volume nobody knows.
func (p *poolCheck) broken(f *ingest.Facts) bool {
	var err error
	switch kind, name, _ := strings.Cut(f.Metadata[ingest.MetaOrigin], " "); kind {
	case string(ovaObject):
		_, err = p.catalog.ovas.Get(name)
	case string(vmObject):
		_, err = p.catalog.vms.Get(name)
	case imageOrigin:
		_, err = p.catalog.image(p.spec.Name, f.Name)
	}
	return errors.Is(err, store.ErrCorrupt)
}

// wholes are the jobs of which a pool has an OVA's record and as many disks as
// that says.
func wholes(facts []ingest.Facts) map[string]bool {
	disks, heads := map[string]int{}, map[string]*ingest.Facts{}
	for i := range facts {
		f := &facts[i]
		made := f.Metadata[ingest.MetaJob]
		if _, isRecord := ingest.RecordedOVA(f.Name); isRecord {
			heads[made] = f
		} else if f.There && made != "" {
			disks[made]++
		}
	}
	whole := map[string]bool{}
	for made, f := range heads {
		ova, _ := ingest.RecordedOVA(f.Name)
		whole[made] = adoptable(f, api.OriginOVA(ova)) == nil && disks[made] >= disksOf(f)
	}
	return whole
}

// contents reads the volumes that records name, if that is asked for, and compares
// what is in them with what was written.
func (p *poolCheck) contents(ctx context.Context, w *worker.Worker, facts []ingest.Facts) error {
	if !p.digests {
		return nil
	}
	var due []*ingest.Facts
	for i := range facts {
		f := &facts[i]
		by, named := p.after[f.Name]
		if named && !by.writable && p.steady(f.Name, by) && f.Metadata[ingest.MetaContent] != "" && f.Metadata[ingest.MetaJob] == by.job {
			due = append(due, f)
		}
	}
	p.toRead += int64(len(due))
	for _, f := range due {
		p.progress("reading", p.read, p.toRead, "volumes")
		if err := p.content(ctx, w, f); err != nil {
			return err
		}
		p.read++
	}
	p.progress("reading", p.read, p.toRead, "volumes")
	return nil
}

func (p *poolCheck) content(ctx context.Context, w *worker.Worker, f *ingest.Facts) error {
	now, err := w.Content(ctx, p.spec, f.Name)
	if e := new(rpc.Error); errors.As(err, &e) && e.Code == rpc.NotFound {
		return nil // removed since it was looked at
	}
	if want := f.Metadata[ingest.MetaContent]; err == nil && now != want {
		p.tell(api.Finding{
			Kind: api.DigestMismatch, Object: p.after[f.Name].object, Pool: p.spec.Name, Volume: f.Name,
			Text: fmt.Sprintf("The volume's content isn't what was written: it sums up to %s, and did to %.16s.", now, want),
			Hint: "Don't trust it: look into the storage, and import it again.",
		})
	}
	return err
}
