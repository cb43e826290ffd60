package catalog

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"spliced/api"
	"spliced/failure"
	"spliced/job"
	"spliced/rpc"
	"spliced/vm"
	"spliced/worker"
)

// A Host is what VMs of this host run on.
type Host struct {
	worker.HostSpec
	NoKVM         bool   // QEMU emulates the processor
	SerialLogs    string // folder for what VMs write to their serial ports; "" for libvirt's own
	DefineSecrets bool   // keys of Ceph may be given to libvirt
	Scripts       Scripts
}

// CreateVM starts a job that makes a VM. What can be refused without looking at
// pools and libvirt is refused at once.
func (c *Catalog) CreateVM(p api.VMCreate, by Caller) (api.Job, error) {
	if same, ok := c.jobs.Same(by.UID, p.RequestID); ok {
		return same, nil
	}
	o, err := c.order(p)
	if err != nil {
		return api.Job{}, err
	}
	discard := func() { c.releaseVMID(o.vmid) }
	plan, _, err := c.workOut(o, "")
	if err != nil {
		discard()
		return api.Job{}, err
	}
	in := Intent{Action: importing, Object: vmObject, Name: p.Name, Spread: spread(plan), Domain: o.define}
	work := func(ctx context.Context, r *job.Run) (string, error) {
		defer discard()
		in.Job = r.ID()
		return c.makeVM(ctx, r, in, o, by)
	}
	return c.begin(VMCreate, in, by, p.RequestID, work, discard)
}

// order settles what is asked for.
func (c *Catalog) order(p api.VMCreate) (*vmOrder, error) {
	o := &vmOrder{VMCreate: p, uuid: uuid.NewString(), define: p.Define == nil || *p.Define}
	o.start = o.define
	if p.Start != nil {
		o.start = *p.Start
	}
	if o.start && !o.define {
		return nil, rpc.Errorf(rpc.InvalidParams, "a VM that is not defined can't be started.").WithField("start").
			WithHint("Leave start away, or let it be defined.")
	}
	var err error
	o.vmid, err = c.claimVMID(p.VMID)
	return o, err
}

// workOut plans a VM from what the catalogue has now.
func (c *Catalog) workOut(o *vmOrder, jobID string) (*vm.Plan, *vmParts, error) {
	parts, err := c.parts(o, jobID)
	if err != nil {
		return nil, nil, err
	}
	if parts.script != "" && !c.here.Scripts.Allowed {
		return nil, nil, rpc.Errorf(rpc.Denied, "the profile has the script %q, and scripts are not allowed here.", parts.Profile.Script).
			WithHint("Set scripts.allowed in the daemon's configuration, or take the script out of the profile.")
	}
	plan, err := vm.Work(parts.Parts)
	if err != nil {
		return nil, nil, err
	}
	plan.Warnings = append(plan.Warnings, parts.warnings...)
	for i := range plan.Drives {
		if _, err := c.pool(plan.Drives[i].Pool); err != nil {
			return nil, nil, err
		}
	}
	return plan, parts, nil
}

// spread is which pools a VM has volumes in.
func spread(plan *vm.Plan) map[string][]string {
	pools := map[string][]string{}
	for _, d := range plan.Drives {
		pools[d.Pool] = nil
	}
	return pools
}

// RenderVM answers what a VM would be, its domain included, and touches nothing.
func (c *Catalog) RenderVM(ctx context.Context, p api.VMCreate) (api.VM, error) {
	return c.preview(ctx, p, func(*worker.Worker, *vmOrder, *vm.Plan) error { return nil })
}

// TryVM verifies all that is verified before a VM is made, and makes nothing.
func (c *Catalog) TryVM(ctx context.Context, p api.VMCreate) (api.VM, error) {
	return c.preview(ctx, p, func(w *worker.Worker, o *vmOrder, plan *vm.Plan) error {
		if err := c.allowed(Intent{Action: importing, Object: vmObject, Name: p.Name}); err != nil {
			return err
		}
		return c.verify(ctx, w, o, plan)
	})
}

func (c *Catalog) preview(ctx context.Context, p api.VMCreate, look func(*worker.Worker, *vmOrder, *vm.Plan) error) (api.VM, error) {
	o, err := c.order(p)
	if err != nil {
		return api.VM{}, err
	}
	defer c.releaseVMID(o.vmid)
	plan, _, err := c.workOut(o, "")
	if err != nil {
		return api.VM{}, err
	}
	ctx, cancel := looking(ctx)
	defer cancel()
	v := vmRecord(o, plan)
	err = c.withWorker(ctx, func(w *worker.Worker) error {
		if err := look(w, o, plan); err != nil {
			return err
		}
		placed, err := c.locate(ctx, w, plan)
		if err == nil {
			v.XML, err = placed.domain(plan)
		}
		return err
	})
	v.Defined = false
	return v, err
}

// vmRecord is what is remembered of a VM.
func vmRecord(o *vmOrder, plan *vm.Plan) api.VM {
	return api.VM{
		Name: plan.Name, UUID: plan.UUID, VMID: o.vmid, Profile: o.Profile, OVA: plan.Metadata.OVA,
		Volumes: plan.Volumes(), Defined: o.define, Job: plan.Metadata.Job, Warnings: sentences(plan.Warnings),
	}
}

// sentences makes clauses ready to be shown.
func sentences(clauses []string) []string {
	var all []string
	for _, clause := range clauses {
		all = append(all, clause+".")
	}
	return all
}

// VMs lists the VMs whose names match the regular expression, sorted.
func (c *Catalog) VMs(match string) ([]api.VM, error) { return matching(c.vms, match) }

// VM returns a VM's record, with its domain as libvirt has it, or as it was made
// for a manager of its own.
func (c *Catalog) VM(ctx context.Context, name string) (api.VM, error) {
	v, err := c.vms.Get(name)
	if err != nil {
		return v, err
	}
	if !v.Defined {
		xml, err := c.domains.Get(name)
		if absent(err) { // somebody took its file away; the record is worth showing all the same
			return v, nil
		}
		v.XML = string(xml)
		return v, err
	}
	ctx, cancel := looking(ctx)
	defer cancel()
	err = c.withWorker(ctx, func(w *worker.Worker) error {
		d, err := w.Domain(ctx, worker.DomainTask{Host: c.here.HostSpec, Name: name, Job: v.Job})
		v.XML, v.State = d.XML, string(d.State)
		return err
	})
	if err != nil {
		v.State = "unknown" // the record is worth showing all the same
		v.Warnings = append(v.Warnings, "libvirt can't be asked for its state: "+failure.Of(err).Message)
	}
	return v, nil
}

// RemoveVM starts a job that removes a VM with its volumes.
func (c *Catalog) RemoveVM(p api.VMRemove, by Caller) (api.Job, error) {
	if same, ok := c.jobs.Same(by.UID, p.RequestID); ok {
		return same, nil
	}
	v, err := c.vms.Get(p.Name)
	if err != nil {
		return api.Job{}, err
	}
	in := Intent{
		Action: removing, Object: vmObject, Name: p.Name, MadeBy: v.Job, Domain: true, Destroy: p.Destroy,
		Spread: map[string][]string{},
	}
	for _, volume := range v.Volumes {
		if _, err := c.pool(volume.Pool); err != nil {
			return api.Job{}, err
		}
		in.Spread[volume.Pool] = append(in.Spread[volume.Pool], volume.Volume)
	}
	in.Domain = v.Defined
	return c.remove(VMRemove, in, by, p.RequestID)
}

// poolsOf are the pools of a plan's volumes and sources, each once.
func (c *Catalog) poolsOf(plan *vm.Plan) []worker.PoolSpec {
	var specs []worker.PoolSpec
	add := func(name string) {
		if !slices.ContainsFunc(specs, func(s worker.PoolSpec) bool { return s.Name == name }) {
			specs = append(specs, c.pools[name])
		}
	}
	for _, d := range plan.Drives {
		add(d.Pool)
		if d.Source != nil {
			add(d.Source.Pool)
		}
	}
	return specs
}
