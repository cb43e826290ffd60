package catalog

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"spliced/api"
	"spliced/rpc"
	"spliced/store"
)

// Whoever changes an entry holds c.changing from looking at what it refers to,
// and who refers to it, until the file is written. Removals of OVAs and images
// hold it while they reserve what they remove; from then on nothing can come to
// refer to that.

// CreateEntry makes an entry. Failures are *rpc.Errors with the place in the
// spec: InvalidParams, NotFound of what it refers to, Exists, Busy; or what the
// store answers.
func (c *Catalog) CreateEntry(kind api.Kind, p api.EntryWrite, by Caller) (api.Entry, error) {
	return c.change(request{"create", kind, p.Name, p.RequestID}, by, func(s shelf) (api.Entry, error) {
		c.starting.Lock() // no import that would claim the name begins meanwhile
		defer c.starting.Unlock()
		if err := c.unclaimed(kind, p.Name); err != nil {
			return api.Entry{}, err
		}
		if p.ExpectGeneration != "" {
			return api.Entry{}, rpc.Errorf(rpc.InvalidParams, "what is made has no generation before.").WithField("expect_generation")
		}
		return s.create(p.Name, p.Spec)
	})
}

// ModifyEntry changes an entry as the merge patch in its spec says. Beyond those
// of CreateEntry its failures are fs.ErrNotExist, Busy for another generation
// than the expected one, and store.ErrCorrupt for a file that can't be used.
func (c *Catalog) ModifyEntry(kind api.Kind, p api.EntryWrite, by Caller) (api.Entry, error) {
	return c.change(request{"modify", kind, p.Name, p.RequestID}, by, func(s shelf) (api.Entry, error) {
		if err := c.unreserved(target{kind: kind, name: p.Name}); err != nil {
			return api.Entry{}, err
		}
		return s.modify(p.Name, p.Spec, p.ExpectGeneration)
	})
}

// RemoveEntry removes an entry that nothing refers to; what does, the failure,
// Busy, names.
func (c *Catalog) RemoveEntry(kind api.Kind, p api.EntryRemove, by Caller) (api.Entry, error) {
	return c.change(request{"remove", kind, p.Name, p.RequestID}, by, func(s shelf) (api.Entry, error) {
		it := target{kind: kind, name: p.Name}
		if err := c.unreserved(it); err != nil {
			return api.Entry{}, err
		}
		if err := c.unused(it); err != nil {
			return api.Entry{}, err
		}
		return api.Entry{Kind: kind, Name: p.Name}, s.remove(p.Name, p.ExpectGeneration)
	})
}

// Entry returns an entry with who refers to it. Of one whose file can't be used
// it is the last good version.
func (c *Catalog) Entry(kind api.Kind, name string) (api.Entry, error) {
	s, err := c.shelf(kind)
	if err != nil {
		return api.Entry{}, err
	}
	e, err := s.show(name)
	if err != nil {
		return e, err
	}
	e.UsedBy, err = c.users(target{kind: kind, name: name})
	return e, err
}

// Entries lists the entries of some kinds whose names match the regular
// expression, sorted by kind, then by name.
func (c *Catalog) Entries(match string, kinds ...api.Kind) (rpc.List[api.Entry], error) {
	var all rpc.List[api.Entry]
	wanted, err := matcher(match)
	if err != nil {
		return all, err
	}
	for _, kind := range slices.Sorted(slices.Values(kinds)) {
		s, err := c.shelf(kind)
		if err != nil {
			return all, err
		}
		if err := s.list(&all, wanted); err != nil {
			return all, err
		}
	}
	return all, nil
}

func (c *Catalog) shelf(kind api.Kind) (shelf, error) {
	s, known := c.shelves[kind]
	if !known {
		return nil, rpc.Errorf(rpc.InvalidParams, "%.80q is no kind of entry.", string(kind)).WithField("kind")
	}
	return s, nil
}

// change makes one change at a time, and one that a request asked for before not
// again.
func (c *Catalog) change(r request, by Caller, do func(shelf) (api.Entry, error)) (api.Entry, error) {
	s, err := c.shelf(r.kind)
	if err != nil {
		return api.Entry{}, err
	}
	c.changing.Lock()
	defer c.changing.Unlock()
	if before, same, err := c.answers.recall(by.UID, r); same || err != nil {
		return before, err
	}
	e, err := do(s)
	if err != nil {
		return api.Entry{}, told(err)
	}
	c.answers.keep(by.UID, r, e)
	return e, nil
}

// told puts in words what the store and the types answer, as far as callers can
// do something about it.
func told(err error) error {
	if errors.Is(err, store.ErrCorrupt) {
		return err // the fault is the file's, not the request's
	}
	if field, ok := errors.AsType[*api.FieldError](err); ok {
		return rpc.Errorf(rpc.InvalidParams, "%w.", &api.FieldError{Field: "spec." + field.Field, Why: field.Why}).
			WithField("spec." + field.Field)
	}
	switch {
	case errors.As(err, new(*rpc.Error)):
		return err
	case errors.Is(err, store.ErrChanged):
		return rpc.Errorf(rpc.Busy, "it was changed meanwhile.").
			WithHint("Read it again, and make the change to what it is now.")
	case errors.Is(err, fs.ErrExist):
		return rpc.Errorf(rpc.Exists, "there is one already.").
			WithHint("Choose another name, or remove that one first.")
	}
	return err
}

// names puts several objects into a sentence.
func names(of []string) string {
	const most = 20 // all are in used_by
	if len(of) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(of[:most], ", "), len(of)-most)
	}
	return enumerate(of)
}

func enumerate(of []string) string {
	last := len(of) - 1
	if last < 1 {
		return strings.Join(of, "")
	}
	return strings.Join(of[:last], ", ") + " and " + of[last]
}
