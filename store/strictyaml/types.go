package strictyaml

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// A field is one key of a struct.
type field struct {
	key       string
	index     []int
	omitEmpty bool
}

// A structure is what is known of a struct.
type structure struct {
	fields []field
	refers bool  // it holds pointers, slices, maps or interfaces
	deep   []int // which of its fields do, as far as they are exported
}

// types holds every struct that can be reached from a Codec's type.
type types map[reflect.Type]structure

// learn walks everything that t can hold.
func (ts types) learn(t reflect.Type) error {
	if ownYAML(t) {
		return fmt.Errorf("%v brings its own YAML methods, behind which nothing can be checked", t)
	}
	if isText(t) {
		return nil
	}
	switch k := t.Kind(); {
	case k == reflect.String || k == reflect.Bool || isNumber(k):
		return nil
	case k == reflect.Interface && t.NumMethod() == 0:
		return nil
	case k == reflect.Pointer && t.Elem().Kind() == reflect.Pointer:
		return fmt.Errorf("%v is a pointer to a pointer", t)
	case k == reflect.Pointer || k == reflect.Slice:
		return ts.learn(t.Elem())
	case k == reflect.Map && t.Key().Kind() == reflect.String && !isText(t.Key()):
		return ts.learn(t.Elem())
	case k == reflect.Struct:
		return ts.learnStruct(t)
	default:
		return fmt.Errorf("%v has no YAML form", t)
	}
}

func (ts types) learnStruct(t reflect.Type) error {
	if _, known := ts[t]; known {
		return nil
	}
	ts[t] = structure{refers: true} // ends the recursion of a type that holds itself
	fields, err := ts.fieldsOf(t)
	if err != nil {
		return err
	}
	seen := make(map[string]bool)
	for _, f := range fields {
		if seen[f.key] {
			return fmt.Errorf("%v has the key %q twice", t, f.key)
		}
		seen[f.key] = true
	}
	known := structure{fields: fields}
	for i := range t.NumField() {
		if f := t.Field(i); (f.IsExported() || f.Anonymous) && ts.refers(f.Type) {
			known.refers, known.deep = true, append(known.deep, i)
		}
	}
	ts[t] = known
	return nil
}

func (ts types) fieldsOf(t reflect.Type) ([]field, error) {
	var out []field
	for sf := range t.Fields() {
		tag := tagOf(sf)
		switch {
		case tag.skip:
		case tag.inline && sf.Type.Kind() == reflect.Struct:
			if err := ts.learnStruct(sf.Type); err != nil {
				return nil, err
			}
			for _, f := range ts[sf.Type].fields {
				f.index = slices.Concat(sf.Index, f.index)
				out = append(out, f)
			}
		case tag.inline:
			return nil, fmt.Errorf("field %s of %v: only a struct can be inlined", sf.Name, t)
		default:
			if err := ts.learn(sf.Type); err != nil {
				return nil, fmt.Errorf("field %s: %w", sf.Name, err)
			}
			out = append(out, field{key: tag.key, index: sf.Index, omitEmpty: tag.omitEmpty})
		}
	}
	return out, nil
}

type fieldTag struct {
	key                     string
	omitEmpty, inline, skip bool
}

func tagOf(sf reflect.StructField) fieldTag {
	text, ok := sf.Tag.Lookup("yaml")
	if !ok {
		text = sf.Tag.Get("json")
	}
	parts := strings.Split(text, ",")
	out := fieldTag{key: parts[0], skip: text == "-" || !sf.IsExported() && !sf.Anonymous}
	for _, p := range parts[1:] {
		out.omitEmpty = out.omitEmpty || p == "omitempty" || p == "omitzero"
		out.inline = out.inline || p == "inline"
	}
	if out.key == "" {
		out.inline = out.inline || sf.Anonymous && sf.Type.Kind() == reflect.Struct
		out.key = strings.ToLower(sf.Name)
	}
	if !sf.IsExported() && !out.inline {
		out.skip = true
	}
	return out
}

var errNoText = errors.New("the type has no text form")

func ownYAML(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(reflect.TypeFor[yaml.Unmarshaler]()) || p.Implements(reflect.TypeFor[yaml.Marshaler]())
}

// isText tells whether values of t are written as one scalar by t's own rules.
func isText(t reflect.Type) bool {
	if t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[time.Duration]() {
		return true
	}
	p := reflect.PointerTo(t)
	return t.Kind() != reflect.Pointer &&
		p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]()) &&
		p.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

// setText gives v, for whose type isText holds, the value that text spells.
func setText(v reflect.Value, text string) error {
	switch p := v.Addr().Interface().(type) {
	case *time.Time:
		t, err := time.Parse(time.RFC3339Nano, text)
		*p = t
		return err
	case *time.Duration:
		d, err := time.ParseDuration(text)
		*p = d
		return err
	case encoding.TextUnmarshaler:
		return p.UnmarshalText([]byte(text))
	default:
		return errNoText
	}
}

// textOf spells v, for whose type isText holds.
func textOf(v reflect.Value) (string, error) {
	addressed := reflect.New(v.Type())
	addressed.Elem().Set(v)
	switch p := addressed.Interface().(type) {
	case *time.Time:
		return p.Format(time.RFC3339Nano), nil
	case *time.Duration:
		return p.String(), nil
	case encoding.TextMarshaler:
		b, err := p.MarshalText()
		return string(b), err
	default:
		return "", errNoText
	}
}
