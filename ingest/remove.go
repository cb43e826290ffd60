package ingest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"spliced/block"
	"spliced/failpoint"
)

// ClonesError says which volumes stand in the way of a removal.
type ClonesError struct {
	Volume   string
	Children []string
}

func (e *ClonesError) Error() string {
	return fmt.Sprintf("volume %q has clones: %s", e.Volume, strings.Join(e.Children, ", "))
}

// Is makes a ClonesError a block.ErrHasClones.
func (e *ClonesError) Is(target error) bool { return target == block.ErrHasClones }

// Removable returns nil when all the volumes that job made can be removed, a
// *ClonesError when one of them has clones. Volumes that are gone already don't
// matter.
func Removable(ctx context.Context, pool block.Pool, job string, names []string) error {
	for _, name := range names {
		info, err := ownedBy(ctx, pool, job, name)
		if err != nil {
			return err
		}
		if info != nil && len(info.Children) > 0 {
			return &ClonesError{Volume: name, Children: info.Children}
		}
	}
	return nil
}

// Remove removes those of the named volumes that job made, and leaves all
// others alone; it goes on after a failure and may be called again.
func Remove(ctx context.Context, pool block.Pool, job string, names []string, p Progress) error {
	var failures []error
	for i, name := range names {
		p("removing", int64(i), int64(len(names)), "volumes")
		failures = append(failures, removeOwned(ctx, pool, job, name))
		failpoint.Hit(failpoint.VolumeGone)
	}
	p("removing", int64(len(names)), int64(len(names)), "volumes")
	return errors.Join(failures...)
}

// Undo removes what an import left behind: all volumes under the job's staging
// names, and those of the final names that carry the job's id. It goes on after
// a failure and may be called again.
func Undo(ctx context.Context, pool block.Pool, job string, finals []string) error {
	names, err := pool.List(ctx)
	if err != nil {
		return fmt.Errorf("cannot list the pool's volumes: %w", err)
	}
	var failures []error
	for _, name := range names {
		switch {
		case strings.HasPrefix(name, StagingPrefix(job)):
			failures = append(failures, gone(name, pool.Remove(ctx, name)))
		case slices.Contains(finals, name):
			failures = append(failures, removeOwned(ctx, pool, job, name))
		}
	}
	return errors.Join(failures...)
}

func removeOwned(ctx context.Context, pool block.Pool, job, name string) error {
	info, err := ownedBy(ctx, pool, job, name)
	if err != nil || info == nil {
		return err
	}
	return gone(name, pool.Remove(ctx, name))
}

func gone(name string, err error) error {
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return fmt.Errorf("cannot remove the volume %q: %w", name, err)
}

// ownedBy returns what is known of a volume if it is there and job made it,
// else nil.
func ownedBy(ctx context.Context, pool block.Pool, job, name string) (*block.Info, error) {
	var info block.Info
	err := with(ctx, pool, name, func(v block.Volume) error {
		var err error
		info, err = v.Info(ctx)
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // nothing there is an answer, not a failure
	}
	if err != nil {
		return nil, fmt.Errorf("cannot look at the volume %q: %w", name, err)
	}
	if info.Metadata[MetaJob] != job {
		return nil, nil //nolint:nilnil // as above
	}
	return &info, nil
}
