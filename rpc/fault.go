package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Data is the part of an Error that programs read.
type Data struct {
	Kind      string `json:"kind"`             // Code.Kind; filled in when it is sent
	Retryable bool   `json:"retryable"`        // Code.Retryable; filled in when it is sent
	Field     string `json:"field,omitempty"`  // the parameter or key at fault, such as "disks[0].size"
	Job       string `json:"job,omitempty"`    // the job that failed
	Offset    *int64 `json:"offset,omitempty"` // where in the source, in bytes
	Member    string `json:"member,omitempty"` // which member of an archive
	Hint      string `json:"hint,omitempty"`   // what to do about it, a sentence
}

// Error is a failure as it crosses the wire. Its message is a sentence for
// people: what could not be done, then why.
type Error struct {
	Code    Code   `json:"code"`
	Message string `json:"message"`
	Data    Data   `json:"data"`

	cause error
}

// Errorf returns an Error of the given code with a formatted message. A %w in
// the format keeps the cause for errors.Is and errors.As on this side; it never
// crosses the wire.
func Errorf(code Code, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{
		Code:    code,
		Message: err.Error(),
		Data:    Data{Kind: code.Kind(), Retryable: code.Retryable()},
		cause:   errors.Unwrap(err),
	}
}

// Error returns the message alone.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the cause given to Errorf with %w or to WithCause, or nil.
func (e *Error) Unwrap() error { return e.cause }

// WithCause returns a copy that also answers errors.Is and errors.As for err.
func (e *Error) WithCause(err error) *Error {
	c := *e
	c.cause = err
	return &c
}

// WithField returns a copy that names the parameter at fault.
func (e *Error) WithField(field string) *Error {
	c := *e
	c.Data.Field = field
	return &c
}

// WithJob returns a copy that names the job that failed.
func (e *Error) WithJob(id string) *Error {
	c := *e
	c.Data.Job = id
	return &c
}

// WithOffset returns a copy that says where in the source it went wrong, in bytes.
func (e *Error) WithOffset(offset int64) *Error {
	c := *e
	c.Data.Offset = &offset
	return &c
}

// WithMember returns a copy that names the archive member at fault.
func (e *Error) WithMember(name string) *Error {
	c := *e
	c.Data.Member = name
	return &c
}

// WithHint returns a copy with a sentence on what to do.
func (e *Error) WithHint(hint string) *Error {
	c := *e
	c.Data.Hint = hint
	return &c
}

// MarshalJSON gives the JSON-RPC error object (section 5.1). Kind and retryable
// always follow from the code, however the Error was made, and text that is
// not UTF-8 is replaced.
func (e *Error) MarshalJSON() ([]byte, error) {
	type plain Error // without methods, or this would call itself
	return json.Marshal(plain(e.wire()))
}

// wire is the Error with everything that follows from its code.
func (e *Error) wire() Error {
	c := *e
	c.Message = strings.ToValidUTF8(c.Message, "�")
	c.Data.Kind, c.Data.Retryable = e.Code.Kind(), e.Code.Retryable()
	return c
}

// text is the Error in JSON. Numbers, strings and truth values always encode.
func (e *Error) text() json.RawMessage {
	text, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return text
}

// asError turns what a handler returned into what is sent. Only an *Error, also
// one that is wrapped, is meant for the peer; known says that it was one.
// Everything else stays in the log, because it may name paths, addresses or keys.
func asError(err error, method string) (out *Error, known bool) {
	var e *Error
	switch {
	case errors.As(err, &e):
		return e, true
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Errorf(Cancelled, "Cannot finish %s: it was cancelled.", method), true
	}
	return Errorf(InternalError, "Cannot finish %s: the daemon met a fault that its log describes.", method), false
}
