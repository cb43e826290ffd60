package strictyaml

import "reflect"

// clone makes v, which is settable and so far a shallow copy, own everything
// that can be reached through exported fields.
func clone(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			fresh := reflect.New(v.Type().Elem())
			fresh.Elem().Set(v.Elem())
			clone(fresh.Elem())
			v.Set(fresh)
		}
	case reflect.Slice:
		cloneSlice(v)
	case reflect.Map:
		cloneMap(v)
	case reflect.Interface:
		if !v.IsNil() {
			fresh := reflect.New(v.Elem().Type()).Elem()
			fresh.Set(v.Elem())
			clone(fresh)
			v.Set(fresh)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Field(i); f.CanSet() {
				clone(f)
			}
		}
	default:
	}
}

func cloneSlice(v reflect.Value) {
	if v.IsNil() {
		return
	}
	fresh := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	reflect.Copy(fresh, v)
	if holdsReferences(v.Type().Elem()) {
		for i := range fresh.Len() {
			clone(fresh.Index(i))
		}
	}
	v.Set(fresh)
}

func cloneMap(v reflect.Value) {
	if v.IsNil() {
		return
	}
	fresh := reflect.MakeMapWithSize(v.Type(), v.Len())
	for iter := v.MapRange(); iter.Next(); {
		item := reflect.New(v.Type().Elem()).Elem()
		item.Set(iter.Value())
		clone(item)
		fresh.SetMapIndex(iter.Key(), item)
	}
	v.Set(fresh)
}

func holdsReferences(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface, reflect.Struct:
		return true
	default:
		return false
	}
}
