package api

import (
	"encoding/hex"
	"fmt"
	"regexp"
)

// None is the parameter or result of a method that has none.
type None struct{}

// A Source points to one of the message's file descriptors.
type Source struct {
	FD int `json:"fd"` // index, from 0
}

// ImageUpload are the parameters of image.upload.
type ImageUpload struct {
	Pool      string `json:"pool"`
	Name      string `json:"name"`
	Source    Source `json:"source"`
	Format    string `json:"format,omitempty"`     // default: recognise it
	Size      *Size  `json:"size,omitempty"`       // of the upload; proves its end
	SHA256    string `json:"sha256,omitempty"`     // of the upload; proves its end
	Force     bool   `json:"force,omitempty"`      // even if the pool gets fuller than the limit
	Wait      bool   `json:"wait,omitempty"`       // answer when the work is done, not when it has begun
	RequestID string `json:"request_id,omitempty"` // the same one twice does the work once
}

// ImageResult answers image.upload: the job and, once it is there, the volume.
type ImageResult struct {
	Job     string `json:"job"`
	Message string `json:"message"`
	*Volume
}

// ImageRef are the parameters of image.show.
type ImageRef struct {
	Pool string `json:"pool"`
	Name string `json:"name"`
}

// ImageList are the parameters of image.list.
type ImageList struct {
	Pool  string `json:"pool,omitempty"`
	Match string `json:"match,omitempty"` // a regular expression (RE2)
}

// ImageRemove are the parameters of image.remove.
type ImageRemove struct {
	Pool      string `json:"pool"`
	Name      string `json:"name"`
	Flatten   bool   `json:"flatten,omitempty"` // clones of it are made independent first
	Wait      bool   `json:"wait,omitempty"`
	RequestID string `json:"request_id,omitempty"`
}

// Inspect are the parameters of image.inspect and ova.inspect.
type Inspect struct {
	Source Source `json:"source"`
}

// ImagePlan answers image.inspect.
type ImagePlan struct {
	Format    string `json:"format"`
	Subformat string `json:"subformat,omitempty"`
	Size      *Size  `json:"size"`              // of the virtual disk; null when only its end will tell
	Refused   string `json:"refused,omitempty"` // why an upload would be refused
}

// OVAUpload are the parameters of ova.upload.
type OVAUpload struct {
	Pool            string            `json:"pool"`
	Name            string            `json:"name"`
	Source          Source            `json:"source"`
	Size            *Size             `json:"size,omitempty"`   // of the archive
	SHA256          string            `json:"sha256,omitempty"` // of the archive
	Configuration   string            `json:"configuration,omitempty"`
	Properties      map[string]string `json:"properties,omitempty"`
	RequireManifest bool              `json:"require_manifest,omitempty"` // only members that the manifest verifies
	Force           bool              `json:"force,omitempty"`            // even if the pool gets fuller than the limit
	Wait            bool              `json:"wait,omitempty"`
	RequestID       string            `json:"request_id,omitempty"`
}

// OVAResult answers ova.upload: the job and, once it is there, the record.
type OVAResult struct {
	Job     string `json:"job"`
	Message string `json:"message"`
	*OVA
}

// OVARef are the parameters of ova.show.
type OVARef struct {
	Name       string `json:"name"`
	Descriptor bool   `json:"descriptor,omitempty"` // answer the .ovf's text too
}

// List are the parameters of methods that list.
type List struct {
	Match string `json:"match,omitempty"` // a regular expression (RE2)
}

// OVARemove are the parameters of ova.remove.
type OVARemove struct {
	Name      string `json:"name"`
	Cascade   bool   `json:"cascade,omitempty"` // also the templates and profiles that were made with it
	Flatten   bool   `json:"flatten,omitempty"` // clones of its disks are made independent first
	Wait      bool   `json:"wait,omitempty"`
	RequestID string `json:"request_id,omitempty"`
}

// Result answers a change that leaves no object.
type Result struct {
	Job     string `json:"job,omitempty"`
	Message string `json:"message"`
}

// JobRef are the parameters of job.show, job.cancel and job.forget.
type JobRef struct {
	ID string `json:"id"`
}

// JobWait are the parameters of job.wait: it answers when the job has ended,
// or its seq has grown beyond since, or the time is over.
type JobWait struct {
	ID        string `json:"id"`
	TimeoutMS int64  `json:"timeout_ms,omitempty"` // 0: none
	Since     *int64 `json:"since,omitempty"`      // absent: until the end
}

// JobFinalize are the parameters of job.finalize.
type JobFinalize struct {
	ID    string `json:"id"`
	Bytes Size   `json:"bytes"` // that the caller sent
}

// JobSubscribe are the parameters of job.subscribe: job.event notifications,
// each with a Job, go to this connection from now on.
type JobSubscribe struct {
	ID string `json:"id,omitempty"` // default: all jobs
}

// Hello answers daemon.hello.
type Hello struct {
	Version  string     `json:"version"`
	API      APIVersion `json:"api"`
	Features []string   `json:"features"`
	Limits   Limits     `json:"limits"`
}

// APIVersion is the version of the protocol. The minor one grows with what is
// added, the major one with what is taken away.
type APIVersion struct {
	Major int `json:"major"`
	Minor int `json:"minor"`
}

// Limits are the daemon's bounds.
type Limits struct {
	Jobs           int  `json:"jobs"`             // that run at once
	MaxVirtualSize Size `json:"max_virtual_size"` // of a disk
	FrameBytes     int  `json:"frame_bytes"`
	FDs            int  `json:"fds"` // of one message
}

// Status answers daemon.status.
type Status struct {
	Version string         `json:"version"`
	Uptime  int64          `json:"uptime_s"`          // seconds
	Jobs    map[string]int `json:"jobs"`              // how many in each state
	Pools   []Pool         `json:"pools"`             // as last seen
	Cleanup int            `json:"cleanup"`           // interrupted jobs whose remains are still to be removed
	Reading bool           `json:"reading,omitempty"` // the records are still being read, so that nothing is known of Corrupt
	Corrupt []string       `json:"corrupt,omitempty"` // records that can't be read, and why
}

var requestID = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// CheckRequestID returns nil for a UUID (RFC 9562) or nothing.
func CheckRequestID(id string) error {
	if id == "" || requestID.MatchString(id) {
		return nil
	}
	return fmt.Errorf("%q is no UUID", id)
}

// CheckSHA256 returns nil for 64 hexadecimal digits or nothing.
func CheckSHA256(digest string) error {
	if raw, err := hex.DecodeString(digest); err == nil && (len(raw) == 32 || digest == "") {
		return nil
	}
	return fmt.Errorf("%q is no SHA-256: 64 hexadecimal digits", digest)
}
