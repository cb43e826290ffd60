package catalog

import (
	"errors"
	"fmt"
	"io/fs"

	"spliced/api"
	"spliced/rpc"
)

// The kinds of objects, beyond those of entries, that entries refer to.
const (
	kindOVA   api.Kind = "ova"
	kindImage api.Kind = "image"
	kindPool  api.Kind = "pool"
)

// A target is an object that entries may refer to.
type target struct {
	kind api.Kind
	pool string // of an image
	name string
}

// A reference is the key of an entry that names a target.
type reference struct {
	field string // path in the spec
	to    target
}

// key is what the target is reserved under.
func (t target) key() string {
	switch t.kind { //nolint:exhaustive // the rest are entries
	case kindOVA:
		return Intent{Object: ovaObject, Name: t.name}.key()
	case kindImage:
		return Intent{Object: imageObject, Pool: t.pool, Name: t.name}.key()
	}
	return "entry/" + string(t.kind) + "/" + t.name
}

// title is the target as messages name it.
func (t target) title() string {
	switch t.kind { //nolint:exhaustive // the rest are entries
	case kindOVA:
		return fmt.Sprintf("OVA %q", t.name)
	case kindImage:
		return fmt.Sprintf("image %q in the pool %q", t.name, t.pool)
	case kindPool:
		return fmt.Sprintf("pool %q", t.name)
	}
	return fmt.Sprintf("%s %q", t.kind.Title(), t.name)
}

// hint says where such objects come from.
func (t target) hint() string {
	switch t.kind { //nolint:exhaustive // the rest are profiles, which nothing refers to
	case api.KindSystem, api.KindNetwork, api.KindStorage:
		return fmt.Sprintf("Make it with splicectl template %[1]s create, or see what there is with splicectl template %[1]s list.", t.kind)
	case api.KindUserdata, api.KindScript:
		return fmt.Sprintf("Make it with splicectl %s create, or see what there is with splicectl %s list.", t.kind, t.kind)
	case kindOVA, kindImage:
		return fmt.Sprintf("Import it with splicectl %s upload, or see what there is with splicectl %s list.", t.kind, t.kind)
	}
	return "See the pools with splicectl pool list; they are made in the daemon's configuration."
}

// reachable returns nil when a reference leads somewhere, and to nothing that a
// job is about to remove.
func (c *Catalog) reachable(r reference) error {
	if err := c.unreserved(r.to); err != nil {
		return failureIn(r.field, err)
	}
	there, err := c.exists(r.to)
	if err != nil || there {
		return err
	}
	return rpc.Errorf(rpc.NotFound, "there is no %s.", r.to.title()).WithField("spec." + r.field).WithHint(r.to.hint())
}

// failureIn adds which key of the spec a failure is about.
func failureIn(field string, err error) error {
	if e, ok := errors.AsType[*rpc.Error](err); ok {
		return e.WithField("spec." + field)
	}
	return err
}

func (c *Catalog) exists(t target) (bool, error) {
	var err error
	switch t.kind { //nolint:exhaustive // the rest are entries
	case kindPool:
		_, there := c.pools[t.name]
		return there, nil
	case kindImage:
		_, err = c.image(t.pool, t.name)
	case kindOVA:
		_, err = c.ovas.Get(t.name)
	default:
		return c.shelves[t.kind].has(t.name)
	}
	return found(err)
}

// absent tells that a failure is the absence of a record.
func absent(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// unreserved returns nil unless a job works on the target.
func (c *Catalog) unreserved(t target) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id, taken := c.reserved[t.key()]; taken {
		return reservedBy(t.title(), id)
	}
	return nil
}

// reservedBy says that a job works on an object.
func reservedBy(title, id string) *rpc.Error {
	return rpc.Errorf(rpc.Busy, "job %s works on the %s.", id, title).WithJob(id).
		WithHint("Wait for its end with splicectl job wait " + id + ".")
}

// unclaimed returns nil when an entry may be made under the name.
func (c *Catalog) unclaimed(kind api.Kind, name string) error {
	if id, taken := c.claimedByImport(string(kind), name); taken {
		return rpc.Errorf(rpc.Busy, "job %s works on an OVA whose %s may have that name.", id, kind.Title()).WithJob(id).
			WithHint("Wait for its end with splicectl job wait " + id + ".")
	}
	return c.unreserved(target{kind: kind, name: name})
}

// users lists who refers to the target, as `profile "web"`, sorted.
func (c *Catalog) users(t target) ([]string, error) {
	var all []string
	for _, kind := range referrers(t.kind) {
		err := c.shelves[kind].each(func(name, _ string, refs []reference) {
			for _, r := range refs {
				if r.to == t {
					all = append(all, target{kind: kind, name: name}.title())
					return
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// referrers are the kinds of entries that can refer to an object of that kind.
func referrers(kind api.Kind) []api.Kind {
	switch kind { //nolint:exhaustive // nothing refers to the rest
	case api.KindSystem, api.KindNetwork, api.KindStorage, api.KindUserdata, api.KindScript, kindOVA:
		return []api.Kind{api.KindProfile}
	case kindImage:
		return []api.Kind{api.KindStorage}
	}
	return nil
}

// unused returns nil when nothing refers to the target.
func (c *Catalog) unused(t target) error {
	by, err := c.users(t)
	if err != nil || len(by) == 0 {
		return err
	}
	return inUse(by)
}

// inUse refuses a removal.
func inUse(by []string) *rpc.Error {
	return rpc.Errorf(rpc.Busy, "%s refer%s to it.", names(by), plural(len(by))).
		WithHint("Let them refer to something else, or remove them first.")
}

// plural is the ending of a verb.
func plural(n int) string {
	if n == 1 {
		return "s"
	}
	return ""
}
