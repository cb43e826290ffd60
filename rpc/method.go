package rpc

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
)

// A Method is one row of the table that a Server serves. Make it with Bind.
type Method struct {
	Name   string // noun.verb
	Access Access // what a peer needs at least; AccessNone is taken as AccessRead
	MinFDs int    // how many descriptors a request must bring
	MaxFDs int    // and may bring; less than MinFDs is taken as MinFDs
	Job    bool   // starts long work
	Doc    string // what it does: a sentence, then more if needed
	Errors []Code // the application codes that it may answer with

	params, result reflect.Type
	invoke         func(ctx context.Context, c *Call, params json.RawMessage) (any, error)
}

// Bind gives a method its function. P is a struct whose json tags name the
// parameters; a request without parameters is taken as an empty object.
//
// Before fn runs, all of these are refused with InvalidParams and the name of
// the parameter: one that P doesn't have (to the letter), one that comes twice,
// one that is missing although its tag has neither omitempty nor omitzero and
// its type is no pointer, one of the wrong type (null fits only pointers and
// types that decode themselves), and what Validate() error refuses if P or *P
// has that method. An *Error from Validate is sent as it is.
//
// What fn returns is sent as the result. An *Error, also a wrapped one, is sent
// as it is; any other failure is logged and answered with InternalError.
func Bind[P, R any](m Method, fn func(ctx context.Context, c *Call, p P) (R, error)) Method {
	m.params, m.result = reflect.TypeFor[P](), reflect.TypeFor[R]()
	m.Access = max(m.Access, AccessRead)
	m.MaxFDs = max(m.MaxFDs, m.MinFDs)
	m.invoke = func(ctx context.Context, c *Call, params json.RawMessage) (any, error) {
		var p P
		if err := decode(params, &p); err != nil {
			return nil, err
		}
		if v, ok := any(&p).(interface{ Validate() error }); ok {
			if err := v.Validate(); err != nil {
				return nil, refused(err)
			}
		}
		return fn(ctx, c, p)
	}
	return m
}

// refused makes what Validate returned an Error.
func refused(err error) error {
	if e, known := asError(err, ""); known {
		return e
	}
	return Errorf(InvalidParams, "Cannot use the parameters: %w.", err)
}

// checkFDs compares what a request declares with what its method takes.
func (m *Method) checkFDs(n int) *Error {
	if n >= m.MinFDs && n <= m.MaxFDs {
		return nil
	}
	want := fmt.Sprintf("%d", m.MinFDs)
	if m.MaxFDs > m.MinFDs {
		want = fmt.Sprintf("%d to %d", m.MinFDs, m.MaxFDs)
	}
	return Errorf(InvalidParams, "Cannot call %s with %d descriptors: it takes %s.", m.Name, n, want).WithField("fds")
}

// table indexes methods by name. A method without a function, and a name that
// comes twice, are faults of the program.
func table(methods []Method) (map[string]*Method, error) {
	byName := make(map[string]*Method, len(methods))
	for i := range methods {
		m := &methods[i]
		if m.invoke == nil {
			return nil, fmt.Errorf("method %q has no function: make it with Bind", m.Name)
		}
		if byName[m.Name] != nil {
			return nil, fmt.Errorf("method %q stands twice in the table", m.Name)
		}
		byName[m.Name] = m
	}
	return byName, nil
}
