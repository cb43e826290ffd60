package libvirt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	remote "github.com/digitalocean/go-libvirt"
)

// tpmVersion is the first release of libvirt whose undefining can be told to
// remove the state of a TPM; before, it always did.
const tpmVersion = 8_009_000

// Undefine removes a domain's definition, with the firmware's variables, the
// TPM's state, what was saved of its memory and what libvirt knows of snapshots;
// disks stay. A running one is ended by force if destroy says so, else
// ErrRunning. fs.ErrNotExist.
func (h *Host) Undefine(ctx context.Context, name string, destroy bool) error {
	return h.named(ctx, "remove", name, func(d remote.Domain) error { return h.undefine(d, destroy) })
}

// RemoveIf does what Undefine with destroy does, if the domain is there and mine
// says of its definition that it is the one that is meant.
func (h *Host) RemoveIf(ctx context.Context, name string, mine func(definition string) bool) error {
	err := h.named(ctx, "remove", name, func(d remote.Domain) error {
		definition, err := h.remote.DomainGetXMLDesc(d, remote.DomainXMLInactive)
		if err != nil || !mine(definition) {
			return err
		}
		return h.undefine(d, true)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// undefine removes d, which the UUID in it keeps apart from another domain that
// may have got its name meanwhile.
func (h *Host) undefine(d remote.Domain, destroy bool) error {
	if err := h.end(d, destroy); err != nil {
		return err
	}
	flags := remote.DomainUndefineManagedSave | remote.DomainUndefineSnapshotsMetadata |
		remote.DomainUndefineCheckpointsMetadata | remote.DomainUndefineNvram
	version, err := h.remote.ConnectGetLibVersion()
	if err != nil {
		return err
	}
	if version >= tpmVersion {
		flags |= remote.DomainUndefineTpm
	}
	err = h.remote.DomainUndefineFlags(d, flags)
	if remote.IsNotFound(err) { // a transient one went with its process
		return nil
	}
	return err
}

// end sees to it that d has no process.
func (h *Host) end(d remote.Domain, destroy bool) error {
	state, err := h.state(d)
	if err != nil || !state.Active() {
		return err
	}
	if !destroy {
		return fmt.Errorf("%w (%s)", ErrRunning, state)
	}
	err = h.remote.DomainDestroyFlags(d, remote.DomainDestroyDefault)
	if err == nil || remote.IsNotFound(err) {
		return nil
	}
	if state, again := h.state(d); again == nil && !state.Active() { // it ended by itself
		return nil
	}
	return err
}
