package rpc

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// A Schemer is a type that describes itself in the OpenRPC document. It returns
// something that encodes to a JSON Schema. Types with a MarshalJSON of their own
// need it; without it they are described as anything.
type Schemer interface {
	JSONSchema() any
}

type object = map[string]any

// schemas collects the JSON Schemas of named structs, so that each is described
// once and types may contain themselves.
type schemas struct {
	named map[string]any
	names map[reflect.Type]string
}

func (s *schemas) of(t reflect.Type) any {
	if list, ok := reflect.TypeAssert[ready](reflect.Zero(t)); ok {
		return object{"type": "array", "items": s.of(list.element())}
	}
	if own := ownSchema(t); own != nil {
		return own
	}
	switch t.Kind() { //nolint:exhaustive // the rest can't be in JSON
	case reflect.Pointer:
		return object{"anyOf": []any{s.of(t.Elem()), object{"type": "null"}}}
	case reflect.Struct:
		return s.reference(t)
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return object{"type": "string", "contentEncoding": "base64"}
		}
		return object{"type": "array", "items": s.of(t.Elem())}
	}
	return scalar(t)
}

func scalar(t reflect.Type) any {
	switch t.Kind() { //nolint:exhaustive // interfaces and the like may be anything
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	}
	return object{}
}

// ownSchema returns what a type says of itself, or nil.
func ownSchema(t reflect.Type) any {
	if t.Kind() == reflect.Interface || t.Kind() == reflect.Pointer {
		return nil
	}
	switch v := reflect.New(t).Interface().(type) {
	case Schemer:
		return v.JSONSchema()
	case *time.Time:
		return object{"type": "string", "format": "date-time"}
	case json.Marshaler:
		return object{}
	case encoding.TextMarshaler:
		return object{"type": "string"}
	}
	return nil
}

// reference describes a struct under its name, and points there. A struct
// without a name is described in place.
func (s *schemas) reference(t reflect.Type) any {
	if t.Name() == "" || t.NumField() == 0 {
		return s.structure(t)
	}
	name, known := s.names[t]
	if !known {
		name = s.free(t)
		s.names[t] = name
		s.named[name] = nil // taken, while the fields are looked at
		s.named[name] = s.structure(t)
	}
	return object{"$ref": "#/components/schemas/" + name}
}

// free finds a name that no other type has taken.
func (s *schemas) free(t reflect.Type) string {
	base := strings.Map(func(r rune) rune {
		if strings.ContainsRune("[]/.*, ", r) {
			return '_'
		}
		return r
	}, t.Name())
	name := base
	for n := 2; ; n++ {
		if _, taken := s.named[name]; !taken {
			return name
		}
		name = base + strconv.Itoa(n)
	}
}

func (s *schemas) structure(t reflect.Type) any {
	properties, required := object{}, []string{}
	for _, f := range fieldsOf(t) {
		properties[f.name] = s.field(f)
		if f.required {
			required = append(required, f.name)
		}
	}
	out := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

// field describes one member, with the words of its doc tag.
func (s *schemas) field(f field) any {
	schema := s.of(f.typ)
	if f.doc == "" {
		return schema
	}
	return object{"allOf": []any{schema}, "description": f.doc}
}
