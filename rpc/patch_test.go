package rpc_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"spliced/rpc"
)

type patched struct {
	Name  string              `json:"name"`
	Count int64               `json:"count,omitempty"`
	Sub   *struct{ A, B int } `json:"sub,omitempty"`
	Free  map[string]string   `json:"free,omitempty"`
	List  []int               `json:"list,omitempty"`
}

// The cases are RFC 7396's own where a struct can have them.
func TestPatch(t *testing.T) {
	t.Parallel()
	const target = `{"name":"x","count":9007199254740993,"sub":{"A":1,"B":2},"free":{"k":"v"},"list":[1,2]}`
	rows := []struct{ patch, want string }{
		{`{}`, `{"count":9007199254740993,"free":{"k":"v"},"list":[1,2],"name":"x","sub":{"A":1,"B":2}}`},
		{`{"list":[3],"sub":null}`, `{"count":9007199254740993,"free":{"k":"v"},"list":[3],"name":"x"}`},
		{`{"free":{"k":null,"n":"w"},"sub":{"B":null}}`, `{"count":9007199254740993,"free":{"n":"w"},"list":[1,2],"name":"x","sub":{"A":1}}`},
		{`{"free":null,"list":null,"count":null,"sub":7}`, `{"name":"x","sub":7}`},
		{`{"list":{"a":{"b":null}}}`, `{"count":9007199254740993,"free":{"k":"v"},"list":{"a":{}},"name":"x","sub":{"A":1,"B":2}}`},
	}
	for _, r := range rows {
		got, err := rpc.Patch(json.RawMessage(target), json.RawMessage(r.patch), new(patched), "spec")
		if err != nil || string(got) != r.want {
			t.Errorf("%s: got %s, %v\nwant %s", r.patch, got, err, r.want)
		}
	}
}

// A key with a slip of the pen is no key to be taken away.
func TestPatchRefusesUnknownKeys(t *testing.T) {
	t.Parallel()
	for patch, field := range map[string]string{
		`{"namme":null}`: "spec.namme", `{"sub":{"C":null}}`: "spec.sub.C", `{"count":1,"Name":"y"}`: "spec.Name",
	} {
		_, err := rpc.Patch(json.RawMessage(`{}`), json.RawMessage(patch), new(patched), "spec")
		var e *rpc.Error
		if !errors.As(err, &e) || e.Code != rpc.InvalidParams || e.Data.Field != field || !strings.Contains(e.Message, field) {
			t.Errorf("%s: %v", patch, err)
		}
	}
}

func TestDecodeNamesThePlace(t *testing.T) {
	t.Parallel()
	var v patched
	if err := rpc.Decode(json.RawMessage(`{"name":"x","list":[1,2]}`), &v, "spec"); err != nil || v.Name != "x" || len(v.List) != 2 {
		t.Errorf("%+v, %v", v, err)
	}
	for text, field := range map[string]string{
		`{"count":1}`: "spec.name", `{"name":"x","list":[1,"2"]}`: "spec.list[1]", `[]`: "spec", `{"name":null}`: "spec.name",
	} {
		var e *rpc.Error
		if err := rpc.Decode(json.RawMessage(text), new(patched), "spec"); !errors.As(err, &e) || e.Data.Field != field {
			t.Errorf("%s: %v", text, err)
		}
	}
}
