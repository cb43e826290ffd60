package catalog

import (
	"encoding/json"
	"errors"
	"regexp"

	"spliced/api"
	"spliced/rpc"
	"spliced/store"
)

// A shelf holds the entries of one kind, whatever their type.
type shelf interface {
	create(name string, spec api.Spec) (api.Entry, error)
	modify(name string, patch api.Spec, generation string) (api.Entry, error)
	remove(name, generation string) error
	show(name string) (api.Entry, error)
	list(wanted *regexp.Regexp) ([]api.Entry, error)
	has(name string) (bool, error)
	// each calls visit with what every entry refers to, until visit fails.
	each(visit func(name, origin string, refs []reference)) error
	corrupt() []*store.CorruptError
}

// entries are a shelf of records of the type T.
type entries[T any] struct {
	kind    api.Kind
	catalog *Catalog
	records *store.Collection[T]

	// What differs between kinds; nil where a kind has nothing of that sort.
	origin   func(*T) string
	refs     func(*T) []reference
	tidy     func(*T)                    // brings a value into its one form
	vet      func(before, v *T) error    // what the type alone can't see; before is nil for a new one
	summary  func(*T) string             // stands in lists instead of the spec
	describe func() func(*api.Entry, *T) // adds to what is shown; made anew for each answer
}

func (s *entries[T]) create(name string, spec api.Spec) (api.Entry, error) {
	v, err := s.decode(json.RawMessage(spec))
	if err == nil {
		err = s.check(nil, &v)
	}
	if err == nil {
		err = s.records.Create(name, v)
	}
	if err != nil {
		return api.Entry{}, err
	}
	return s.show(name)
}

func (s *entries[T]) modify(name string, patch api.Spec, generation string) (api.Entry, error) {
	now, err := s.usable(name, generation)
	if err != nil {
		return api.Entry{}, err
	}
	v, err := s.patched(now.Value, json.RawMessage(patch))
	if err == nil {
		err = s.check(&now.Value, &v)
	}
	if err != nil {
		return api.Entry{}, err
	}
	if _, err = s.records.Update(name, now.Generation, v); err != nil {
		return api.Entry{}, err
	}
	return s.show(name)
}

// usable is the present record, if a change can be made to it.
func (s *entries[T]) usable(name, generation string) (store.Version[T], error) {
	now, err := s.records.Look(name)
	switch {
	case err != nil:
		return now, err
	case now.Problem != nil:
		return now, now.Problem
	case generation != "" && generation != now.Generation:
		return now, store.ErrChanged
	}
	return now, nil
}

func (s *entries[T]) patched(now T, patch json.RawMessage) (T, error) {
	var zero T
	text, err := json.Marshal(&now)
	if err != nil {
		return zero, err
	}
	if text, err = rpc.Patch(text, patch, &zero, "spec"); err != nil {
		return zero, err
	}
	return s.decode(text)
}

func (s *entries[T]) decode(spec json.RawMessage) (T, error) {
	var v T
	err := rpc.Decode(spec, &v, "spec")
	if err == nil && s.tidy != nil {
		s.tidy(&v)
	}
	return v, err
}

// check asks the type, the kind, and for each reference that wasn't there before
// whether it leads somewhere.
func (s *entries[T]) check(before, v *T) error {
	if checked, ok := any(v).(interface{ Validate() error }); ok {
		if err := checked.Validate(); err != nil {
			return err
		}
	}
	if err := s.newRefs(before, v); err != nil || s.vet == nil {
		return err
	}
	return s.vet(before, v)
}

func (s *entries[T]) newRefs(before, v *T) error {
	if s.refs == nil {
		return nil
	}
	known := map[target]bool{}
	if before != nil {
		for _, r := range s.refs(before) {
			known[r.to] = true
		}
	}
	for _, r := range s.refs(v) {
		if known[r.to] {
			continue
		}
		if err := s.catalog.reachable(r); err != nil {
			return err
		}
	}
	return nil
}

func (s *entries[T]) remove(name, generation string) error {
	if generation == "" {
		return s.records.Delete(name)
	}
	return s.records.DeleteVersion(name, generation)
}

func (s *entries[T]) show(name string) (api.Entry, error) {
	v, err := s.records.Look(name)
	if err != nil {
		return api.Entry{}, err
	}
	return s.entry(&v, s.describer())
}

func (s *entries[T]) list(wanted *regexp.Regexp) ([]api.Entry, error) {
	versions, _, err := s.records.Versions()
	if err != nil {
		return nil, err
	}
	describe := s.describer()
	found := make([]api.Entry, 0, len(versions))
	for i := range versions {
		if !wanted.MatchString(versions[i].Name) {
			continue
		}
		e, err := s.entry(&versions[i], describe)
		if err != nil {
			return nil, err
		}
		if s.summary != nil {
			e.Spec, e.Summary = nil, s.summary(&versions[i].Value)
		}
		found = append(found, e)
	}
	return found, nil
}

func (s *entries[T]) describer() func(*api.Entry, *T) {
	if s.describe == nil {
		return func(*api.Entry, *T) {}
	}
	return s.describe()
}

func (s *entries[T]) entry(v *store.Version[T], describe func(*api.Entry, *T)) (api.Entry, error) {
	if s.tidy != nil {
		s.tidy(&v.Value)
	}
	spec, err := json.Marshal(&v.Value)
	e := api.Entry{Kind: s.kind, Name: v.Name, Spec: spec, Generation: v.Generation}
	if v.Problem != nil {
		e.Problem = v.Problem.Error()
	}
	describe(&e, &v.Value)
	return e, err
}

// has tells whether there is such an entry, be its file broken.
func (s *entries[T]) has(name string) (bool, error) {
	_, err := s.records.Look(name)
	return found(err)
}

func (s *entries[T]) each(visit func(name, origin string, refs []reference)) error {
	versions, _, err := s.records.Versions()
	for i := range versions {
		v, origin := &versions[i], ""
		var refs []reference
		if s.origin != nil {
			origin = s.origin(&v.Value)
		}
		if s.refs != nil {
			refs = s.refs(&v.Value)
		}
		visit(v.Name, origin, refs)
	}
	return err
}

func (s *entries[T]) corrupt() []*store.CorruptError {
	versions, broken, _ := s.records.Versions()
	for i := range versions {
		if versions[i].Problem != nil {
			broken = append(broken, versions[i].Problem)
		}
	}
	return broken
}

// found tells from a failure to read a record whether there is one.
func found(err error) (bool, error) {
	switch {
	case err == nil, errors.Is(err, store.ErrCorrupt):
		return true, nil
	case absent(err):
		return false, nil
	}
	return false, err
}
