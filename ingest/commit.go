package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"spliced/block"
	"spliced/failpoint"
)

// The metadata keys that each volume of spliced carries.
const (
	MetaJob    = "spliced.job"           // the job that made it
	MetaOrigin = "spliced.origin"        // "image", "ova NAME"
	MetaHost   = "spliced.host"          // the host on which it was made
	MetaDigest = "spliced.sha256"        // of the upload or archive member, byte for byte
	MetaFormat = "spliced.source-format" // that it was decoded from

	MetaContent  = "spliced.content"     // what contentSum makes of the volume as it was written
	MetaRecorded = "spliced.recorded"    // Recorded: on an image, and on an OVA's record, once the host has its own record
	MetaDisks    = "spliced.disks"       // how many disks an OVA has; on its record
	MetaUser     = "spliced.uploaded-by" // who uploaded an image
	MetaCreated  = "spliced.created"     // when it was recorded, as RFC 3339 has it; of an image
)

// Recorded is the value of MetaRecorded. While it isn't there the import may
// still be undone.
const Recorded = "yes"

// Snapshot is the name of the snapshot that every imported volume has, the
// one that clones are made from.
const Snapshot = "spliced"

// stagingHead is what the names of all staging volumes begin with.
const stagingHead = "spliced."

// StagingPrefix is what the names of a job's staging volumes begin with.
func StagingPrefix(job string) string { return stagingHead + job + "." }

// A Move takes a volume from its staging name to its final one. Writable ones
// get no snapshot, which would freeze them: they are the disks of VMs.
type Move struct {
	From     string            `json:"from"`
	To       string            `json:"to"`
	Metadata map[string]string `json:"metadata"` // MetaJob among them
	Writable bool              `json:"writable,omitempty"`
}

// Commit gives staged volumes their metadata, their final names and, unless they
// are to be written to, the snapshot that freezes them. A name that is taken is a Refusal; whatever fails
// leaves volumes under either name behind for Undo.
func Commit(ctx context.Context, pool block.Pool, moves []Move, p Progress) error {
	for i, m := range moves {
		p("committing", int64(i), int64(len(moves)), "volumes")
		if err := commit(ctx, pool, m); err != nil {
			return err
		}
	}
	p("committing", int64(len(moves)), int64(len(moves)), "volumes")
	return nil
}

func commit(ctx context.Context, pool block.Pool, m Move) error {
	err := with(ctx, pool, m.From, func(v block.Volume) error {
		return errors.Join(v.SetMetadata(ctx, m.Metadata), v.Flush())
	})
	if err != nil {
		return fmt.Errorf("cannot describe the volume %q: %w", m.From, err)
	}
	failpoint.Hit(failpoint.CommitMetadata)
	if err := pool.Rename(ctx, m.From, m.To); errors.Is(err, fs.ErrExist) {
		return takenIn(ctx, pool, m.To).because(err)
	} else if err != nil {
		return fmt.Errorf("cannot give the volume its name %q: %w", m.To, err)
	}
	failpoint.Hit(failpoint.CommitRenamed)
	if m.Writable {
		return nil
	}
	err = with(ctx, pool, m.To, func(v block.Volume) error { return v.Snapshot(ctx, Snapshot) })
	if err != nil {
		return fmt.Errorf("cannot take the snapshot of volume %q: %w", m.To, err)
	}
	failpoint.Hit(failpoint.CommitSnapshot)
	return nil
}

// with opens a volume for the time of use.
func with(ctx context.Context, pool block.Pool, name string, use func(block.Volume) error) error {
	v, err := pool.Open(ctx, name)
	if err != nil {
		return err
	}
	return errors.Join(use(v), v.Close())
}
