package worker

import "spliced/ingest"

// A PoolSpec says how to open a pool.
type PoolSpec struct {
	Name      string `json:"name"`
	Driver    string `json:"driver"` // DriverDir or DriverRBD
	Path      string `json:"path,omitempty"`
	Conf      string `json:"conf,omitempty"`
	User      string `json:"user,omitempty"`
	Pool      string `json:"pool,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Secret    string `json:"secret,omitempty"` // UUID of the libvirt secret with the user's key; "": one of spliced's own
}

// The drivers of pools.
const (
	DriverDir = "dir"
	DriverRBD = "rbd"
)

// The requests that a worker serves, and what it notifies of meanwhile.
const (
	methodRoom         = "pool.room"
	methodLook         = "volume.look"
	methodStageImage   = "image.stage"
	methodInspectImage = "image.inspect"
	methodStageOVA     = "ova.stage"
	methodInspectOVA   = "ova.inspect"
	methodCommit       = "volumes.commit"
	methodUndo         = "volumes.undo"
	methodRemovable    = "volumes.removable"
	methodRemove       = "volumes.remove"
	notifyProgress     = "progress"
	notifyStarted      = "started"
)

type progressNote struct {
	Stage string `json:"stage"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	Unit  string `json:"unit"`
}

type startedNote struct {
	Proves bool `json:"proves"`
}

// ImageTask asks for an image to be staged.
type ImageTask struct {
	Pool    PoolSpec            `json:"pool"`
	Final   string              `json:"final"` // the volume's name in the end
	Request ingest.ImageRequest `json:"request"`
	Limits  ingest.Limits       `json:"limits"`
}

// OVATask asks for the disks of an OVA to be staged.
type OVATask struct {
	Pool    PoolSpec          `json:"pool"`
	Name    string            `json:"name"` // of the OVA
	Request ingest.OVARequest `json:"request"`
	Limits  ingest.Limits     `json:"limits"`
}

type inspectTask struct {
	Limits ingest.Limits `json:"limits"`
}

// ImageHead is what an image's head tells.
type ImageHead struct {
	Format    string `json:"format"`
	Subformat string `json:"subformat"`
	Size      int64  `json:"size"` // of the virtual disk in bytes, -1 when only its end will tell
}

type roomTask struct {
	Pool PoolSpec `json:"pool"`
}

// Room is what a pool has, in bytes.
type Room struct {
	Size int64 `json:"size"`
	Free int64 `json:"free"`
}

type lookTask struct {
	Pool PoolSpec `json:"pool"`
	Name string   `json:"name"`
}

// Look is what a pool knows of a volume.
type Look struct {
	Size      int64    `json:"size"`      // bytes
	Allocated int64    `json:"allocated"` // bytes
	Parent    string   `json:"parent"`
	Children  []string `json:"children"`
}

type commitTask struct {
	Pool  PoolSpec      `json:"pool"`
	Moves []ingest.Move `json:"moves,omitempty"`
}

type volumesTask struct {
	Pool  PoolSpec `json:"pool"`
	Job   string   `json:"job"` // that made them
	Names []string `json:"names,omitempty"`
}

type done struct{}
