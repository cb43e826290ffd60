package worker

import (
	"spliced/api"
	"spliced/ingest"
	"spliced/ovf"
)

// A PoolSpec says how to open a pool.
type PoolSpec struct {
	Name      string `json:"name"`
	Driver    string `json:"driver"` // "dir" or "rbd"
	Path      string `json:"path,omitempty"`
	Conf      string `json:"conf,omitempty"`
	User      string `json:"user,omitempty"`
	Pool      string `json:"pool,omitempty"`
	Namespace string `json:"namespace,omitempty"`
}

// The requests that a worker serves.
const (
	methodRoom         = "pool.room"
	methodStageImage   = "image.stage"
	methodInspectImage = "image.inspect"
	methodStageOVA     = "ova.stage"
	methodInspectOVA   = "ova.inspect"
	methodCommit       = "volumes.commit"
	methodUndo         = "volumes.undo"
	methodRemovable    = "volumes.removable"
	methodRemove       = "volumes.remove"
	methodLook         = "volume.look"
	notifyProgress     = "progress"
	notifyStarted      = "started"
)

// progressNote tells the daemon how far a task is.
type progressNote struct {
	Stage string `json:"stage"`
	Done  int64  `json:"done"`
	Total int64  `json:"total"`
	Unit  string `json:"unit"`
}

// startedNote tells the daemon whether the source will prove its end.
type startedNote struct {
	Proves bool `json:"proves"`
}

type roomTask struct {
	Pool PoolSpec `json:"pool"`
}

// Room is what a pool has.
type Room struct {
	Size int64 `json:"size"`
	Free int64 `json:"free"`
}

// ImageTask asks for an image to be staged.
type ImageTask struct {
	Pool    PoolSpec            `json:"pool"`
	Final   string              `json:"final"` // the name that it is to have in the end
	Request ingest.ImageRequest `json:"request"`
	Limits  ingest.Limits       `json:"limits"`
}

// OVATask asks for the disks of an OVA to be staged.
type OVATask struct {
	Pool    PoolSpec          `json:"pool"`
	Request ingest.OVARequest `json:"request"`
	Limits  ingest.Limits     `json:"limits"`
}

type inspectTask struct {
	Limits ingest.Limits `json:"limits"`
}

// OVAPlan is what an OVA or a bare descriptor holds.
type OVAPlan = ovf.Plan

// ImagePlan is what an image's head tells.
type ImagePlan = api.ImagePlan

type commitTask struct {
	Pool  PoolSpec      `json:"pool"`
	Moves []ingest.Move `json:"moves"`
}

type volumesTask struct {
	Pool  PoolSpec `json:"pool"`
	Job   string   `json:"job"` // that made them
	Names []string `json:"names"`
}

type lookTask struct {
	Pool PoolSpec `json:"pool"`
	Name string   `json:"name"`
}

// Look is what a pool knows of a volume.
type Look struct {
	Size      int64    `json:"size"`
	Allocated int64    `json:"allocated"`
	Parent    string   `json:"parent"`
	Children  []string `json:"children"`
}

type done struct{}
