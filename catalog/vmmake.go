package catalog

import (
	"context"
	"fmt"
	"os"
	"time"

	"spliced/api"
	"spliced/cloudinit"
	"spliced/failpoint"
	"spliced/failure"
	"spliced/ingest"
	"spliced/job"
	"spliced/vm"
	"spliced/worker"
)

// makeVM is the work of a job that makes a VM. Everything is verified before the
// intent is written; from then on what fails is undone.
func (c *Catalog) makeVM(ctx context.Context, r *job.Run, in Intent, o *vmOrder, by Caller) (string, error) {
	cannot := func(err error) error {
		c.release(in)
		return failure.Cannot(in.deed(), err)
	}
	// It may have waited for long: what it is made from can be another by now.
	plan, parts, err := c.workOut(o, r.ID())
	if err != nil {
		return "", cannot(err)
	}
	in.Spread = spread(plan)
	err = c.withWorker(ctx, func(w *worker.Worker) error { return c.verify(ctx, w, o, plan) })
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return "", cannot(err)
	}
	m := &vmMaking{c: c, order: o, plan: plan, parts: parts, run: r}
	u := &upload{intent: in, force: o.Force, expected: m.expected(), stage: m.stage, placed: m.placed}
	u.record = func() error {
		record := vmRecord(o, plan)
		m.sizes(&record)
		record.Created, record.CreatedBy = time.Now().UTC().Truncate(time.Second), by.User
		return c.vms.Create(o.Name, record)
	}
	if err := c.run(ctx, r, u); err != nil {
		return "", err
	}
	return fmt.Sprintf("Made %s with %s%s.", in.title(), count(len(plan.Drives), "volume"), m.ending()), nil
}

// verify looks whether anything stands in a VM's way, in libvirt, on the host and
// in the pools.
func (c *Catalog) verify(ctx context.Context, w *worker.Worker, o *vmOrder, plan *vm.Plan) error {
	check := worker.DomainCheck{Host: c.here.HostSpec, Define: o.define, Name: o.Name, Memory: int64(plan.Hardware.Memory)}
	for _, n := range plan.NICs {
		check.Bridges = append(check.Bridges, n.Bridge)
	}
	for _, d := range plan.Drives {
		if c.pools[d.Pool].Namespace != "" {
			check.Spaced = d.Pool
		}
	}
	if err := w.CheckDomain(ctx, check); err != nil {
		return err
	}
	finals, sources := map[string][]string{}, map[string][]string{}
	for _, d := range plan.Drives {
		finals[d.Pool] = append(finals[d.Pool], d.Volume)
		if d.Source != nil {
			sources[d.Source.Pool] = append(sources[d.Source.Pool], d.Source.Volume)
		}
	}
	for _, pool := range c.poolsOf(plan) {
		if err := w.Free(ctx, pool, finals[pool.Name], sources[pool.Name]); err != nil {
			return err
		}
		if len(finals[pool.Name]) > 0 && !o.Force {
			if err := c.room.check(ctx, w, pool); err != nil {
				return err
			}
		}
	}
	return nil
}

// A vmMaking is a VM while it is made.
type vmMaking struct {
	c      *Catalog
	order  *vmOrder
	plan   *vm.Plan
	parts  *vmParts
	run    *job.Run
	staged []ingest.StagedDisk // as the plan's drives
}

// expected is what copies are going to write: clones and new volumes take no room
// yet.
func (m *vmMaking) expected() map[string]int64 {
	bytes := map[string]int64{}
	for _, d := range m.plan.Drives {
		if d.Copied {
			bytes[d.Pool] += int64(d.Size)
		}
	}
	return bytes
}

// stage makes the volumes under names of the job's own, and lets the script work
// on them.
func (m *vmMaking) stage(ctx context.Context, w *worker.Worker) (moves, error) {
	to := moves{}
	for i := range m.plan.Drives {
		d := &m.plan.Drives[i]
		m.run.Progress("making volumes", int64(i), int64(len(m.plan.Drives)), "volumes")
		staged, err := m.make(ctx, w, d, fmt.Sprintf("%s%d", ingest.StagingPrefix(m.run.ID()), i+1))
		if err != nil {
			return nil, fmt.Errorf("cannot make its volume %s: %w", d.ID, err)
		}
		m.staged = append(m.staged, staged)
		to[d.Pool] = append(to[d.Pool], ingest.Move{From: staged.Volume, To: d.Volume, Writable: true, Metadata: map[string]string{
			ingest.MetaJob: m.run.ID(), ingest.MetaOrigin: "vm " + m.order.Name, ingest.MetaHost: m.c.host,
		}})
	}
	m.run.Progress("making volumes", int64(len(m.plan.Drives)), int64(len(m.plan.Drives)), "volumes")
	return to, m.script(ctx, w)
}

// make makes one volume.
func (m *vmMaking) make(ctx context.Context, w *worker.Worker, d *vm.Drive, name string) (ingest.StagedDisk, error) {
	order := ingest.VolumeOrder{
		Staging: name, Pool: d.Pool, Size: int64(d.Size), Filesystem: d.Filesystem, Args: d.FilesystemArgs,
	}
	task := worker.VolumeTask{Pools: []worker.PoolSpec{m.c.pools[d.Pool]}, Limits: m.c.limits}
	if d.Source != nil {
		order.Source = &ingest.VolumeSource{Pool: d.Source.Pool, Volume: d.Source.Volume}
		if d.Source.Pool != d.Pool {
			task.Pools = append(task.Pools, m.c.pools[d.Source.Pool])
		}
	}
	data, err := m.content(d)
	if err != nil {
		return ingest.StagedDisk{}, err
	}
	var content *os.File
	if data != nil {
		if content, err = inMemory(data); err != nil {
			return ingest.StagedDisk{}, err
		}
		defer func() { _ = content.Close() }() // a file in memory
		order.Content, order.Size = true, int64(len(data))
	}
	task.Order = order
	return w.MakeVolume(ctx, task, content)
}

// content is what a volume that spliced writes itself holds; nil for others.
func (m *vmMaking) content(d *vm.Drive) ([]byte, error) {
	switch d.ID {
	case vm.SeedID:
		seed := cloudinit.Seed{UserData: m.parts.userdata, InstanceID: m.plan.UUID, Hostname: m.plan.Name}
		for _, n := range m.plan.NICs {
			seed.Network = append(seed.Network, cloudinit.NIC{MAC: n.MAC})
		}
		return seed.ISO()
	case vm.OVFEnvID:
		return cloudinit.ISO(ovfEnvLabel, map[string][]byte{ovfEnvFile: m.parts.env})
	}
	return nil, nil
}

// placed makes the domain known to libvirt, once the volumes have their names.
func (m *vmMaking) placed(ctx context.Context, w *worker.Worker) error {
	if !m.order.define {
		return nil
	}
	places, err := m.c.locate(ctx, w, m.plan)
	if err != nil {
		return err
	}
	xml, err := places.domain(m.plan)
	if err != nil {
		return err
	}
	err = w.Define(ctx, worker.DefineTask{
		Host: m.c.here.HostSpec, Name: m.plan.Name, XML: xml, Start: m.order.start,
		Autostart: m.plan.Metadata.NodeAutostart, Secrets: places.secrets(),
	})
	if err == nil {
		failpoint.Hit(failpoint.DomainAnswered)
	}
	return err
}

// sizes puts into the record what only the making told.
func (m *vmMaking) sizes(record *api.VM) {
	for i := range m.staged {
		record.Volumes[i].Size = api.Size(m.staged[i].Size)
	}
}

// ending tells what became of the VM, for the sentence that the job ends with.
func (m *vmMaking) ending() string {
	switch {
	case m.order.start:
		return ", and started it"
	case m.order.define:
		return ", and defined it"
	}
	return ""
}
