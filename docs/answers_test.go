package docs_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"spliced/api"
)

// answered are the types of what methods answer, beside those of entries.
func answered() []reflect.Type {
	return []reflect.Type{
		reflect.TypeFor[api.Adoptable](), reflect.TypeFor[api.Entry](), reflect.TypeFor[api.Finding](), reflect.TypeFor[api.Hello](),
		reflect.TypeFor[api.ImagePlan](), reflect.TypeFor[api.Job](), reflect.TypeFor[api.OVA](), reflect.TypeFor[api.OVAConfigured](),
		reflect.TypeFor[api.Pool](), reflect.TypeFor[api.Status](), reflect.TypeFor[api.VM](), reflect.TypeFor[api.Volume](),
	}
}

// wireKeys are the keys of a type's JSON, with those of what is inside of it.
func wireKeys(of reflect.Type) []string {
	var keys []string
	for field := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		keys = append(keys, name)
		inner := field.Type
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && inner.PkgPath() == of.PkgPath() {
			keys = append(keys, wireKeys(inner)...)
		}
	}
	return keys
}

func TestKeysOfAnswersAreInProtocol(t *testing.T) {
	text := code(read(t, "PROTOCOL.md"))
	for _, of := range answered() {
		for _, key := range wireKeys(of) {
			if !regexp.MustCompile(`\b` + key + `\b`).MatchString(text) {
				t.Errorf("PROTOCOL.md says nothing of the key %q of %s", key, of.Name())
			}
		}
	}
}

// TestFindingsAreExplained wants a row for each kind of finding where they are
// defined, and where operators look.
func TestFindingsAreExplained(t *testing.T) {
	for _, kind := range []api.FindingKind{
		api.MissingVolume, api.OrphanVolume, api.DigestMismatch, api.SizeMismatch, api.CorruptRecord, api.DanglingReference,
		api.StagingLeftover, api.AdoptableObject,
	} {
		for _, doc := range []string{"PROTOCOL.md", "OPERATIONS.md"} {
			if !strings.Contains(read(t, doc), "\n| `"+string(kind)+"` |") {
				t.Errorf("%s has no row for the finding %s", doc, kind)
			}
		}
	}
}
