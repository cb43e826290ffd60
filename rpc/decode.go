package rpc

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
)

// decode fills v from an object of parameters. It is stricter than
// encoding/json: names match to the letter, an unknown one is refused, a
// missing one that the type requires is refused, null fits only a pointer, and
// every refusal names the place.
func decode(params []byte, v any) error {
	if len(params) == 0 {
		params = []byte("{}")
	}
	return decodeValue(params, reflect.ValueOf(v).Elem(), "")
}

func decodeValue(raw []byte, v reflect.Value, path string) error {
	if ownDecoder(v) {
		return delegate(raw, v, path)
	}
	switch v.Kind() { //nolint:exhaustive // the rest are scalars
	case reflect.Pointer:
		return decodePointer(raw, v, path)
	case reflect.Struct:
		return decodeStruct(raw, v, path)
	case reflect.Map:
		return decodeMap(raw, v, path)
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			return decodeSlice(raw, v, path)
		}
	}
	return decodeScalar(raw, v, path)
}

// ownDecoder reports whether the type reads its own JSON.
func ownDecoder(v reflect.Value) bool {
	if v.Kind() == reflect.Pointer {
		return false // what it points to decides
	}
	switch v.Addr().Interface().(type) {
	case json.Unmarshaler, encoding.TextUnmarshaler:
		return true
	}
	return false
}

func delegate(raw []byte, v reflect.Value, path string) error {
	if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil {
		return Errorf(InvalidParams, "Cannot use parameter %q: %w.", path, err).WithField(path)
	}
	return nil
}

func decodePointer(raw []byte, v reflect.Value, path string) error {
	if raw[0] == 'n' {
		v.SetZero()
		return nil
	}
	v.Set(reflect.New(v.Type().Elem()))
	return decodeValue(raw, v.Elem(), path)
}

func decodeStruct(raw []byte, v reflect.Value, path string) error {
	if raw[0] != '{' {
		return wrongType(path, "an object", raw)
	}
	fields := fieldsOf(v.Type())
	seen := make(map[string]bool, len(fields))
	err := members(raw, func(key string, value []byte) error {
		at := join(path, key)
		for _, f := range fields {
			if f.name == key {
				seen[key] = true
				return decodeValue(value, f.at(v), at)
			}
		}
		return unknown(at)
	})
	if err != nil {
		return err
	}
	for _, f := range fields {
		if f.required && !seen[f.name] {
			at := join(path, f.name)
			return Errorf(InvalidParams, "Cannot go without parameter %q.", at).WithField(at)
		}
	}
	return nil
}

func unknown(at string) error {
	return Errorf(InvalidParams, "Cannot take parameter %q: it is unknown.", at).WithField(at)
}

func decodeMap(raw []byte, v reflect.Value, path string) error {
	if raw[0] != '{' {
		return wrongType(path, "an object", raw)
	}
	if v.Type().Key().Kind() != reflect.String {
		return delegate(raw, v, path)
	}
	v.Set(reflect.MakeMap(v.Type()))
	return members(raw, func(key string, value []byte) error {
		elem := reflect.New(v.Type().Elem()).Elem()
		if err := decodeValue(value, elem, join(path, key)); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), elem)
		return nil
	})
}

func decodeSlice(raw []byte, v reflect.Value, path string) error {
	if raw[0] != '[' {
		return wrongType(path, "an array", raw)
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	return elements(raw, func(i int, value []byte) error {
		elem := reflect.New(v.Type().Elem()).Elem()
		if err := decodeValue(value, elem, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
		v.Set(reflect.Append(v, elem))
		return nil
	})
}

func decodeScalar(raw []byte, v reflect.Value, path string) error {
	want := "of another type"
	switch v.Kind() { //nolint:exhaustive // the rest have no short name
	case reflect.Bool:
		want = "true or false"
	case reflect.String:
		want = "a string"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		want = fmt.Sprintf("a whole number of %d bits", v.Type().Bits())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		want = fmt.Sprintf("a whole number, not negative, of %d bits", v.Type().Bits())
	case reflect.Float32, reflect.Float64:
		want = "a number"
	}
	if raw[0] == 'n' && v.Kind() != reflect.Interface {
		return wrongType(path, want, raw)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // for interfaces: a size must not become a float64
	if err := d.Decode(v.Addr().Interface()); err != nil {
		return wrongType(path, want, raw)
	}
	return nil
}

// wrongType names the parameter, what it must be and what came.
func wrongType(path, want string, raw []byte) error {
	got := kindOf(raw)
	if len(raw) <= 24 && raw[0] != '{' && raw[0] != '[' {
		got = string(raw)
	}
	return Errorf(InvalidParams, "Cannot use parameter %q: it must be %s, not %s.", path, want, got).WithField(path)
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
