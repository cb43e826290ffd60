package rpc

import (
	"encoding/json"
	"errors"
	"strconv"
)

// maxID is how long an id may be as it is written. The server keeps and repeats
// it, and a UUID has 38 bytes.
const maxID = 256

// An envelope is one message without its line: what stands at the top level of
// a request or notification.
type envelope struct {
	id     json.RawMessage // as it was written; nil for a notification
	method string
	params json.RawMessage // an object, or nil where the request has none
	fds    int             // how many descriptors it declares
}

// nullID stands for the id of a request whose id can't be known.
const nullID = "null"

// open reads the top level of a frame. When that can't be done the error is an
// answer to send, and the envelope holds as much as is known: the id, or nil,
// and the descriptors that the frame declared.
func open(line []byte, limits Limits) (envelope, *Error) {
	s, err := scan(line, limits.Depth)
	var deep tooDeep
	switch {
	case errors.As(err, &deep):
		return envelope{id: []byte(nullID)}, Errorf(InvalidRequest, "Cannot read the request: %v.", err)
	case err != nil:
		return envelope{id: []byte(nullID)}, Errorf(ParseError, "Cannot read the request as JSON: %v.", err)
	case line[0] == '[':
		return envelope{id: []byte(nullID)}, Errorf(InvalidRequest, "Cannot take a batch: send one request per line.")
	case line[0] != '{':
		return envelope{id: []byte(nullID)}, Errorf(InvalidRequest, "Cannot read the request: it is %s, not an object.", kindOf(line))
	case s.level == 1:
		return envelope{id: []byte(nullID)}, Errorf(InvalidRequest, "Cannot read the request: it has %q twice.", s.twice).WithField(s.twice)
	}
	e, fault := split(line, limits)
	if fault == nil && s.level > 1 {
		fault = Errorf(InvalidParams, "Cannot read the parameters: one object has %q twice.", s.twice).WithField(s.twice)
	}
	return e, fault
}

// split takes the members of a request apart. It goes on after a fault, to find
// the id and the number of descriptors wherever they stand; the first fault counts.
func split(line []byte, limits Limits) (envelope, *Error) {
	var (
		e       envelope
		version bool
		fault   *Error
	)
	keep := func(err *Error) {
		if fault == nil {
			fault = err
		}
	}
	_ = members(line, func(key string, value []byte) error { // scan has seen it: no breach is left
		switch key {
		case "jsonrpc":
			version = string(value) == `"2.0"`
		case "id":
			e.id = value
		case "method":
			keep(e.setMethod(value))
		case "params":
			keep(e.setParams(value))
		case "fds":
			keep(e.setFDs(value, limits.FDs))
		default:
			keep(Errorf(InvalidRequest, "Cannot read the request: %q is not a member of a request.", key).WithField(key))
		}
		return nil
	})
	if e.id != nil && !goodID(e.id) {
		e.id = []byte(nullID)
		fault = Errorf(InvalidRequest, "Cannot answer the request: its id must be a string or a whole number of at most %d bytes.", maxID).WithField("id")
	}
	if e.method == "" {
		keep(Errorf(InvalidRequest, "Cannot read the request: it has no method.").WithField("method"))
	}
	if !version {
		keep(Errorf(InvalidRequest, `Cannot read the request: "jsonrpc" must be "2.0".`).WithField("jsonrpc"))
	}
	if fault != nil && fault.Code == InvalidRequest && e.id == nil {
		e.id = []byte(nullID) // not a proper notification either, so it is answered
	}
	return e, fault
}

func (e *envelope) setMethod(value []byte) *Error {
	if value[0] != '"' {
		return Errorf(InvalidRequest, "Cannot read the request: the method is %s, not a string.", kindOf(value)).WithField("method")
	}
	e.method = unquote(value)
	return nil
}

func (e *envelope) setParams(value []byte) *Error {
	if value[0] != '{' {
		return Errorf(InvalidParams, "Cannot read the parameters: they are %s; give them by name, in an object.", kindOf(value)).WithField("params")
	}
	e.params = value
	return nil
}

func (e *envelope) setFDs(value []byte, most int) *Error {
	n, err := strconv.Atoi(string(value))
	if err != nil || n < 0 || n > most {
		return Errorf(InvalidRequest, `Cannot take the descriptors: "fds" must be a whole number from 0 to %d.`, most).WithField("fds")
	}
	e.fds = n
	return nil
}

// goodID accepts strings and integers. JSON-RPC 2.0 (section 4) advises against
// fractions and null: nothing could be matched with them.
func goodID(value []byte) bool {
	if len(value) > maxID {
		return false
	}
	if value[0] == '"' {
		return true
	}
	for i, c := range value {
		if !digit(c) && (i > 0 || c != '-') {
			return false
		}
	}
	return true
}
