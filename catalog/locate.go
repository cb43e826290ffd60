package catalog

import (
	"context"
	"fmt"
	"path"

	"github.com/google/uuid"

	"spliced/block"
	"spliced/vm"
	"spliced/worker"
)

// places are where a hypervisor finds the volumes of a VM's pools.
type places struct {
	here  Host
	specs map[string]worker.PoolSpec
	pools map[string]block.Location
}

func (c *Catalog) locate(ctx context.Context, w *worker.Worker, plan *vm.Plan) (*places, error) {
	found, err := w.Locate(ctx, c.poolsOf(plan))
	return &places{here: c.here, specs: c.pools, pools: found}, err
}

// domain writes the domain of a plan.
func (p *places) domain(plan *vm.Plan) (string, error) {
	return plan.Domain(vm.Options{NoKVM: p.here.NoKVM, SerialLogs: p.here.SerialLogs}, p.volume)
}

// volume tells where a volume is.
func (p *places) volume(pool, name string) (vm.Location, error) {
	l, known := p.pools[pool]
	switch {
	case !known:
		return vm.Location{}, fmt.Errorf("nobody told where pool %q is", pool)
	case l.RBD == nil:
		return vm.Location{File: path.Join(l.Folder, name), Buffered: l.Buffered}, nil
	}
	image := path.Join(l.RBD.Pool, l.RBD.Namespace, name)
	rbd := &vm.RBD{Image: image, User: l.RBD.User}
	for _, m := range l.RBD.Monitors {
		rbd.Monitors = append(rbd.Monitors, m.String())
	}
	if rbd.User != "" {
		rbd.Secret = p.secret(pool, l.RBD)
	}
	return vm.Location{RBD: rbd}, nil
}

// secretSpace is the namespace of the secrets' UUIDs (RFC 9562, section 5.5).
const secretSpace = "a1f0c7de-6f0b-4b4e-9d5f-0d1c5b6a7e21" //nolint:gosec // G101: it is a namespace, and no secret

// secret is the UUID of the libvirt secret that has the key for a pool: the
// configured one, else one that only depends on cluster and user, so that all
// VMs of this host share it.
func (p *places) secret(pool string, r *block.RBD) string {
	if configured := p.specs[pool].Secret; configured != "" {
		return configured
	}
	return uuid.NewSHA1(uuid.MustParse(secretSpace), []byte(r.FSID+"/"+r.User)).String()
}

// secrets are the keys that libvirt must have for the domain. Those whose UUID
// the configuration gives are its operator's matter.
func (p *places) secrets() []worker.HostSecret {
	if !p.here.DefineSecrets {
		return nil
	}
	var secrets []worker.HostSecret
	for pool, l := range p.pools {
		if l.RBD == nil || l.RBD.User == "" || p.specs[pool].Secret != "" {
			continue
		}
		secrets = append(secrets, worker.HostSecret{
			UUID: p.secret(pool, l.RBD), Usage: fmt.Sprintf("spliced client.%s %s", l.RBD.User, l.RBD.FSID), Key: l.RBD.Key,
		})
	}
	return secrets
}
