package ingest

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"spliced/block"
)

// Facts are what a pool says of a volume. Whoever can write to the pool may have
// written what is in them.
type Facts struct {
	Name      string            `json:"name"`
	There     bool              `json:"there"`
	Size      int64             `json:"size"`      // bytes
	Allocated int64             `json:"allocated"` // bytes
	Frozen    bool              `json:"frozen"`
	Metadata  map[string]string `json:"metadata,omitempty"` // the keys of ours
	Problem   string            `json:"problem,omitempty"`  // why this volume alone can't be looked at
}

// Survey looks at volumes, one after the other. It fails when the storage doesn't
// answer.
func Survey(ctx context.Context, pool block.Pool, names []string) ([]Facts, error) {
	all := make([]Facts, 0, len(names))
	for _, name := range names {
		f := Facts{Name: name}
		err := with(ctx, pool, name, func(v block.Volume) error {
			info, err := v.Info(ctx)
			f.There, f.Size, f.Allocated, f.Metadata = true, info.Size, info.Allocated, ours(info.Metadata)
			f.Frozen = slices.Contains(info.Snapshots, Snapshot)
			return err
		})
		switch {
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errors.Is(err, block.ErrUnavailable):
			return nil, err
		case errors.Is(err, fs.ErrNotExist):
			f = Facts{Name: name}
		case err != nil:
			f.Problem = err.Error()
		}
		all = append(all, f)
	}
	return all, nil
}

// ours are the keys that this package names. Others may be of any number.
func ours(metadata map[string]string) map[string]string {
	known := map[string]string{}
	for _, key := range []string{
		MetaJob, MetaOrigin, MetaHost, MetaDigest, MetaFormat, MetaContent, MetaRecorded, MetaDisks, MetaUser, MetaCreated,
	} {
		if value, set := metadata[key]; set {
			known[key] = value
		}
	}
	return known
}

// JobOfStaging is the job whose staging volume a name is.
func JobOfStaging(volume string) (job string, is bool) {
	rest, is := strings.CutPrefix(volume, stagingHead)
	if !is {
		return "", false
	}
	job, number, is := strings.Cut(rest, ".")
	return job, is && job != "" && number != "" && strings.Trim(number, "0123456789") == ""
}
