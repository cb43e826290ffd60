package strictyaml

import (
	"reflect"
	"time"
)

// clone makes v, which is settable and so far a shallow copy, own everything
// that can be reached through exported fields.
func (ts types) clone(v reflect.Value) {
	if !ts.refers(v.Type()) {
		return
	}
	switch v.Kind() { //nolint:exhaustive // the others refer to nothing
	case reflect.Pointer:
		if !v.IsNil() {
			v.Set(ts.cloned(v.Elem()).Addr())
		}
	case reflect.Interface:
		if !v.IsNil() {
			v.Set(ts.cloned(v.Elem()))
		}
	case reflect.Slice:
		ts.cloneSlice(v)
	case reflect.Map:
		ts.cloneMap(v)
	case reflect.Struct:
		ts.cloneStruct(v)
	}
}

// cloned returns a copy of v in a place of its own.
func (ts types) cloned(v reflect.Value) reflect.Value {
	fresh := reflect.New(v.Type()).Elem()
	fresh.Set(v)
	ts.clone(fresh)
	return fresh
}

func (ts types) cloneSlice(v reflect.Value) {
	if v.IsNil() {
		return
	}
	fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	reflect.Copy(fresh, v)
	if ts.refers(v.Type().Elem()) {
		for i := range fresh.Len() {
			ts.clone(fresh.Index(i))
		}
	}
	v.Set(fresh)
}

func (ts types) cloneStruct(v reflect.Value) {
	known, reachable := ts[v.Type()]
	if !reachable { // inside of an any, where nothing of ours puts a struct
		return
	}
	for _, i := range known.deep {
		// An embedded struct of a private type can't be set, but its fields can.
		if f := v.Field(i); f.CanSet() || f.Kind() == reflect.Struct {
			ts.clone(f)
		}
	}
}

func (ts types) cloneMap(v reflect.Value) {
	if v.IsNil() {
		return
	}
	fresh := reflect.MakeMapWithSize(v.Type(), v.Len())
	deep := ts.refers(v.Type().Elem())
	for iter := v.MapRange(); iter.Next(); {
		item := iter.Value()
		if deep {
			item = ts.cloned(item)
		}
		fresh.SetMapIndex(iter.Key(), item)
	}
	v.Set(fresh)
}

// refers tells whether two copies of a t may share what can be changed.
func (ts types) refers(t reflect.Type) bool {
	k := t.Kind()
	switch {
	case k == reflect.String || k == reflect.Bool || isNumber(k) || t == reflect.TypeFor[time.Time]():
		return false
	case k == reflect.Struct:
		s, known := ts[t]
		return !known || s.refers
	default:
		return true
	}
}
