package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"spliced/block"
	"spliced/disk"
	"spliced/ovf"
)

// An OVARequest says how to take an OVA.
type OVARequest struct {
	Prefix          string            `json:"prefix"` // of the staging volumes' names
	Size            int64             `json:"size"`   // of the archive in bytes, -1: not said
	SHA256          string            `json:"sha256"` // of the archive, "": not said
	Configuration   string            `json:"configuration,omitempty"`
	Properties      map[string]string `json:"properties,omitempty"`
	RequireManifest bool              `json:"require_manifest"`
	Name            string            `json:"name"`            // of the OVA
	Taken           []TakenName       `json:"taken,omitempty"` // what the names of its systems' templates and profiles can't be
}

// A TakenName is the name of something that is there.
type TakenName struct {
	What string `json:"what"` // like "profile"
	Name string `json:"name"`
}

// A StagedOVA is an OVA whose disks are written.
type StagedOVA struct {
	Plan       *ovf.Plan     `json:"plan"`
	Descriptor string        `json:"descriptor"` // its text
	Verdicts   *ovf.Verdicts `json:"verdicts"`
	Disks      []OVADisk     `json:"disks"`

	Properties map[string]string `json:"properties,omitempty"` // of the request, by their full keys, but passwords
	Secrets    map[string]string `json:"secrets,omitempty"`    // the passwords among them
}

// An OVADisk is a staged disk, or a medium, of one of an OVA's systems.
type OVADisk struct {
	StagedDisk
	System string `json:"system"` // key in the plan, "" for a disk that no system has
	ID     string `json:"id"`     // sda, …; cd0, …; fd0, …
	Member string `json:"member"` // of the archive, "" for a blank disk
	SHA256 string `json:"sha256"` // of the member
	State  string `json:"state"`  // what the manifest knows of the member
}

// An ova is the flow of one OVA.
type ova struct {
	flow
	request    OVARequest
	archive    *ovf.Archive
	descriptor []byte
	plan       *ovf.Plan          // nil until the descriptor came
	given      ovf.Given          // the request's properties
	members    map[string]*tryout // what became of members that may be disks
	next       *ovf.Member        // read ahead, when a chunk turned out to be the last
	volumes    int                // that were made, for their names
}

// tryout is a member that was staged, or why it can't be.
type tryout struct {
	disk    StagedDisk
	refused error
	used    bool    // by a disk of the plan
	chunks  *chunks // that it was read from, nil for a file in one piece
}

// OVA decodes the disks of an OVA from src into staging volumes of pool, which
// begin with the request's prefix. It returns when the archive was read to a
// proven end, agrees with its manifest, and has every disk that its descriptor
// asks for, flushed. When it fails, volumes may be left behind for Undo.
func OVA(ctx context.Context, pool block.Pool, src *Source, rq OVARequest, l Limits, p Progress) (*StagedOVA, error) {
	o := &ova{flow: flow{pool: pool, source: src, limits: l, progress: p}, request: rq, members: map[string]*tryout{}}
	var staged *StagedOVA
	err := o.during(ctx, func(ctx context.Context) error {
		var err error
		staged, err = o.take(ctx)
		return err
	})
	return staged, err
}

func (o *ova) take(ctx context.Context) (*StagedOVA, error) {
	size := o.request.Size
	if known := o.source.Size(); known >= 0 {
		if size >= 0 && size != known {
			return nil, refuse(Integrity, "the file has %d bytes, %d were announced", known, size)
		}
		size = known
	}
	input, sum := io.Reader(o.source), func() string { return "" }
	if o.request.SHA256 != "" {
		d := newDigester(o.source)
		defer d.abandon()
		input, sum = d, d.sum
	}
	o.archive = ovf.NewArchive(input, ovf.Options{Size: size})
	err := o.readMembers(ctx)
	if err := errors.Join(err, o.archive.Close()); err != nil {
		return nil, err
	}
	if err := o.matches(size, sum(), strings.ToLower(o.request.SHA256)); err != nil {
		return nil, err
	}
	if err := o.source.Unchanged(); err != nil {
		return nil, err
	}
	return o.complete(ctx)
}

func (o *ova) readMembers(ctx context.Context) error {
	for {
		m, err := o.member()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch m.Kind {
		case ovf.Descriptor:
			err = o.understand(m)
		case ovf.Other:
			err = o.file(ctx, m)
		case ovf.ManifestDoc, ovf.Certificate:
		}
		if err != nil {
			return err
		}
	}
}

func (o *ova) member() (*ovf.Member, error) {
	if m := o.next; m != nil {
		o.next = nil
		return m, nil
	}
	return o.archive.Next()
}

// understand reads the descriptor, so that nothing is copied for an appliance
// that can't be taken.
func (o *ova) understand(m *ovf.Member) error {
	o.descriptor = m.Content
	appliance, err := ovf.Parse(m.Content)
	if err != nil {
		return err
	}
	choice := ovf.Choice{Configuration: o.request.Configuration, Properties: o.request.Properties}
	if o.plan, err = appliance.Plan(choice); err != nil {
		return err
	}
	o.given = appliance.Given(choice)
	return o.namesFree()
}

// file stages a member that is, or may turn out to be, a disk.
func (o *ova) file(ctx context.Context, m *ovf.Member) error {
	name := m.Name
	if o.plan != nil && !mentions(o.plan, name) {
		return nil
	}
	content, size, t := io.Reader(m), m.Size, &tryout{}
	if firstChunk(name) {
		t.chunks = &chunks{ova: o, base: chunkBase(name), current: m, number: 1}
		content, size = t.chunks, -1
	}
	o.members[name] = t
	t.disk, t.refused = o.decode(ctx, content, size)
	if t.refused != nil && (o.plan != nil || !isContent(t.refused)) {
		return inMember(name, t.refused)
	}
	return nil
}

// isContent reports whether a failure is the image's own. Without a descriptor
// such a member may be none of the disks.
func isContent(err error) bool {
	var format *disk.FormatError
	return errors.As(err, &format)
}

func (o *ova) decode(ctx context.Context, content io.Reader, size int64) (StagedDisk, error) {
	content, size, err := decompress(content, size)
	if err != nil {
		return StagedDisk{}, err
	}
	r, err := disk.Open(content, disk.Options{
		Size: size, MaxVirtualSize: o.limits.MaxVirtualSize, ChunkSize: chunkSize,
	})
	if err != nil {
		return StagedDisk{}, err
	}
	return o.stage(ctx, o.volume(), r)
}

// volume is the name of the next staging volume.
func (o *ova) volume() string {
	o.volumes++
	return fmt.Sprintf("%s%d", o.request.Prefix, o.volumes)
}

// inMember says which member a failure is about, unless it says so itself.
func inMember(name string, err error) error {
	if _, ok := errors.AsType[*ovf.Refusal](err); ok {
		return err
	}
	return &MemberError{Member: name, cause: err}
}

// A MemberError is a failure in one of an archive's members.
type MemberError struct {
	Member string
	cause  error
}

func (e *MemberError) Error() string {
	return fmt.Sprintf("member %s: %v", ovf.Display(e.Member), e.cause)
}

func (e *MemberError) Unwrap() error { return e.cause }
