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
// declaration, those of embedded structs in place.
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
		if sf.Anonymous && name == "" && sf.Type.Kind() == reflect.Struct {
			for _, f := range fieldsOf(sf.Type) {
				f.index = append([]int{i}, f.index...)
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
