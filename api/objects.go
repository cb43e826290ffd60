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
