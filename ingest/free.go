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
	return errors.Join(takenIn(ctx, pool, name), v.Close())
}

// OVAFree returns nil when the pool has no OVA of that name, from whatever host,
// and no volume that could be a disk of one.
func OVAFree(ctx context.Context, pool block.Pool, name string) error {
	names, err := pool.List(ctx)
	if err != nil {
		return fmt.Errorf("cannot list the pool's volumes: %w", err)
	}
	disk := regexp.MustCompile(`^ova_` + regexp.QuoteMeta(name) + `_[a-z]+[0-9]*$`)
	for _, volume := range names {
		if volume == RecordVolume(name) || disk.MatchString(volume) {
			return takenIn(ctx, pool, volume)
		}
	}
	return nil
}

// takenIn says that a volume's name is taken, and by which host, as far as that
// can be told.
func takenIn(ctx context.Context, pool block.Pool, volume string) *Refusal {
	var host string
	// The name is taken, whatever comes of the look.
	_ = with(ctx, pool, volume, func(v block.Volume) error {
		info, err := v.Info(ctx)
		host = info.Metadata[MetaHost]
		return err
	})
	text := fmt.Sprintf("the pool has a volume %q already", volume)
	if host != "" {
		text += fmt.Sprintf(", from host %.64q", host)
	}
	hint := "Choose another name; in Ceph, rbd image-meta list tells who made that volume."
	if ova, is := RecordedOVA(volume); is {
		hint = "Choose another name, or take that OVA in here as well with splicectl ova adopt " + ova + "."
	}
	return refuse(Taken, "%s", text).withHint(hint)
}
