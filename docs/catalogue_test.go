package docs_test

import (
	"reflect"
	"regexp"
	"strings"
	"testing"

	"spliced/api"
	"spliced/store"
)

// A shelf is a kind of entries, with the heading of its section.
type shelf struct {
	heading, folder string
	of              reflect.Type
	parse           func(*testing.T, string) error
}

func shelves() []shelf {
	return []shelf{
		shelfOf[api.SystemTemplate]("System templates", "system-templates"),
		shelfOf[api.NetworkTemplate]("Network templates", "network-templates"),
		shelfOf[api.StorageTemplate]("Storage templates", "storage-templates"),
		shelfOf[api.Profile]("Profiles", "profiles"),
		shelfOf[api.Userdata]("Userdata", "userdata"),
		shelfOf[api.Script]("Scripts", "scripts"),
	}
}

func shelfOf[T any](heading, folder string) shelf {
	return shelf{heading, folder, reflect.TypeFor[T](), func(t *testing.T, text string) error {
		t.Helper()
		s, err := store.Open(t.Context(), t.TempDir(), store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		_, err = store.NewCollection[T](s, folder, 1).Parse([]byte(text))
		return err
	}}
}

// keysOf are the keys of a type's YAML, those of inner objects as outer.inner,
// of lists as list[].inner.
func keysOf(of reflect.Type, before string) []string {
	var keys []string
	for field := range of.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		keys = append(keys, before+name)
		inner, between := field.Type, "."
		for inner.Kind() == reflect.Pointer || inner.Kind() == reflect.Slice {
			if inner.Kind() == reflect.Slice {
				between = "[]."
			}
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct {
			keys = append(keys, keysOf(inner, before+name+between)...)
		}
	}
	return keys
}

// section is what stands under a heading of the second level.
func section(t *testing.T, text, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, "\n## "+heading+"\n")
	if !found {
		t.Fatalf("there is no section %q", heading)
	}
	part, _, _ := strings.Cut(rest, "\n## ")
	return part
}

// keysIn are the keys in the first column of a section's tables.
func keysIn(text string) []string {
	var keys []string
	for _, row := range regexp.MustCompile("(?m)^\\| (`[^|]*) \\|").FindAllStringSubmatch(text, -1) {
		for _, key := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(row[1], -1) {
			keys = append(keys, key[1])
		}
	}
	return keys
}

func TestKeysAreInCatalogue(t *testing.T) {
	text := read(t, "CATALOGUE.md")
	for _, s := range shelves() {
		same(t, "keys of "+s.heading, keysIn(section(t, text, s.heading)), keysOf(s.of, ""))
	}
}

func TestExamplesOfCatalogueCanBeRead(t *testing.T) {
	text := read(t, "CATALOGUE.md")
	for _, s := range shelves() {
		_, rest, _ := strings.Cut(section(t, text, s.heading), "```yaml\n")
		example, _, found := strings.Cut(rest, "```")
		if !found {
			t.Errorf("%s have no example", s.heading)
			continue
		}
		if err := s.parse(t, example); err != nil {
			t.Errorf("the example of %s: %v", s.heading, err)
		}
	}
}

// TestKeysOfEntriesAreInProtocol compares the same keys with what the protocol
// says of them.
func TestKeysOfEntriesAreInProtocol(t *testing.T) {
	text := code(section(t, read(t, "PROTOCOL.md"), "Entries"))
	for _, s := range shelves() {
		for _, key := range keysOf(s.of, "") {
			key = key[strings.LastIndexAny(key, ".")+1:]
			if !regexp.MustCompile(`\b` + key + `\b`).MatchString(text) {
				t.Errorf("PROTOCOL.md says nothing of the key %q of %s", key, s.heading)
			}
		}
	}
}
