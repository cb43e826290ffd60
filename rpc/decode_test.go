package rpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spliced/rpc"
)

type base struct {
	Pool string `json:"pool"`
}

type Extra struct {
	Note string `json:"note"`
}

type inner struct {
	ID   string `json:"id"`
	Size int64  `json:"size,omitempty"`
}

type everything struct {
	base
	*Extra
	Name   string            `json:"name"`
	On     bool              `json:"on,omitempty"`
	Small  int8              `json:"small,omitempty"`
	Count  uint16            `json:"count,omitempty"`
	Ratio  float64           `json:"ratio,omitempty"`
	Limit  *int              `json:"limit"`
	Disks  []inner           `json:"disks,omitempty"`
	Args   map[string]string `json:"args,omitempty"`
	Patch  json.RawMessage   `json:"patch,omitempty"`
	Any    any               `json:"any,omitempty"`
	When   time.Time         `json:"when,omitzero"`
	Blob   []byte            `json:"blob,omitempty"`
	Hidden string            `json:"-"`
}

func (e everything) Validate() error {
	switch e.Name {
	case "refused":
		return errors.New("the name is not to be")
	case "taken":
		return rpc.Errorf(rpc.Exists, "Cannot take %q.", e.Name)
	}
	return nil
}

// decoded calls a method with parameters as they are written, and returns what
// its function was given, or the failure.
func decoded(t *testing.T) func(params string) (everything, *rpc.Error) {
	t.Helper()
	ran := make(chan everything, 1)
	m := rpc.Bind(rpc.Method{Name: "test.take"}, func(_ context.Context, _ *rpc.Call, p everything) (bool, error) {
		ran <- p
		return true, nil
	})
	conn := pair(t, &rpc.Server{Methods: []rpc.Method{m}}, nil)
	return func(params string) (everything, *rpc.Error) {
		err := conn.Call(context.Background(), "test.take", json.RawMessage(params), nil)
		var e *rpc.Error
		if err == nil {
			return within(t, "the function", ran), nil
		}
		if !errors.As(err, &e) || len(ran) > 0 {
			t.Fatalf("%s: %v, and the function ran %d times", params, err, len(ran))
		}
		return everything{}, e
	}
}

func TestParametersAreDecoded(t *testing.T) {
	take := decoded(t)
	got, err := take(`{"pool":"p","name":"n","note":"x","on":true,"small":-128,"count":65535,"ratio":1e-2,"limit":3,
		"disks":[{"id":"a"},{"id":"b","size":9223372036854775807}],"args":{"k":"v","K":"w"},"patch":{"a":null},
		"any":{"n":9007199254740993},"when":"2026-01-02T03:04:05Z","blob":"AQI="}`)
	if err != nil {
		t.Fatal(err)
	}
	three := 3
	want := everything{
		base: base{"p"}, Extra: &Extra{"x"}, Name: "n", On: true, Small: -128, Count: 65535, Ratio: 0.01, Limit: &three,
		Disks: []inner{{ID: "a"}, {ID: "b", Size: 9223372036854775807}}, Args: map[string]string{"k": "v", "K": "w"},
		Patch: json.RawMessage(`{"a":null}`), Any: map[string]any{"n": json.Number("9007199254740993")},
		When: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Blob: []byte{1, 2},
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(everything{})); d != "" {
		t.Error(d)
	}
	got, err = take(`{"pool":"p","name":"n","limit":null,"disks":[],"args":{}}`)
	if err != nil || got.Limit != nil || got.Extra != nil || got.Disks == nil || got.Args == nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestParametersAreRefusedByName(t *testing.T) {
	take := decoded(t)
	for params, field := range map[string]string{
		`"name":"n","x":1`:                            "x",
		`"Name":"n"`:                                  "Name",
		`"name":"n","Hidden":""`:                      "Hidden",
		`"name":"n","private":""`:                     "private",
		`"on":true`:                                   "name",
		`"name":null`:                                 "name",
		`"name":7`:                                    "name",
		`"name":"n","on":1`:                           "on",
		`"name":"n","small":128`:                      "small",
		`"name":"n","small":1.5`:                      "small",
		`"name":"n","small":1e1`:                      "small",
		`"name":"n","count":-1`:                       "count",
		`"name":"n","ratio":"1"`:                      "ratio",
		`"name":"n","limit":"3"`:                      "limit",
		`"name":"n","disks":{}`:                       "disks",
		`"name":"n","disks":null`:                     "disks",
		`"name":"n","disks":[{"id":"a"},{"id":1}]`:    "disks[1].id",
		`"name":"n","disks":[{"id":"a","Size":1}]`:    "disks[0].Size",
		`"name":"n","disks":[{}]`:                     "disks[0].id",
		`"name":"n","args":{"k":1}`:                   "args.k",
		`"name":"n","args":[]`:                        "args",
		`"name":"n","args":{"k":"a","k":"b"}`:         "k",
		`"name":"n","patch":{"a":{"b":1,"\u0062":2}}`: "b",
		`"name":"n","when":"noon"`:                    "when",
		`"name":"n","blob":"?"`:                       "blob",
		`"name":"n","note":1`:                         "note",
		`"name":"n","any":[{"a":1,"a":1}]`:            "a",
	} {
		t.Run(params, func(t *testing.T) {
			line := `{"jsonrpc":"2.0","id":1,"method":"test.take","params":{"pool":"p",` + params + `}}`
			a, b, err := rpc.Pair() // by hand: encoding/json would mend some of it
			if err != nil {
				t.Fatal(err)
			}
			m := rpc.Bind(rpc.Method{Name: "test.take"}, func(context.Context, *rpc.Call, everything) (bool, error) { return true, nil })
			done := make(chan error, 1)
			go func() { done <- (&rpc.Server{Methods: []rpc.Method{m}}).ServeConn(context.Background(), a) }()
			c := rawOf(t, b)
			c.send(line + "\n")
			if got := c.want("1", rpc.InvalidParams, "").Error; got.Data.Field != field {
				t.Errorf("field %q, want %q: %s", got.Data.Field, field, got.Message)
			}
			_ = b.Close()
			if err := within(t, "the end", done); err != nil {
				t.Error(err)
			}
		})
	}
	for name, code := range map[string]rpc.Code{"refused": rpc.InvalidParams, "taken": rpc.Exists} {
		if _, err := take(fmt.Sprintf(`{"pool":"p","name":%q}`, name)); err == nil || err.Code != code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestKeysPastTheFirstEightAreCompared(t *testing.T) {
	take := decoded(t)
	if _, err := take(`{"pool":"p","name":"n","args":{"1":"","2":"","3":"","4":"","5":"","6":"","7":"","8":"","9":"","10":""}}`); err != nil {
		t.Error(err)
	}
	c := serve(t, rpc.Limits{}, nil).dial(t)
	c.send(`{"jsonrpc":"2.0","id":1,"method":"test.echo","params":{"1":1,"2":1,"3":1,"4":1,"5":1,"6":1,"7":1,"8":1,"9":1,"10":1,"9":1}}` + "\n")
	if e := c.want("1", rpc.InvalidParams, "").Error; e.Data.Field != "9" {
		t.Errorf("%+v", e)
	}
}

func TestDiscoverDescribesWhatIsDecoded(t *testing.T) {
	type result struct {
		Name string   `json:"name" doc:"What it is called."`
		Next *result  `json:"next"`
		At   inner    `json:"at"`
		Tags []string `json:"tags,omitempty"`
	}
	m := rpc.Bind(rpc.Method{
		Name: "b.make", Access: rpc.AccessWrite, MinFDs: 1, MaxFDs: 2, Job: true,
		Doc: "Makes a b.\n\nAnd more.", Errors: []rpc.Code{rpc.Exists, rpc.NoSpace},
	}, func(context.Context, *rpc.Call, inner) (result, error) { return result{}, nil })
	first := rpc.Bind(rpc.Method{Name: "a.list"}, func(context.Context, *rpc.Call, struct{}) ([]string, error) { return nil, nil })
	raw, err := json.Marshal(rpc.Discover(rpc.Info{Title: "t", Version: "1"}, []rpc.Method{m, first}))
	if err != nil {
		t.Fatal(err)
	}
	var got, want any
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{
		"openrpc": "1.3.2", "info": {"title": "t", "version": "1"},
		"methods": [
			{"name": "a.list", "summary": "", "description": "", "paramStructure": "by-name", "params": [], "errors": [],
			 "result": {"name": "result", "schema": {"type": "array", "items": {"type": "string"}}},
			 "x-access": "read", "x-job": false, "x-fds": {"min": 0, "max": 0}, "x-errors": []},
			{"name": "b.make", "summary": "Makes a b.", "description": "Makes a b.\n\nAnd more.", "paramStructure": "by-name",
			 "params": [{"name": "id", "required": true, "schema": {"type": "string"}}, {"name": "size", "required": false, "schema": {"type": "integer"}}],
			 "result": {"name": "result", "schema": {"$ref": "#/components/schemas/result"}},
			 "errors": [{"$ref": "#/components/errors/exists"}, {"$ref": "#/components/errors/no-space"}],
			 "x-access": "write", "x-job": true, "x-fds": {"min": 1, "max": 2}, "x-errors": ["exists", "no-space"]}
		],
		"components": {
			"errors": {"exists": {"code": 3, "message": "exists"}, "no-space": {"code": 10, "message": "no-space"}},
			"schemas": {
				"inner": {"type": "object", "additionalProperties": false, "required": ["id"], "properties": {"id": {"type": "string"}, "size": {"type": "integer"}}},
				"result": {"type": "object", "additionalProperties": false, "required": ["name", "at"], "properties": {
					"name": {"allOf": [{"type": "string"}], "description": "What it is called."},
					"next": {"anyOf": [{"$ref": "#/components/schemas/result"}, {"type": "null"}]},
					"at": {"$ref": "#/components/schemas/inner"},
					"tags": {"type": "array", "items": {"type": "string"}}}}
			}
		}
	}`), &want); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}
