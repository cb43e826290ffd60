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
	list(to *rpc.List[api.Entry], wanted *regexp.Regexp) error
	has(name string) (bool, error)
	// each calls visit with what every entry was made with and refers to, for which
	// of those that can't be used the last good version counts.
	each(visit func(name, origin string, refs []reference)) error
	// dropIn adds the removal of an entry, where there is one, to a batch.
	dropIn(b *store.Batch, name string) error
	problems() ([]*store.CorruptError, error)
}

// entries are a shelf of records of the type T.
type entries[T any] struct {
	kind    api.Kind
	catalog *Catalog
	records *store.Collection[T]

	// What differs between kinds; nil where a kind has nothing of that sort.
	origin  func(*T) string
	refs    func(*T) []reference
	tidy    func(*T)                 // brings a value into its one form, in new memory
	vet     func(before, v *T) error // what the type alone can't see; before is nil for a new one
	summary func(*T) string          // stands in lists instead of the spec
	// add adds to what is shown of one, and among does for lists.
	add   func(*api.Entry, *T)
	among func() addition[T]
}

// An addition is what is shown of records beside their own content.
type addition[T any] struct {
	with func(*T) string // equal ones add the same to the same record
	add  func(*api.Entry, *T)
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
	text, err := s.text(now)
	if err != nil {
		return zero, err
	}
	merged, err := rpc.Patch(json.RawMessage(text), patch, &zero, "spec")
	if err != nil {
		return zero, err
	}
	return s.decode(merged)
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
	e := s.entry(&v)
	if s.add != nil {
		s.add(&e, &v.Value)
	}
	e.Spec, err = s.text(v.Value)
	return e, err
}

func (s *entries[T]) list(to *rpc.List[api.Entry], wanted *regexp.Regexp) error {
	among := addition[T]{with: func(*T) string { return "" }, add: func(*api.Entry, *T) {}}
	if s.among != nil {
		among = s.among()
	}
	var failed error
	_, err := s.records.Each(func(v *store.Version[T]) {
		if !wanted.MatchString(v.Name) {
			return
		}
		text, err := v.Text(among.with(&v.Value), func() ([]byte, error) { return s.listed(v, among) })
		if err != nil {
			failed = err
			return
		}
		to.Add(text)
	})
	return errors.Join(err, failed)
}

// listed is what lists say of a version, encoded.
func (s *entries[T]) listed(v *store.Version[T], among addition[T]) (text []byte, err error) {
	e := s.entry(v)
	among.add(&e, &v.Value)
	if s.summary != nil {
		e.Summary = s.summary(&v.Value)
	} else if e.Spec, err = s.text(v.Value); err != nil {
		return nil, err
	}
	return json.Marshal(e)
}

// entry is what is shown of a version beside its content.
func (s *entries[T]) entry(v *store.Version[T]) api.Entry {
	e := api.Entry{Kind: s.kind, Name: v.Name, Generation: v.Generation}
	if v.Problem != nil {
		e.Problem = v.Problem.Error()
	}
	return e
}

// text is a value in the form in which it is answered and patched.
func (s *entries[T]) text(v T) (api.Spec, error) {
	if s.tidy != nil {
		s.tidy(&v)
	}
	text, err := json.Marshal(&v)
	return text, err
}

// has tells whether there is such an entry, be its file broken.
func (s *entries[T]) has(name string) (bool, error) {
	_, err := s.records.Look(name)
	return found(err)
}

func (s *entries[T]) each(visit func(name, origin string, refs []reference)) error {
	_, err := s.records.Each(func(v *store.Version[T]) {
		origin, refs := "", []reference(nil)
		if s.origin != nil {
			origin = s.origin(&v.Value)
		}
		if s.refs != nil {
			refs = s.refs(&v.Value)
		}
		visit(v.Name, origin, refs)
	})
	return err
}

func (s *entries[T]) problems() ([]*store.CorruptError, error) { return s.records.Problems() }

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
