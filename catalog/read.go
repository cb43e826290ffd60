package catalog

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"spliced/api"
	"spliced/disk"
	"spliced/ovf"
	"spliced/rpc"
	"spliced/store"
	"spliced/worker"
)

// lookTimeout bounds a look into a pool for which somebody waits.
const lookTimeout = 10 * time.Second

// looking bounds ctx by lookTimeout; when that ends it, the storage is to blame.
func looking(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, lookTimeout,
		rpc.Errorf(rpc.ClusterUnavailable, "the storage did not answer within %v.", lookTimeout).
			WithHint("See the pools with splicectl status, and what the cluster says of its health."))
}

// OVAs lists the OVAs whose names match the regular expression, sorted. Of one
// whose file can't be used it is the last good version.
func (c *Catalog) OVAs(match string) (rpc.List[api.OVASummary], error) {
	var all rpc.List[api.OVASummary]
	wanted, err := matcher(match)
	if err != nil {
		return all, err
	}
	var failed error
	_, err = c.ovas.Each(func(o *store.Version[api.OVA]) {
		if !wanted.MatchString(o.Name) {
			return
		}
		text, err := o.Text("", func() ([]byte, error) { return ovaSummary(o) })
		if err != nil {
			failed = err
			return
		}
		all.Add(text)
	})
	return all, errors.Join(err, failed)
}

// ovaSummary is what lists say of a record, encoded.
func ovaSummary(o *store.Version[api.OVA]) ([]byte, error) {
	s := o.Value.Summary()
	if o.Problem != nil {
		s.Problem = o.Problem.Error()
	}
	return json.Marshal(s)
}

// OVA returns an OVA's record, with its descriptor's text when asked for.
func (c *Catalog) OVA(name string, descriptor bool) (api.OVA, error) {
	o, err := c.ovas.Get(name)
	if err != nil || !descriptor {
		return o, err
	}
	text, err := c.descriptors.Get(name)
	o.Descriptor = strings.ToValidUTF8(string(text), "\uFFFD")
	return o, err
}

// Images lists the images of a pool, or of all, whose names match, sorted.
func (c *Catalog) Images(pool, match string) ([]api.Volume, error) {
	all := []api.Volume{}
	if pool != "" {
		if _, err := c.pool(pool); err != nil {
			return nil, err
		}
	}
	for name, images := range c.images {
		if pool != "" && pool != name {
			continue
		}
		found, err := matching(images, match)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	slices.SortFunc(all, func(a, b api.Volume) int {
		return strings.Compare(a.Name+"\x00"+a.Pool, b.Name+"\x00"+b.Pool)
	})
	return all, nil
}

// matching returns the records of a collection that can be read and whose names
// match, to be read only. Those that can't be read are listed by Corrupt.
func matching[T any](from *store.Collection[T], match string) ([]T, error) {
	wanted, err := matcher(match)
	if err != nil {
		return nil, err
	}
	found := []T{}
	_, err = from.Each(func(v *store.Version[T]) {
		if v.Problem == nil && wanted.MatchString(v.Name) {
			found = append(found, v.Value)
		}
	})
	return found, err
}

// matcher reads the parameter match.
func matcher(match string) (*regexp.Regexp, error) {
	wanted, err := regexp.Compile(match)
	if err != nil {
		return nil, rpc.Errorf(rpc.InvalidParams, "%q is no regular expression: %s.", match, flaw(err)).WithField("match")
	}
	return wanted, nil
}

// flaw is what is wrong with a regular expression, without the package's own
// introduction.
func flaw(err error) string {
	if wrong, ok := errors.AsType[*syntax.Error](err); ok {
		return fmt.Sprintf("%s in %q", wrong.Code, wrong.Expr)
	}
	return err.Error()
}

// Corrupt lists the records that can't be read, and why.
func (c *Catalog) Corrupt() []string {
	var texts []string
	for _, problems := range c.problems() {
		broken, err := problems()
		for _, b := range broken {
			texts = append(texts, b.Error())
		}
		if err != nil {
			texts = append(texts, err.Error())
		}
	}
	slices.Sort(texts)
	return texts
}

// statusWait is how long daemon.status waits for the first reading of all records:
// a small catalogue is read by then, and its answer has to come within 100 ms.
const statusWait = 50 * time.Millisecond

// WasRead reports whether all records have been read since the start, and waits a
// moment for that. Before, Corrupt would do the reading, which takes seconds for
// ten thousands of them.
func (c *Catalog) WasRead() bool {
	timer := time.NewTimer(statusWait)
	defer timer.Stop()
	select {
	case <-c.wasRead:
		return true
	case <-timer.C:
		return false
	}
}

// readAll reads all records, so that nobody has to wait for it later.
func (c *Catalog) readAll() {
	c.Corrupt()
	close(c.wasRead)
}

// problems are what tells of records that can't be read, kind by kind.
func (c *Catalog) problems() []func() ([]*store.CorruptError, error) {
	all := []func() ([]*store.CorruptError, error){c.ovas.Problems, c.vms.Problems, c.intents.Problems}
	for _, images := range c.images {
		all = append(all, images.Problems)
	}
	for _, s := range c.shelves {
		all = append(all, s.problems)
	}
	return all
}

// Image returns an image's record with what its pool knows of it now.
func (c *Catalog) Image(ctx context.Context, pool, name string) (api.Volume, error) {
	spec, err := c.pool(pool)
	if err != nil {
		return api.Volume{}, err
	}
	v, err := c.image(pool, name)
	if err != nil {
		return v, err
	}
	ctx, cancel := looking(ctx)
	defer cancel()
	err = c.withWorker(ctx, func(w *worker.Worker) error {
		look, err := w.Look(ctx, spec, name)
		allocated := api.Size(look.Allocated)
		v.Size, v.Allocated, v.Parent, v.Children = api.Size(look.Size), &allocated, look.Parent, look.Children
		return err
	})
	return v, err
}

// Record returns an image's record alone.
func (c *Catalog) Record(pool, name string) (api.Volume, error) { return c.image(pool, name) }

// InspectImage tells what an image is, and why it would be refused.
func (c *Catalog) InspectImage(ctx context.Context, src *os.File) (api.ImagePlan, error) {
	var plan api.ImagePlan
	err := c.withWorker(ctx, func(w *worker.Worker) error {
		head, err := w.InspectImage(ctx, c.limits, src)
		if refused := new(rpc.Error); errors.As(err, &refused) && refusal(refused.Code) {
			plan.Refused = refused.Message
			return nil
		}
		plan.Format, plan.Subformat = head.Format, head.Subformat
		if size := api.Size(head.Size); size >= 0 {
			plan.Size = &size
		}
		return err
	})
	if plan.Format == "" {
		plan.Format = "unknown"
	}
	return plan, err
}

// refusal reports whether a failure speaks of the image, not of reading it.
func refusal(code rpc.Code) bool {
	return code == rpc.BadImage || code == rpc.Unsupported || code == rpc.Limit
}

// InspectOVA tells what an OVA, or a bare descriptor, holds.
func (c *Catalog) InspectOVA(ctx context.Context, src *os.File) (*ovf.Plan, error) {
	var plan *ovf.Plan
	err := c.withWorker(ctx, func(w *worker.Worker) error {
		var err error
		plan, err = w.InspectOVA(ctx, c.limits, src)
		return err
	})
	return plan, err
}

// CheckFormat returns nil for the formats that an upload may be said to be.
func CheckFormat(format string) error {
	if f := disk.Format(format); f == "" || f == disk.Raw || f == disk.VMDK {
		return nil
	}
	return fmt.Errorf("%q is no format that can be imported; raw and vmdk are, and leaving it out recognises them", format)
}
