package strictyaml

import (
	"fmt"
	"reflect"
)

// A Codec reads and writes values of one type. It is immutable: any number of
// goroutines may use it at once.
type Codec[T any] struct {
	types types
}

// For makes the Codec of T. It fails when T holds a type that can't be read
// and written exactly; the list is in the package's documentation.
func For[T any]() (*Codec[T], error) {
	c := &Codec[T]{types: make(types)}
	t := reflect.TypeFor[T]()
	if err := c.types.learn(t); err != nil {
		return nil, fmt.Errorf("type %v: %w", t, err)
	}
	return c, nil
}

// Unmarshal reads one document from data into a fresh value. What it can't read
// it tells by an *Error.
func (c *Codec[T]) Unmarshal(data []byte, o Options) (T, error) {
	var v T
	d, err := Parse(data, o)
	if err != nil {
		return v, err
	}
	return c.Decode(d, v)
}

// Decode reads a parsed document over v, which gives the values of the keys
// that are absent when the document was parsed with Options.Partial. After a
// failure, an *Error, the result is the zero value.
func (c *Codec[T]) Decode(d *Document, v T) (T, error) {
	fresh := c.Clone(v)
	r := reader{types: c.types, partial: d.partial}
	if err := r.value(d.root, "", reflect.ValueOf(&fresh).Elem()); err != nil {
		var zero T
		return zero, err
	}
	return fresh, nil
}

// Clone copies v so that nothing that can be changed is shared with it, except
// behind unexported fields.
func (c *Codec[T]) Clone(v T) T {
	out := v
	c.types.clone(reflect.ValueOf(&out).Elem())
	return out
}
