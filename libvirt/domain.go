package libvirt

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"

	remote "github.com/digitalocean/go-libvirt"
)

// A State is what a domain does, in virsh's words.
type State string

// The states of libvirt-domain.h, enum virDomainState.
const (
	NoState     State = "no state"
	Running     State = "running"
	Blocked     State = "idle"
	Paused      State = "paused"
	Stopping    State = "in shutdown"
	ShutOff     State = "shut off"
	Crashed     State = "crashed"
	PMSuspended State = "pmsuspended"
)

// Active reports whether the domain has a process.
func (s State) Active() bool { return s != ShutOff && s != Crashed && s != NoState }

// stateOf knows the numbers.
func stateOf(n int32) State {
	states := []State{NoState, Running, Blocked, Paused, Stopping, ShutOff, Crashed, PMSuspended}
	if n < 0 || int(n) >= len(states) {
		return NoState
	}
	return states[n]
}

// named calls f with the domain of that name.
func (h *Host) named(ctx context.Context, action, name string, f func(remote.Domain) error) error {
	err := h.do(ctx, func() error {
		d, err := h.remote.DomainLookupByName(name)
		if err != nil {
			return err
		}
		return f(d)
	})
	if err != nil {
		return fmt.Errorf("cannot %s domain %q: %w", action, name, err)
	}
	return nil
}

// Free returns nil when there is no domain of that name: fs.ErrExist.
func (h *Host) Free(ctx context.Context, name string) error {
	err := h.named(ctx, "look for", name, func(remote.Domain) error { return nil })
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	return taken(name)
}

func taken(name string) error {
	return fmt.Errorf("libvirt has a domain %q already: %w", name, fs.ErrExist)
}

// Define defines a domain, which is not started, after libvirt has compared its
// definition with its own schema. fs.ErrExist when its name is taken, also by a
// domain with the same UUID: an existing one is never changed.
func (h *Host) Define(ctx context.Context, definition string) error {
	name, err := nameIn(definition)
	if err != nil {
		return err
	}
	if err := h.Free(ctx, name); err != nil {
		return err
	}
	err = h.do(ctx, func() error {
		_, err := h.remote.DomainDefineXMLFlags(definition, remote.DomainDefineValidate)
		return err
	})
	switch {
	case errors.Is(err, fs.ErrExist):
		return taken(name)
	case err != nil:
		return fmt.Errorf("cannot define domain %q: %w", name, err)
	}
	return nil
}

// nameIn is the name in a domain's definition.
func nameIn(definition string) (string, error) {
	var domain struct {
		XMLName xml.Name `xml:"domain"`
		Name    string   `xml:"name"`
	}
	if err := xml.Unmarshal([]byte(definition), &domain); err != nil {
		return "", fmt.Errorf("cannot read the definition of a domain: %w", err)
	}
	if domain.Name == "" {
		return "", fmt.Errorf("the definition of a domain has no name: %w", fs.ErrInvalid)
	}
	return domain.Name, nil
}

// Start starts a defined domain. fs.ErrNotExist, ErrRunning.
func (h *Host) Start(ctx context.Context, name string) error {
	return h.named(ctx, "start", name, h.remote.DomainCreate)
}

// Autostart has libvirt start a domain with the host, or no more. fs.ErrNotExist.
func (h *Host) Autostart(ctx context.Context, name string, on bool) error {
	value := int32(0)
	if on {
		value = 1
	}
	return h.named(ctx, "set the autostart of", name, func(d remote.Domain) error {
		return h.remote.DomainSetAutostart(d, value)
	})
}

// State tells what a domain does. fs.ErrNotExist.
func (h *Host) State(ctx context.Context, name string) (state State, err error) {
	err = h.named(ctx, "look at", name, func(d remote.Domain) error {
		state, err = h.state(d)
		return err
	})
	return state, err
}

func (h *Host) state(d remote.Domain) (State, error) {
	n, _, err := h.remote.DomainGetState(d, 0)
	return stateOf(n), err
}

// XML is a domain's definition as it holds from its next start on, without
// secrets. fs.ErrNotExist.
func (h *Host) XML(ctx context.Context, name string) (definition string, err error) {
	err = h.named(ctx, "read the definition of", name, func(d remote.Domain) error {
		definition, err = h.remote.DomainGetXMLDesc(d, remote.DomainXMLInactive)
		return err
	})
	return definition, err
}
