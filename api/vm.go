package api

import "time"

// VMCreate are the parameters of vm.create and vm.render.
type VMCreate struct {
	Name       string            `json:"name"`
	Profile    string            `json:"profile"`
	Pool       string            `json:"pool,omitempty"`       // for all disks, instead of what templates and OVA say
	Pools      map[string]string `json:"pools,omitempty"`      // for single disks, by their id
	VMID       int               `json:"vmid,omitempty"`       // the VM's number, 1 to 65535; default: the lowest free one
	Define     *bool             `json:"define,omitempty"`     // in libvirt; default: true
	Start      *bool             `json:"start,omitempty"`      // default: what define is; without define there is no start
	Arguments  map[string]string `json:"arguments,omitempty"`  // for the script, over those of the profile
	Properties map[string]string `json:"properties,omitempty"` // of the OVA's descriptor, over those of its upload
	DryRun     bool              `json:"dry_run,omitempty"`    // verify everything, make nothing
	Force      bool              `json:"force,omitempty"`      // even if a pool gets more than 80 % full
	Wait       bool              `json:"wait,omitempty"`
	RequestID  string            `json:"request_id,omitempty"`
}

// VMResult answers vm.create: the job and, once it is there, the VM; vm.render
// and a dry run answer without a job.
type VMResult struct {
	Job     string `json:"job,omitempty"`
	Message string `json:"message"`
	*VM
}

// A VM is a virtual machine that was made from a profile.
type VM struct {
	Name      string     `json:"name" yaml:"name"`
	UUID      string     `json:"uuid" yaml:"uuid"`
	VMID      int        `json:"vmid" yaml:"vmid"`
	Profile   string     `json:"profile" yaml:"profile"`
	OVA       string     `json:"ova,omitempty" yaml:"ova,omitempty"`
	Volumes   []VMVolume `json:"volumes" yaml:"volumes"`
	Defined   bool       `json:"defined" yaml:"defined"`   // libvirt knows it
	State     string     `json:"state,omitempty" yaml:"-"` // running, shut off, …; unknown when libvirt can't be asked; in show
	XML       string     `json:"xml,omitempty" yaml:"-"`   // the domain; in answers to create, render and show
	Warnings  []string   `json:"warnings,omitempty" yaml:"warnings,omitempty"`
	Job       string     `json:"job,omitempty" yaml:"job"`
	Created   time.Time  `json:"created,omitzero" yaml:"created"`
	CreatedBy string     `json:"created_by,omitempty" yaml:"created_by,omitempty"`
}

// A VMVolume is one of a VM's volumes.
type VMVolume struct {
	ID         string `json:"id" yaml:"id"` // sda, sdb, …; cd0 for media; seed, ovfenv
	Pool       string `json:"pool" yaml:"pool"`
	Volume     string `json:"volume" yaml:"volume"` // name in the pool
	Size       Size   `json:"size" yaml:"size"`
	Source     string `json:"source,omitempty" yaml:"source,omitempty"` // "pool/volume" that it is a clone or copy of
	Copied     bool   `json:"copied,omitempty" yaml:"copied,omitempty"` // from another pool, so not a clone
	Filesystem string `json:"filesystem,omitempty" yaml:"filesystem,omitempty"`
	Mountpoint string `json:"mountpoint,omitempty" yaml:"mountpoint,omitempty"`
}

// VMRef are the parameters of vm.show.
type VMRef struct {
	Name string `json:"name"`
}

// VMRemove are the parameters of vm.remove.
type VMRemove struct {
	Name      string `json:"name"`
	Destroy   bool   `json:"destroy,omitempty"` // also when it is running: its power is cut
	Wait      bool   `json:"wait,omitempty"`
	RequestID string `json:"request_id,omitempty"`
}
