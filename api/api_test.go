package api_test

import (
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"testing"

	"spliced/api"
)

func TestCheckName(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"a", "0", "Web-1.2_3", strings.Repeat("x", 63), "a..", "a-"} {
		if err := api.CheckName(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", ".", "..", "-a", "_a", "a/b", "a b", "ä", "a\x00", "a\n", strings.Repeat("x", 64)} {
		if api.CheckName(bad) == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

// The character at fault is shown as it was written.
func TestCheckNameShowsTheCharacter(t *testing.T) {
	t.Parallel()
	err := api.CheckName("wäb")
	if err == nil || !strings.Contains(err.Error(), "the character 'ä' at position 2;") {
		t.Errorf("got %v", err)
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]api.Size{
		"0": 0, "1": 1, "512B": 512, "4GiB": 4 << 30, "512 MiB": 512 << 20, " 1KiB ": 1024, "7PiB": 7 << 50,
		"9223372036854775807": math.MaxInt64, "8191PiB": 8191 << 50,
	} {
		got, err := api.ParseSize(text)
		if err != nil || got != want {
			t.Errorf("%q: %d, %v; want %d", text, got, err, want)
		}
		again, err := api.ParseSize(got.String())
		if err != nil || again != want {
			t.Errorf("%d prints as %q, which is %d, %v", got, got, again, err)
		}
	}
	for _, text := range []string{
		"", " ", "GiB", "-1", "+1", "1.5", "1.5GiB", "1e3", "4GB", "4gib", "4G", "0x10", "1_000", "9223372036854775808", "8192PiB", "1 2", "4GiBMiB",
	} {
		if n, err := api.ParseSize(text); err == nil {
			t.Errorf("%q was taken for %d", text, n)
		}
	}
}

// On the wire sizes are integers; requests may have a unit.
func TestSizesOnTheWire(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]api.Size{`4096`: 4096, `"4096"`: 4096, `"4KiB"`: 4096} {
		var s api.Size
		if err := json.Unmarshal([]byte(text), &s); err != nil || s != want {
			t.Errorf("%s: %d, %v", text, s, err)
		}
	}
	for _, text := range []string{`1.5`, `1e3`, `true`, `[]`, `{}`, `""`, `"x"`, `-1`} {
		var s api.Size
		if err := json.Unmarshal([]byte(text), &s); err == nil {
			t.Errorf("%s was taken for %d", text, s)
		}
	}
	if b, err := json.Marshal(api.Size(4 << 30)); err != nil || string(b) != "4294967296" {
		t.Errorf("%s, %v", b, err)
	}
}

// Records and the configuration have sizes as text; what is broken changes nothing.
func TestSizesAsText(t *testing.T) {
	t.Parallel()
	for n, want := range map[api.Size]string{
		0: "0", 1: "1", 1023: "1023", 1025: "1025", 1 << 10: "1KiB", 3 << 20: "3MiB", 4 << 30: "4GiB", 1025 << 30: "1025GiB",
		64 << 40: "64TiB", 2 << 50: "2PiB", math.MaxInt64: "9223372036854775807",
	} {
		text, err := n.MarshalText()
		if err != nil || string(text) != want {
			t.Errorf("%d: %q, %v; want %q", int64(n), text, err, want)
		}
		var again api.Size
		if err := again.UnmarshalText(text); err != nil || again != n {
			t.Errorf("%q: %d, %v", text, int64(again), err)
		}
	}
	s := api.Size(7)
	if err := s.UnmarshalText([]byte("8EiB")); err == nil || s != 7 {
		t.Errorf("got %d, %v", int64(s), err)
	}
}

// What the description of the methods lets through as text is what is taken.
func TestSchemaOfSizes(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(api.Size(0).JSONSchema())
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		OneOf []struct{ Type, Pattern string }
	}
	if err := json.Unmarshal(text, &schema); err != nil || len(schema.OneOf) != 2 || schema.OneOf[1].Type != "string" {
		t.Fatalf("%s, %v", text, err)
	}
	pattern := regexp.MustCompile(schema.OneOf[1].Pattern)
	for _, text := range []string{"", "4", "4B", "4 B", "4KiB", "4 PiB", "4Ki", "4K", "4KB", "B", "-4", "4.5", "4EiB"} {
		if _, err := api.ParseSize(text); (err == nil) != pattern.MatchString(text) {
			t.Errorf("%q: the schema says %v, the parser %v", text, pattern.MatchString(text), err)
		}
	}
}

func TestIdentifiers(t *testing.T) {
	t.Parallel()
	for id, good := range map[string]bool{
		"": true, "00000000-0000-4000-8000-00000000000A": true, "00000000-0000-4000-8000-0000000000": false,
		"00000000000040008000000000000000": false, "{00000000-0000-4000-8000-000000000000}": false,
	} {
		if err := api.CheckRequestID(id); (err == nil) != good {
			t.Errorf("request id %q: %v", id, err)
		}
	}
	for digest, good := range map[string]bool{
		"": true, strings.Repeat("aF", 32): true, strings.Repeat("0", 63): false, strings.Repeat("0", 66): false, strings.Repeat("g", 64): false,
	} {
		if err := api.CheckSHA256(digest); (err == nil) != good {
			t.Errorf("digest %q: %v", digest, err)
		}
	}
}
