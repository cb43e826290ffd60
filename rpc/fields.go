package rpc

import (
	"reflect"
	"strings"
)

// A field is one JSON member of a Go struct, the same for the decoder and for
// the schema.
type field struct {
	name     string
	index    []int
	typ      reflect.Type
	required bool
	doc      string
}

// fieldsOf lists the JSON members of a struct in the order of their
// declaration, those of embedded structs in place. Those of an embedded pointer
// may all be absent.
//
// A member is required unless its json tag says omitempty or omitzero, or its
// type is a pointer. The tag `doc:"…"` describes it.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := sf.Tag.Get("json")
		if tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		if inner, pointer := embedded(sf, name); inner != nil {
			for _, f := range fieldsOf(inner) {
				f.index = append([]int{i}, f.index...)
				f.required = f.required && !pointer
				fields = append(fields, f)
			}
			continue
		}
		if !sf.IsExported() {
			continue
		}
		if name == "" {
			name = sf.Name
		}
		fields = append(fields, field{
			name:     name,
			index:    []int{i},
			typ:      sf.Type,
			required: !strings.Contains(options, "omit") && sf.Type.Kind() != reflect.Pointer,
			doc:      sf.Tag.Get("doc"),
		})
	}
	return fields
}

// embedded returns the struct whose members a field lends to the one around it,
// or nil.
func embedded(sf reflect.StructField, name string) (inner reflect.Type, pointer bool) {
	if !sf.Anonymous || name != "" {
		return nil, false
	}
	t := sf.Type
	if t.Kind() == reflect.Pointer {
		t, pointer = t.Elem(), true
	}
	if t.Kind() != reflect.Struct || pointer && !sf.IsExported() { // package reflect can't fill the latter
		return nil, false
	}
	return t, pointer
}

// at returns the place of a field in a struct, with memory for the embedded
// pointers on the way.
func (f field) at(v reflect.Value) reflect.Value {
	for _, i := range f.index {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				v.Set(reflect.New(v.Type().Elem()))
			}
			v = v.Elem()
		}
		v = v.Field(i)
	}
	return v
}
