package ingest

import (
	"context"
	"fmt"

	"spliced/block"
)

// Flatten makes the named volumes independent of the ones that they were cloned
// from, so that those can be removed. Those that are no clones stay as they are.
// It may be called again; fs.ErrNotExist for a volume that is gone.
func Flatten(ctx context.Context, pool block.Pool, names []string, p Progress) error {
	for i, name := range names {
		p("flattening", int64(i), int64(len(names)), "volumes")
		if err := pool.Flatten(ctx, name); err != nil {
			return fmt.Errorf("cannot make the volume %q independent: %w", name, err)
		}
	}
	p("flattening", int64(len(names)), int64(len(names)), "volumes")
	return nil
}
