package api

import "time"

// A Volume is an image in a pool.
type Volume struct {
	Pool         string    `json:"pool" yaml:"pool"`
	Name         string    `json:"name" yaml:"name"`
	Size         Size      `json:"size" yaml:"size"`                               // of the virtual disk
	Allocated    *Size     `json:"allocated,omitempty" yaml:"allocated,omitempty"` // room taken in the pool
	SourceFormat string    `json:"source_format" yaml:"source_format"`             // as it was uploaded; it is stored raw
	SHA256       string    `json:"sha256" yaml:"sha256"`                           // of the upload, byte for byte
	Origin       string    `json:"origin,omitempty" yaml:"origin,omitempty"`       // "image", "ova web"
	Parent       string    `json:"parent,omitempty" yaml:"parent,omitempty"`       // what it is a clone of
	Children     []string  `json:"children,omitempty" yaml:"children,omitempty"`   // clones of it
	Job          string    `json:"job" yaml:"job"`                                 // the job that made it
	Created      time.Time `json:"created" yaml:"created"`
	UploadedBy   string    `json:"uploaded_by,omitempty" yaml:"uploaded_by,omitempty"`
}

// An OVA is an imported appliance.
type OVA struct {
	Name       string    `json:"name" yaml:"name"`
	Pool       string    `json:"pool" yaml:"pool"`
	Systems    []System  `json:"systems" yaml:"systems"`
	Unattached []OVADisk `json:"unattached,omitempty" yaml:"unattached,omitempty"` // disks that no system has
	Members    []Member  `json:"members" yaml:"members"`
	Warnings   []string  `json:"warnings,omitempty" yaml:"warnings,omitempty"`
	Descriptor string    `json:"descriptor,omitempty" yaml:"-"`            // the .ovf's text, on request
	SHA256     string    `json:"sha256,omitempty" yaml:"sha256,omitempty"` // of the archive, byte for byte, where the upload announced it
	Job        string    `json:"job" yaml:"job"`
	Created    time.Time `json:"created" yaml:"created"`
	UploadedBy string    `json:"uploaded_by" yaml:"uploaded_by"`
}

// Volumes lists the disks of all systems, and those that no system has.
func (o *OVA) Volumes() []OVADisk {
	var all []OVADisk
	for _, s := range o.Systems {
		all = append(all, s.Disks...)
	}
	return append(all, o.Unattached...)
}

// A System is one virtual machine that an OVA describes.
type System struct {
	Name     string    `json:"name" yaml:"name"`
	VCPUs    int       `json:"vcpus" yaml:"vcpus"`
	Memory   Size      `json:"memory" yaml:"memory"`
	Firmware string    `json:"firmware,omitempty" yaml:"firmware,omitempty"` // bios, efi; "" where the descriptor doesn't say
	Disks    []OVADisk `json:"disks" yaml:"disks"`
	Networks []string  `json:"networks,omitempty" yaml:"networks,omitempty"` // as the descriptor calls them
	Warnings []string  `json:"warnings,omitempty" yaml:"warnings,omitempty"`
}

// An OVADisk is a disk of a system, kept as a volume.
type OVADisk struct {
	ID           string  `json:"id" yaml:"id"` // sda, sdb, …
	Volume       string  `json:"volume" yaml:"volume"`
	Size         Size    `json:"size" yaml:"size"`
	SourceFormat string  `json:"source_format,omitempty" yaml:"source_format,omitempty"` // "" for a blank disk
	Member       string  `json:"member,omitempty" yaml:"member,omitempty"`               // of the archive; "" for a blank disk
	SHA256       string  `json:"sha256,omitempty" yaml:"sha256,omitempty"`               // of the member, byte for byte
	Manifest     Verdict `json:"manifest,omitempty" yaml:"manifest,omitempty"`
}

// A Verdict says what the manifest knows of a member.
type Verdict string

// The verdicts. A mismatch never gets into a record.
const (
	Verified Verdict = "verified"
	Mismatch Verdict = "mismatch"
	Unlisted Verdict = "unlisted"
)

// A Member is a file in an OVA's archive.
type Member struct {
	Name     string  `json:"name" yaml:"name"`
	Size     Size    `json:"size" yaml:"size"`
	SHA256   string  `json:"sha256" yaml:"sha256"`
	Manifest Verdict `json:"manifest" yaml:"manifest"`
}

// A Pool is a place for volumes.
type Pool struct {
	Name   string `json:"name"`
	Driver string `json:"driver"`
	Size   *Size  `json:"size,omitempty"` // absent while the pool doesn't answer
	Free   *Size  `json:"free,omitempty"`
	Health Health `json:"health"`
	Reason string `json:"reason,omitempty"` // why it isn't well
}

// Health is a pool's state as last seen.
type Health string

// The states of health.
const (
	HealthOK          Health = "ok"
	HealthFull        Health = "full"
	HealthUnavailable Health = "unavailable"
	HealthUnknown     Health = "unknown" // not looked at yet
)
