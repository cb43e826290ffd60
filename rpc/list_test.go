package rpc_test

import (
	"context"
	"encoding/json"
	"reflect"
	"testing"

	"spliced/rpc"
)

// A List goes over the wire, and into the document, as the slice does.
func TestListIsWhatTheSliceIs(t *testing.T) {
	t.Parallel()
	type thing struct {
		Name string `json:"name"`
	}
	for _, want := range [][]thing{{}, {{"a"}}, {{"a"}, {"<b>\u2028"}, {""}}} {
		list := rpc.List[thing]{}
		for _, one := range want {
			text, err := json.Marshal(one)
			if err != nil {
				t.Fatal(err)
			}
			list.Add(text)
		}
		m := rpc.Bind(rpc.Method{Name: "test.list"}, func(context.Context, *rpc.Call, struct{}) (rpc.List[thing], error) { return list, nil })
		plain := rpc.Bind(rpc.Method{Name: "test.list"}, func(context.Context, *rpc.Call, struct{}) ([]thing, error) { return want, nil })
		if a, b := document(t, m), document(t, plain); !reflect.DeepEqual(a, b) {
			t.Errorf("described as %v, want %v", a, b)
		}
		if a, b := onWire(t, m), onWire(t, plain); a != b {
			t.Errorf("answered %s, want %s", a, b)
		}
		got, err := list.Decode()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("decoded %v, %v; want %v", got, err, want)
		}
	}
}

func document(t *testing.T, m rpc.Method) (d any) {
	t.Helper()
	text, err := json.Marshal(rpc.Discover(rpc.Info{}, []rpc.Method{m}))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// onWire calls the method, which must be test.list, and returns the result as it
// came.
func onWire(t *testing.T, m rpc.Method) string {
	t.Helper()
	one, two, err := rpc.Pair()
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- (&rpc.Server{Methods: []rpc.Method{m}}).ServeConn(t.Context(), one) }()
	conn := rpc.NewConn(t.Context(), two, nil)
	var text json.RawMessage
	if err := conn.Call(t.Context(), "test.list", nil, &text); err != nil {
		t.Error(err)
	}
	if err := conn.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	return string(text)
}
