package worker

import (
	"context"
	"errors"
	"io/fs"

	"spliced/failpoint"
	"spliced/libvirt"
	"spliced/rpc"
	"spliced/vm"
)

// A Host is the libvirt of this host: what workers want of *libvirt.Host, whose
// methods say what they answer.
type Host interface {
	Free(ctx context.Context, name string) error
	State(ctx context.Context, name string) (libvirt.State, error)
	XML(ctx context.Context, name string) (string, error)
	Memory(ctx context.Context) (libvirt.Memory, error)
	Version(ctx context.Context) (libvirt.Version, error)
	EnsureSecret(ctx context.Context, s libvirt.Secret) error
	Define(ctx context.Context, definition string) error
	Start(ctx context.Context, name string) error
	Autostart(ctx context.Context, name string, on bool) error
	Undefine(ctx context.Context, name string, destroy bool) error
	RemoveIf(ctx context.Context, name string, mine func(definition string) bool) error
	Close() error
}

// OpenHost reaches a libvirt: it comes, like drivers, from whoever builds the
// program.
type OpenHost func(ctx context.Context, spec HostSpec) (Host, error)

// withHost opens the host for the time of use.
func (s *server) withHost(ctx context.Context, spec HostSpec, use func(Host) error) error {
	host, err := s.openHost(ctx, spec)
	if err != nil {
		return err
	}
	return errors.Join(use(host), host.Close())
}

func (s *server) checkDomain(ctx context.Context, _ *rpc.Call, t DomainCheck) (done, error) {
	if !t.Define { // a manager may define it on another host
		return done{}, nil
	}
	if missing := libvirt.MissingBridges(t.Bridges); len(missing) > 0 {
		return done{}, rpc.Errorf(rpc.NotFound, "this host has no bridge %q.", missing[0]).
			WithHint("Make the bridge, or name another in the network template.")
	}
	return done{}, s.withHost(ctx, t.Host, func(h Host) error {
		err := h.Free(ctx, t.Name)
		if errors.Is(err, fs.ErrExist) {
			return rpc.Errorf(rpc.Exists, "libvirt has a domain of that name already.").
				WithHint("Choose another name, or undefine that one first.")
		}
		if err == nil {
			err = fitsHost(ctx, h, t)
		}
		return err
	})
}

// fitsHost returns nil when the host could run the VM.
func fitsHost(ctx context.Context, h Host, t DomainCheck) error {
	memory, err := h.Memory(ctx)
	if err != nil {
		return err
	}
	if memory.Total < t.Memory {
		return rpc.Errorf(rpc.NoSpace, "it is to have %d MiB of memory, and the host has %d.", t.Memory>>20, memory.Total>>20).
			WithHint("Lower vram in the system template.")
	}
	if t.Spaced == "" {
		return nil
	}
	version, err := h.Version(ctx)
	if err == nil && version < libvirt.RBDNamespaces {
		err = rpc.Errorf(rpc.Unsupported, "pool %q is an RBD namespace, where libvirt finds volumes from %v on, and this host has %v.",
			t.Spaced, libvirt.RBDNamespaces, version).
			WithHint("Put the VM into a pool without a namespace, update libvirt, or make it without defining it.")
	}
	return err
}

func (s *server) define(ctx context.Context, _ *rpc.Call, t DefineTask) (done, error) {
	return done{}, s.withHost(ctx, t.Host, func(h Host) error {
		for _, secret := range t.Secrets {
			if err := h.EnsureSecret(ctx, libvirt.Secret{UUID: secret.UUID, Usage: secret.Usage, Key: []byte(secret.Key)}); err != nil {
				return err
			}
		}
		if err := h.Define(ctx, t.XML); err != nil {
			return err
		}
		failpoint.Hit(failpoint.DomainDefined)
		if t.Autostart {
			if err := h.Autostart(ctx, t.Name, true); err != nil {
				return err
			}
		}
		if !t.Start {
			return nil
		}
		if err := h.Start(ctx, t.Name); err != nil {
			return err
		}
		failpoint.Hit(failpoint.DomainStarted)
		return nil
	})
}

// madeBy tells a domain that the job made from others of the same name.
func madeBy(job string) func(xml string) bool {
	return func(xml string) bool {
		m, err := vm.MetadataOf(xml)
		return err == nil && m.Job == job
	}
}

func (s *server) undefine(ctx context.Context, _ *rpc.Call, t DomainTask) (done, error) {
	return done{}, s.withHost(ctx, t.Host, func(h Host) error {
		if t.Destroy {
			return h.RemoveIf(ctx, t.Name, madeBy(t.Job))
		}
		definition, err := h.XML(ctx, t.Name)
		if err == nil && madeBy(t.Job)(definition) {
			err = h.Undefine(ctx, t.Name, false)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

func (s *server) domain(ctx context.Context, _ *rpc.Call, t DomainTask) (d Domain, err error) {
	err = s.withHost(ctx, t.Host, func(h Host) error {
		definition, err := h.XML(ctx, t.Name)
		if err == nil && madeBy(t.Job)(definition) {
			d.XML = definition
			d.State, err = h.State(ctx, t.Name)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
	return d, err
}
