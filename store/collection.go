package store

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"sync"

	"spliced/store/strictyaml"
)

// MaxRecord is the most bytes of a record's file: our largest are OVAs with some
// hundred disks, at under 100 KiB, and scripts.
const MaxRecord = 1 << 20

// A Collection is the records of one kind, each a T under a name of its own. T
// is a struct; how it becomes YAML says package strictyaml. When T or *T has a
// method Validate() error, it decides on what is written and read, too.
//
// Values that are returned are the caller's own.
type Collection[T any] struct {
	folder *folder
	codec  *strictyaml.Codec[record[T]]
	schema string

	mu    sync.RWMutex
	cache map[string]*entry[T]

	scanning sync.Mutex // comes before mu
	watch    watch
	last     scan[T]
}

// record is a file's content.
type record[T any] struct {
	Schema string `yaml:"schema"`
	Body   T      `yaml:",inline"`
}

// An Item is a record with its name.
type Item[T any] struct {
	Name  string
	Value T
}

// NewCollection returns the collection of a kind, which is the name of its folder
// and, with the version, of its schema. It panics when the kind has one already,
// is no lower-case word, or when T can't be kept as YAML: those are faults of the
// program.
func NewCollection[T any](s *Store, kind string, version int) *Collection[T] {
	codec := codecOf[T](kind)
	c := &Collection[T]{
		folder: newFolder(s, kind, ".yaml"),
		codec:  codec,
		schema: fmt.Sprintf("%s/v%d", kind, version),
		cache:  make(map[string]*entry[T]),
		watch:  watch{disk: s.disk},
	}
	c.folder.atClose(c.endWatch)
	return c
}

func codecOf[T any](kind string) *strictyaml.Codec[record[T]] {
	codec, err := strictyaml.For[record[T]]()
	if err != nil {
		panic(fmt.Sprintf("store: %s: %v", kind, err))
	}
	return codec
}

// Put makes the record name, or replaces it, durably. For failures see the
// package's documentation; fs.ErrInvalid and ErrTooLarge come before anything
// is touched.
func (c *Collection[T]) Put(name string, v T) error { return c.put(name, v, false) }

// Create is Put for a name that must be free; fs.ErrExist when it isn't, be it by
// a record that can't be read. Of many callers exactly one wins.
func (c *Collection[T]) Create(name string, v T) error { return c.put(name, v, true) }

func (c *Collection[T]) put(name string, v T, fresh bool) error {
	ch := c.change(name, replace)
	if fresh {
		ch.action = create
	}
	var err error
	if ch.data, err = c.encode(name, v); err == nil {
		err = c.folder.put(&ch)
	}
	return c.wrap("write", name, err)
}

// Get returns the record name; fs.ErrNotExist, a *CorruptError.
func (c *Collection[T]) Get(name string) (T, error) {
	var zero T
	if err := CheckName(name); err != nil {
		return zero, c.wrap("read", name, err)
	}
	unlock, err := c.folder.store.beginRead()
	if err != nil {
		return zero, c.wrap("read", name, err)
	}
	e := c.look(name)
	unlock()
	if e.err != nil {
		return zero, c.told(name, e.err)
	}
	return c.clone(e.value), nil
}

// Delete removes the record name; fs.ErrNotExist. A record that can't be read
// can be deleted.
func (c *Collection[T]) Delete(name string) error {
	err := CheckName(name)
	if err == nil {
		ch := c.change(name, remove)
		err = c.folder.remove(&ch)
	}
	return c.wrap("remove", name, err)
}

// List names all records, sorted, those that can't be read among them.
func (c *Collection[T]) List() ([]string, error) {
	unlock, err := c.folder.store.beginRead()
	if err != nil {
		return nil, err
	}
	defer unlock()
	names, err := c.folder.list()
	return slices.Clone(names), err
}

// All returns the records, sorted by name, and what can't be served of them: a
// *CorruptError each, in the same order. Batches are seen whole or not at all.
func (c *Collection[T]) All() (valid []Item[T], corrupt []*CorruptError, err error) {
	unlock, err := c.folder.store.beginRead()
	if err != nil {
		return nil, nil, err
	}
	names, entries, err := c.lookAll()
	unlock()
	if err != nil {
		return nil, nil, err
	}
	valid = make([]Item[T], 0, len(names))
	for i, name := range names {
		switch e := entries[i]; {
		case e.err == nil:
			valid = append(valid, Item[T]{name, c.clone(e.value)})
		case !errors.Is(e.err, fs.ErrNotExist): // gone since the folder was listed
			corrupt = append(corrupt, c.corrupt(name, e.err))
		}
	}
	return valid, corrupt, nil
}

func (c *Collection[T]) clone(v T) T { return c.codec.Clone(record[T]{Body: v}).Body }

func (c *Collection[T]) encode(name string, v T) ([]byte, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	if err := validate(&v); err != nil {
		return nil, fmt.Errorf("%w: %w", fs.ErrInvalid, err)
	}
	data, err := c.codec.Marshal(record[T]{Schema: c.schema, Body: v})
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", fs.ErrInvalid, err)
	case len(data) > MaxRecord:
		return nil, fmt.Errorf("%w of %d bytes", ErrTooLarge, MaxRecord)
	}
	return data, nil
}

func (c *Collection[T]) decode(data []byte) (T, error) {
	var zero T
	doc, err := strictyaml.Parse(data, strictyaml.Options{Limit: MaxRecord, WantEnd: true})
	if err != nil {
		return zero, err
	}
	if key, value := doc.First(); key != "schema" || value != c.schema {
		return zero, fmt.Errorf("the first line is not %q", "schema: "+c.schema)
	}
	r, err := c.codec.Decode(doc, record[T]{})
	if err == nil {
		err = validate(&r.Body)
	}
	return r.Body, err
}

// validate asks the type itself, where it has an answer.
func validate(v any) error {
	if checked, ok := v.(interface{ Validate() error }); ok {
		return checked.Validate()
	}
	if checked, ok := reflect.TypeAssert[interface{ Validate() error }](reflect.ValueOf(v).Elem()); ok {
		return checked.Validate()
	}
	return nil
}

func (c *Collection[T]) wrap(verb, name string, err error) error {
	if _, told := errors.AsType[*CorruptError](err); told || err == nil {
		return err
	}
	return fmt.Errorf("cannot %s the record %q of %s: %w", verb, name, c.folder.kind, err)
}

// told turns the reason why a record can't be served into what Get returns.
func (c *Collection[T]) told(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return c.wrap("read", name, err)
	}
	return c.corrupt(name, err)
}

func (c *Collection[T]) corrupt(name string, err error) *CorruptError {
	out := &CorruptError{Kind: c.folder.kind, Name: name, Path: c.folder.file(name), Err: err}
	if at, ok := errors.AsType[*strictyaml.Error](err); ok {
		out.Line = at.Line
	}
	return out
}
