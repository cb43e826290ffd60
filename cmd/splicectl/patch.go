package main

import "reflect"

// mergePatch is the merge patch (RFC 7396) that makes one object the other. A
// null in the wanted object is the same as no such key. Both have the form of
// kind.read.
func mergePatch(old, wanted map[string]any) map[string]any {
	patch := map[string]any{}
	for key, value := range wanted {
		was, wasObject := old[key].(map[string]any)
		object, isObject := value.(map[string]any)
		switch {
		case value == nil || reflect.DeepEqual(old[key], value):
		case wasObject && isObject:
			if inner := mergePatch(was, object); len(inner) > 0 {
				patch[key] = inner
			}
		default:
			patch[key] = value
		}
	}
	for key, value := range old {
		if value != nil && wanted[key] == nil {
			patch[key] = nil
		}
	}
	return patch
}
