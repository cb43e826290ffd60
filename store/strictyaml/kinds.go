package strictyaml

import "reflect"

func isInt(k reflect.Kind) bool  { return reflect.Int <= k && k <= reflect.Int64 }
func isUint(k reflect.Kind) bool { return reflect.Uint <= k && k <= reflect.Uint64 }

func isFloat(k reflect.Kind) bool  { return k == reflect.Float32 || k == reflect.Float64 }
func isNumber(k reflect.Kind) bool { return isInt(k) || isUint(k) || isFloat(k) }

// isBytes holds for the slices that are written as one string.
func isBytes(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8
}
