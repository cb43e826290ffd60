package worker

import (
	"context"
	"os"

	"spliced/block"
	"spliced/ingest"
	"spliced/libvirt"
)

// A HostSpec says how to reach the libvirt of this host.
type HostSpec struct {
	Socket string `json:"socket"` // path of its Unix socket; "" for where libvirt listens by itself
}

// A DomainCheck asks whether a VM could be made on this host.
type DomainCheck struct {
	Host    HostSpec `json:"host"`
	Define  bool     `json:"define"` // in libvirt
	Name    string   `json:"name"`
	Bridges []string `json:"bridges,omitempty"` // that must be there
	Memory  int64    `json:"memory"`            // bytes
	Spaced  string   `json:"spaced,omitempty"`  // a pool of the VM's that is an RBD namespace
}

// A VolumeTask asks for a volume of a VM to be staged.
type VolumeTask struct {
	Pools  []PoolSpec         `json:"pools"` // its own, and its source's
	Order  ingest.VolumeOrder `json:"order"`
	Limits ingest.Limits      `json:"limits"`
}

// A DefineTask asks for a domain to be made known to libvirt, and started.
type DefineTask struct {
	Host      HostSpec     `json:"host"`
	Name      string       `json:"name"`
	XML       string       `json:"xml"`
	Start     bool         `json:"start"`
	Autostart bool         `json:"autostart"`
	Secrets   []HostSecret `json:"secrets,omitempty"` // to be there before
}

// A HostSecret is a key that libvirt keeps for QEMU.
type HostSecret struct {
	UUID  string       `json:"uuid"`
	Usage string       `json:"usage"` // unique in libvirt, for people
	Key   block.Secret `json:"key"`   // base64
}

// A DomainTask is about the domain that a job made.
type DomainTask struct {
	Host    HostSpec `json:"host"`
	Name    string   `json:"name"`
	Job     string   `json:"job"`     // that made it; a domain of another is left alone
	Destroy bool     `json:"destroy"` // also when it runs
}

// A Domain is what libvirt knows of one.
type Domain struct {
	State libvirt.State `json:"state"` // "" when there is none that the job made
	XML   string        `json:"xml,omitempty"`
}

type locateTask struct {
	Pools []PoolSpec `json:"pools"`
}

type freeTask struct {
	Pool    PoolSpec `json:"pool"`
	Names   []string `json:"names,omitempty"`
	Sources []string `json:"sources,omitempty"`
}

type flattenTask struct {
	Pool PoolSpec `json:"pool"`
	Name string   `json:"name"`
}

// The requests about VMs.
const (
	methodCheckDomain = "domain.check"
	methodDefine      = "domain.define"
	methodUndefine    = "domain.undefine"
	methodDomain      = "domain.look"
	methodLocate      = "pools.locate"
	methodFree        = "volumes.free"
	methodMake        = "volume.make"
	methodFlatten     = "volumes.flatten"
)

// CheckDomain returns nil when nothing on this host stands in the VM's way.
func (w *Worker) CheckDomain(ctx context.Context, t DomainCheck) error {
	return w.call(ctx, methodCheckDomain, t, nil)
}

// Define makes a domain known to libvirt. When it fails the domain may be there.
func (w *Worker) Define(ctx context.Context, t DefineTask) error {
	return w.call(ctx, methodDefine, t, nil)
}

// Undefine removes the domain that the job made, if it is there.
func (w *Worker) Undefine(ctx context.Context, t DomainTask) error {
	return w.call(ctx, methodUndefine, t, nil)
}

// Domain looks for the domain that the job made.
func (w *Worker) Domain(ctx context.Context, t DomainTask) (Domain, error) {
	var d Domain
	err := w.call(ctx, methodDomain, t, &d)
	return d, err
}

// Locate tells how a hypervisor reaches the volumes of pools, by their names.
func (w *Worker) Locate(ctx context.Context, pools []PoolSpec) (map[string]block.Location, error) {
	var found map[string]block.Location
	err := w.call(ctx, methodLocate, locateTask{Pools: pools}, &found)
	return found, err
}

// Free returns nil when the pool has none of the names, and all of the sources.
func (w *Worker) Free(ctx context.Context, pool PoolSpec, names, sources []string) error {
	return w.call(ctx, methodFree, freeTask{Pool: pool, Names: names, Sources: sources}, nil)
}

// MakeVolume is ingest.MakeVolume. The content, nil where the order wants none,
// stays the caller's.
func (w *Worker) MakeVolume(ctx context.Context, t VolumeTask, content *os.File) (ingest.StagedDisk, error) {
	var files []*os.File
	if content != nil {
		files = []*os.File{content}
	}
	var staged ingest.StagedDisk
	err := w.call(ctx, methodMake, t, &staged, files...)
	return staged, err
}

// Flatten makes the clones of a volume independent of it.
func (w *Worker) Flatten(ctx context.Context, pool PoolSpec, name string) error {
	return w.call(ctx, methodFlatten, flattenTask{Pool: pool, Name: name}, nil)
}
