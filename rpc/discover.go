package rpc

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// openRPC is the version of the OpenRPC specification that Discover follows.
const openRPC = "1.3.2"

// Info heads the OpenRPC document.
type Info struct {
	Title       string `json:"title"`
	Version     string `json:"version"`
	Description string `json:"description,omitempty"`
}

// Discover returns the OpenRPC document of the methods, sorted by name, in a
// form to be encoded as JSON. Parameters and results are described from the Go
// types that Bind was given, the same that decode requests. Beyond OpenRPC each
// method has x-access, x-job, x-fds {min, max} and x-errors, a list of kinds.
func Discover(info Info, methods []Method) any {
	s := &schemas{named: map[string]any{}, names: map[reflect.Type]string{}}
	rows := slices.SortedFunc(slices.Values(methods), func(a, b Method) int { return strings.Compare(a.Name, b.Name) })
	described := make([]any, 0, len(rows))
	codes := map[Code]bool{}
	for _, m := range rows {
		described = append(described, s.method(m))
		for _, c := range m.Errors {
			codes[c] = true
		}
	}
	faults := object{}
	for _, c := range slices.Sorted(maps.Keys(codes)) {
		faults[c.Kind()] = object{"code": int(c), "message": c.Kind()}
	}
	return object{
		"openrpc":    openRPC,
		"info":       info,
		"methods":    described,
		"components": object{"schemas": s.named, "errors": faults},
	}
}

func (s *schemas) method(m Method) any {
	kinds := make([]string, 0, len(m.Errors))
	errors := make([]any, 0, len(m.Errors))
	for _, c := range m.Errors {
		kinds = append(kinds, c.Kind())
		errors = append(errors, object{"$ref": "#/components/errors/" + c.Kind()})
	}
	summary, _, _ := strings.Cut(m.Doc, "\n")
	return object{
		"name":           m.Name,
		"summary":        summary,
		"description":    m.Doc,
		"paramStructure": "by-name",
		"params":         s.params(m.params),
		"result":         object{"name": "result", "schema": s.of(m.result)},
		"errors":         errors,
		"x-access":       m.Access.String(),
		"x-job":          m.Job,
		"x-fds":          object{"min": m.MinFDs, "max": m.MaxFDs},
		"x-errors":       kinds,
	}
}

// params lists parameters as OpenRPC wants them: the required ones first, each
// half in the order of its declaration.
func (s *schemas) params(t reflect.Type) []any {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return []any{}
	}
	fields := fieldsOf(t)
	slices.SortStableFunc(fields, func(a, b field) int {
		if a.required == b.required {
			return 0
		}
		if a.required {
			return -1
		}
		return 1
	})
	out := make([]any, 0, len(fields))
	for _, f := range fields {
		p := object{"name": f.name, "required": f.required, "schema": s.of(f.typ)}
		if f.doc != "" {
			p["description"] = f.doc
		}
		out = append(out, p)
	}
	return out
}
