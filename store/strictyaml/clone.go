package strictyaml

import "reflect"

// clone makes v, which is settable and so far a shallow copy, own everything
// that can be reached through exported fields.
func clone(v reflect.Value) {
	switch k := v.Kind(); {
	case k == reflect.Pointer:
		if !v.IsNil() {
			fresh := reflect.New(v.Type().Elem())
			fresh.Elem().Set(v.Elem())
			clone(fresh.Elem())
			v.Set(fresh)
		}
	case k == reflect.Slice:
		cloneSlice(v)
	case k == reflect.Map:
		cloneMap(v)
	case k == reflect.Interface:
		if !v.IsNil() {
			fresh := reflect.New(v.Elem().Type()).Elem()
			fresh.Set(v.Elem())
			clone(fresh)
			v.Set(fresh)
		}
	case k == reflect.Struct:
		for _, f := range v.Fields() {
			if f.CanSet() {
				clone(f)
			}
		}
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
	return t.Kind() != reflect.String && !isNumber(t.Kind()) && t.Kind() != reflect.Bool
}
