package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"

	"spliced/block"
)

// ImageFree returns nil when the pool has no volume of that name. It only
// spares an upload that can't end well: what decides is Commit.
func ImageFree(ctx context.Context, pool block.Pool, name string) error {
	v, err := pool.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot look for the volume %q: %w", name, err)
	}
	return errors.Join(taken(name), v.Close())
}

// OVAFree returns nil when the pool has no volume that could be a disk of an
// OVA of that name.
func OVAFree(ctx context.Context, pool block.Pool, name string) error {
	names, err := pool.List(ctx)
	if err != nil {
		return fmt.Errorf("cannot list the pool's volumes: %w", err)
	}
	disk := regexp.MustCompile(`^ova_` + regexp.QuoteMeta(name) + `_[a-z]+[0-9]*$`)
	for _, volume := range names {
		if disk.MatchString(volume) {
			return taken(volume)
		}
	}
	return nil
}

func taken(volume string) *Refusal {
	return refuse(Taken, "the pool has a volume %q already", volume).
		withHint("Choose another name; in Ceph, rbd image-meta list tells who made that volume.")
}
