package catalog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"

	"spliced/api"
	"spliced/failpoint"
	"spliced/store"
	"spliced/worker"
)

// An Intent says what a job is about to do, so that it can be completed or
// undone by somebody else.
type Intent struct {
	Job     string   `yaml:"job"`
	Action  action   `yaml:"action"`
	Object  object   `yaml:"object"`
	Pool    string   `yaml:"pool,omitempty"` // of an image or OVA
	Name    string   `yaml:"name"`
	Volumes []string `yaml:"volumes,omitempty"` // final names in Pool: of an import once it commits
	// Spread is what a VM has instead of Pool and Volumes, since its volumes may
	// lie in several pools: final names by pool. All pools stand in it from the
	// beginning, with names once it commits.
	Spread map[string][]string `yaml:"spread,omitempty"`
	// Domain says that libvirt may have a domain of the VM; Destroy, that its power
	// is to be cut if it runs.
	Domain  bool   `yaml:"domain,omitempty"`
	Destroy bool   `yaml:"destroy,omitempty"`
	MadeBy  string `yaml:"made_by,omitempty"` // removal: the job that made the object
	// Entries are what goes with an OVA that is removed.
	Entries []EntryName `yaml:"entries,omitempty"`
	// Flatten lets clones of the volumes be made independent before the removal is
	// decided, thus before there is an intent.
	Flatten bool `yaml:"-"`
}

type action string

const (
	importing action = "import"
	removing  action = "removal"
)

type object string

const (
	imageObject object = "image"
	ovaObject   object = "ova"
	vmObject    object = "vm"
)

// places are the final names of the intent's volumes by pool.
func (i Intent) places() map[string][]string {
	if i.Object == vmObject {
		return i.Spread
	}
	return map[string][]string{i.Pool: i.Volumes}
}

// committing is the intent with the final names of the moves.
func (i Intent) committing(to moves) Intent {
	i.Spread = maps.Clone(i.Spread)
	for pool, list := range to {
		for _, m := range list {
			if i.Object == vmObject {
				i.Spread[pool] = append(i.Spread[pool], m.To)
			} else {
				i.Volumes = append(i.Volumes, m.To)
			}
		}
	}
	return i
}

// volumes is how many final names there are.
func (i Intent) volumes() int {
	n := 0
	for _, names := range i.places() {
		n += len(names)
	}
	return n
}

// key is what the intent's object is reserved under.
func (i Intent) key() string {
	if i.Object == imageObject {
		return string(i.Object) + "/" + i.Pool + "/" + i.Name
	}
	return string(i.Object) + "/" + i.Name
}

// holdsName tells whether nobody else may have the object's name until the intent
// is reconciled. What an import that hadn't come to its commit left has names of
// its own, so it is in nobody's way, though it may take half a minute to go: a
// cluster takes a killed client for a living one that long.
func (i Intent) holdsName() bool { return i.Action != importing || i.volumes() > 0 }

// title is the object as messages name it.
func (i Intent) title() string {
	switch i.Object {
	case imageObject:
		return fmt.Sprintf("image %q", i.Name)
	case vmObject:
		return fmt.Sprintf("VM %q", i.Name)
	case ovaObject:
	}
	return fmt.Sprintf("OVA %q", i.Name)
}

// deed is what an import does to its object, as messages name it.
func (i Intent) deed() string {
	if i.Object == vmObject {
		return "make " + i.title()
	}
	return "import " + i.title()
}

// recordedBy is the job that made the object's record, "" when there is none.
func (c *Catalog) recordedBy(i Intent) (string, error) {
	var by string
	var err error
	switch i.Object {
	case imageObject:
		var v api.Volume
		v, err = c.image(i.Pool, i.Name)
		by = v.Job
	case ovaObject:
		var o api.OVA
		o, err = c.ovas.Get(i.Name)
		by = o.Job
	case vmObject:
		var v api.VM
		v, err = c.vms.Get(i.Name)
		by = v.Job
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return by, err
}

func (c *Catalog) image(pool, name string) (api.Volume, error) {
	images := c.images[pool]
	if images == nil {
		return api.Volume{}, fmt.Errorf("there is no pool %q: %w", pool, fs.ErrNotExist)
	}
	return images.Get(name)
}

// reconcile brings an intent to its end, starting from wherever its job came to
// a halt, and removes it: done says whether the job's object is as the job
// meant it to be. It may be called again after a failure.
func (c *Catalog) reconcile(ctx context.Context, i Intent, report func(*worker.Worker)) (done bool, err error) {
	switch i.Action {
	case importing:
		done, err = c.reconcileImport(ctx, i)
	case removing:
		done, err = true, c.completeRemoval(ctx, i, report)
	default:
		err = fmt.Errorf("the intent of job %s has the unknown action %q", i.Job, i.Action)
	}
	if err != nil {
		return done, err
	}
	return done, c.forgetIntent(i)
}

func (c *Catalog) forgetIntent(i Intent) error {
	err := c.intents.Delete(i.Job)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, store.ErrNotDurable) {
		return nil // whoever finds it again finds nothing to do
	}
	return err
}

func (c *Catalog) reconcileImport(ctx context.Context, i Intent) (bool, error) {
	by, err := c.recordedBy(i)
	if err != nil {
		return false, err
	}
	if by == i.Job {
		return true, c.withWorker(ctx, func(w *worker.Worker) error { return c.seal(ctx, w, i) })
	}
	if i.Object == vmObject {
		if err := worker.ForgetScript(i.Job); err != nil {
			return false, err
		}
	}
	return false, c.withWorker(ctx, func(w *worker.Worker) error {
		// The domain comes after the volumes have their names, and goes before them.
		if i.Domain && i.volumes() > 0 {
			if err := w.Undefine(ctx, worker.DomainTask{Host: c.here.HostSpec, Name: i.Name, Job: i.Job, Destroy: true}); err != nil {
				return err
			}
		}
		return c.eachPlace(i, func(pool worker.PoolSpec, names []string) error {
			return w.Undo(ctx, pool, i.Job, names)
		})
	})
}

func (c *Catalog) completeRemoval(ctx context.Context, i Intent, report func(*worker.Worker)) error {
	by, err := c.recordedBy(i)
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return err
	}
	if i.Domain {
		err := c.withWorker(ctx, func(w *worker.Worker) error {
			return w.Undefine(ctx, worker.DomainTask{Host: c.here.HostSpec, Name: i.Name, Job: i.MadeBy, Destroy: i.Destroy})
		})
		if err != nil {
			return err
		}
		failpoint.Hit(failpoint.DomainGone)
	}
	if by == i.MadeBy {
		if err := c.dropRecord(i); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	failpoint.Hit(failpoint.RecordGone)
	err = c.withWorker(ctx, func(w *worker.Worker) error {
		report(w)
		return c.eachPlace(i, func(pool worker.PoolSpec, names []string) error {
			return w.Remove(ctx, pool, i.MadeBy, names)
		})
	})
	if err == nil {
		failpoint.Hit(failpoint.VolumesGone)
	}
	return err
}

// dropRecord removes an object's record and what is kept with it.
func (c *Catalog) dropRecord(i Intent) error {
	switch i.Object {
	case imageObject:
		return c.images[i.Pool].Delete(i.Name)
	case vmObject:
		return c.vms.Delete(i.Name)
	case ovaObject:
	}
	return c.dropOVA(i)
}

// eachPlace does something with the intent's volumes in each pool, and goes on
// after a failure.
func (c *Catalog) eachPlace(i Intent, do func(pool worker.PoolSpec, names []string) error) error {
	var failures []error
	for pool, names := range i.places() {
		failures = append(failures, do(c.pools[pool], names))
	}
	return errors.Join(failures...)
}

// withWorker starts a worker for the time of use.
func (c *Catalog) withWorker(ctx context.Context, use func(*worker.Worker) error) error {
	w, err := c.start(ctx)
	if err != nil {
		return err
	}
	return errors.Join(use(w), w.Close())
}
