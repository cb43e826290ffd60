package rpc

import (
	"encoding/json"
	"reflect"
)

// Decode fills v, a pointer, from a JSON value as strictly as parameters are
// decoded; see Bind. Refusals are Errors that name the place, which begins with
// path. The text must be JSON that the socket has let in, or that package json
// has written.
func Decode(text json.RawMessage, v any, path string) error {
	return decodeValue(text, reflect.ValueOf(v).Elem(), path)
}

// Patch changes the JSON object target as the merge patch says (RFC 7396): what
// is absent stays, null takes away, objects are merged, all else is replaced.
// Numbers keep their digits. A key that a value like v, a pointer to a struct,
// doesn't have is refused with its place, even if only to be taken away; the
// rest is for Decode to say.
func Patch(target, patch json.RawMessage, v any, path string) (json.RawMessage, error) {
	if err := checkKeys(patch, reflect.TypeOf(v).Elem(), path); err != nil {
		return nil, err
	}
	return merge(target, patch)
}

// checkKeys looks at those parts of a patch that are for structs.
func checkKeys(patch []byte, t reflect.Type, path string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || patch[0] != '{' {
		return nil
	}
	fields := fieldsOf(t)
	return members(patch, func(key string, value []byte) error {
		at := join(path, key)
		for _, f := range fields {
			if f.name == key {
				return checkKeys(value, f.typ, at)
			}
		}
		return unknown(at)
	})
}

// merge is MergePatch of RFC 7396, section 2.
func merge(target, patch json.RawMessage) (json.RawMessage, error) {
	if patch[0] != '{' {
		return patch, nil
	}
	merged := map[string]json.RawMessage{}
	if len(target) > 0 && target[0] == '{' {
		if err := json.Unmarshal(target, &merged); err != nil {
			return nil, err
		}
	}
	err := members(patch, func(key string, value []byte) error {
		if value[0] == 'n' {
			delete(merged, key)
			return nil
		}
		var err error
		merged[key], err = merge(merged[key], value)
		return err
	})
	if err != nil {
		return nil, err
	}
	return json.Marshal(merged)
}
