package rpc

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzScan compares the scanner with encoding/json: whatever it accepts that one
// must accept, and what it refuses beyond has one of three reasons.
func FuzzScan(f *testing.F) {
	for _, text := range []string{
		`{"a":[1,-0.5e+7,true,false,null,"\u00e4\ud83d\ude00\n"],"b":{}}`, `[[[[[[]]]]]]`, `"\ud800"`, `01`, `{"a":1,"a":2}`,
		`{"a" : 1 , "b":[ ] } `, "\"\xff\"", `-`, `1.`, `1e`, `tru`, `"\x"`, `[1,]`, `{,}`, ``,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		const depth = 5
		s, err := scan(text, depth)
		valid := json.Valid(text)
		var deep tooDeep
		switch {
		case err == nil && !valid:
			t.Fatalf("accepted %q", text)
		case err == nil:
			sameMembers(t, bytes.TrimSpace(text), s)
		case valid && utf8.Valid(text) && !errors.As(err, &deep) && !strings.Contains(err.Error(), "surrogate"):
			t.Fatalf("refused %q: %v", text, err)
		}
	})
}

// sameMembers compares what members finds in an object with encoding/json.
func sameMembers(t *testing.T, text []byte, s *scanner) {
	t.Helper()
	if text[0] != '{' {
		return
	}
	got := map[string]json.RawMessage{}
	twice := false
	if err := members(text, func(key string, value []byte) error {
		_, seen := got[key]
		twice = twice || seen
		got[key] = value
		return nil
	}); err != nil {
		t.Fatalf("members of %q: %v", text, err)
	}
	var want map[string]json.RawMessage
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for key, value := range want {
		if !bytes.Equal(got[key], value) {
			t.Fatalf("member %q of %q is %q, want %q", key, text, got[key], value)
		}
	}
	if len(got) != len(want) || twice != (s.level == 1) {
		t.Fatalf("%q: %d members, want %d; one comes twice: %v, and the scanner says level %d", text, len(got), len(want), twice, s.level)
	}
}

func TestCodesHaveKindsOfTheirOwn(t *testing.T) {
	seen := map[string]Code{}
	for _, c := range []Code{
		ParseError, InvalidRequest, MethodNotFound, InvalidParams, InternalError,
		InvalidState, NotFound, Exists, Busy, Denied, Unsupported, BadSource, BadImage, Integrity, NoSpace,
		ClusterUnavailable, Cancelled, Limit, SourceIO, Stalled, DaemonRestart, StateCorrupt, 99, -1,
	} {
		if other, taken := seen[c.Kind()]; taken || c.Kind() == "" {
			t.Errorf("%d and %d are both %q", c, other, c.Kind())
		}
		seen[c.Kind()] = c
	}
	if StateCorrupt != 17 || seen["source-io"] != 14 {
		t.Error("the numbers have moved")
	}
}
