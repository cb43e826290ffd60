package api_test

import (
	"encoding/json"
	"math"
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
