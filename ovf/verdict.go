package ovf

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
)

// A State is what a manifest makes of a member.
type State string

// The states of a member.
const (
	Verified State = "verified" // every digest that the manifest has for it is right
	Mismatch State = "mismatch" // at least one is not
	Unlisted State = "unlisted" // the manifest has none, or there is no manifest
)

// A MemberVerdict is the judgement on one member.
type MemberVerdict struct {
	Name   string `json:"name" yaml:"name"`
	Kind   Kind   `json:"kind" yaml:"kind"`
	Size   int64  `json:"size" yaml:"size"`     // bytes
	SHA256 string `json:"sha256" yaml:"sha256"` // lower-case hex
	State  State  `json:"state" yaml:"state"`
	Reason string `json:"reason,omitempty" yaml:"reason,omitempty"` // of a mismatch
}

// Verdicts are the judgements on all members of an archive.
type Verdicts struct {
	Members     []MemberVerdict `json:"members" yaml:"members"` // in stream order
	HasManifest bool            `json:"has_manifest" yaml:"has_manifest"`
	Certificate bool            `json:"certificate" yaml:"certificate"`           // one is there; its signature isn't judged here
	Absent      []string        `json:"absent,omitempty" yaml:"absent,omitempty"` // names in the manifest that no member has, sorted
	Warnings    []Warning       `json:"warnings,omitempty" yaml:"warnings,omitempty"`
}

// Verdicts judges the members once Next has answered io.EOF; before that it
// fails.
func (a *Archive) Verdicts() (*Verdicts, error) {
	if !errors.Is(a.failure, io.EOF) {
		return nil, errors.New("the archive was not read to its end")
	}
	return a.verdicts(), nil
}

func (a *Archive) verdicts() *Verdicts {
	v := &Verdicts{HasManifest: a.manifest != nil, Certificate: a.cert != nil}
	entries := a.manifestEntries()
	if a.manifest != nil {
		v.Warnings = a.manifest.Ignored
	}
	for _, m := range a.members {
		v.Members = append(v.Members, judge(m, entries[m.name]))
		delete(entries, m.name)
	}
	for name := range entries {
		v.Absent = append(v.Absent, name)
	}
	slices.Sort(v.Absent)
	return v
}

// manifestEntries are the manifest's lines by the name of the member that they
// are about: one in the manifest's own folder, else at the archive's root.
func (a *Archive) manifestEntries() map[string][]ManifestEntry {
	entries := map[string][]ManifestEntry{}
	if a.manifest == nil {
		return entries
	}
	members := map[string]bool{}
	for _, m := range a.members {
		members[m.name] = true
	}
	for _, e := range a.manifest.Entries {
		name := e.Name
		if members[a.folder+name] {
			name = a.folder + name
		}
		entries[name] = append(entries[name], e)
	}
	return entries
}

// judge compares a member's digests with the manifest's lines about it.
func judge(m record, entries []ManifestEntry) MemberVerdict {
	v := MemberVerdict{
		Name: m.name, Kind: m.kind, Size: m.size,
		SHA256: hex.EncodeToString(m.digests[SHA256]), State: Unlisted,
	}
	for _, e := range entries {
		if !bytes.Equal(e.Digest, m.digests[e.Algorithm]) {
			v.State = Mismatch
			v.Reason = fmt.Sprintf("its %s is %x, but line %d of the manifest says %x", e.Algorithm, m.digests[e.Algorithm], e.Line, e.Digest)
			return v
		}
		v.State = Verified
	}
	return v
}

// Refuse answers the first mismatch as a *Refusal, or nil. With strict, every
// member other than the manifest and the certificate has to be verified, and
// every name in the manifest has to be a member.
func (v *Verdicts) Refuse(strict bool) error {
	for _, m := range v.Members {
		if m.State == Mismatch {
			return refuseMember(Integrity, m.Name, -1, "does not match the manifest: %s", m.Reason)
		}
	}
	switch {
	case !strict:
		return nil
	case !v.HasManifest:
		return refuseArchive(Integrity, -1, "it has no manifest")
	case len(v.Absent) > 0:
		return refuseArchive(Integrity, -1, "the manifest names %s, which is not in the archive", Display(v.Absent[0]))
	}
	for _, m := range v.Members {
		if m.State != Verified && m.Kind != ManifestDoc && m.Kind != Certificate {
			return refuseMember(Integrity, m.Name, -1, "is not named in the manifest")
		}
	}
	return nil
}
