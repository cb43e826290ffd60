package rpc

import "strconv"

// A Code says what kind of failure an Error is. Negative codes belong to
// JSON-RPC 2.0 (section 5.1) and speak of the request itself; positive ones
// belong to the application. The list only grows, and a command line may use a
// positive code as its exit status.
type Code int

// The codes of the protocol.
const (
	ParseError     Code = -32700 // the bytes are not one JSON value
	InvalidRequest Code = -32600 // JSON, but not a request
	MethodNotFound Code = -32601 // no method of that name
	InvalidParams  Code = -32602 // parameters or descriptors that the method does not take
	InternalError  Code = -32603 // a fault of the server
)

// The codes of the application.
const (
	InvalidState       Code = 1  // the object is not in a state that allows it
	NotFound           Code = 2  // no object of that name
	Exists             Code = 3  // the name is taken
	Busy               Code = 4  // somebody else uses it now
	Denied             Code = 5  // the peer has no such access
	Unsupported        Code = 6  // understood, but not done here
	BadSource          Code = 7  // a descriptor of a kind that is not read from
	BadImage           Code = 8  // content that breaks its format
	Integrity          Code = 9  // content that is not what it was said to be
	NoSpace            Code = 10 // no room left
	ClusterUnavailable Code = 11 // the storage does not answer
	Cancelled          Code = 12 // somebody asked for the end of it
	Limit              Code = 13 // more than a stated limit
	SourceIO           Code = 14 // reading the source went wrong
	Stalled            Code = 15 // nothing moved for too long
	DaemonRestart      Code = 16 // the daemon is going down
	StateCorrupt       Code = 17 // a record on disk can't be understood
)

// Kind returns the word for the code that stands in the data of an Error, such
// as "not-found". A code from a newer peer gives "code-N".
func (c Code) Kind() string {
	if c < 0 {
		return c.protocolKind()
	}
	return c.applicationKind()
}

func (c Code) protocolKind() string {
	switch c { //nolint:exhaustive // the other half is in applicationKind
	case ParseError:
		return "parse-error"
	case InvalidRequest:
		return "invalid-request"
	case MethodNotFound:
		return "method-not-found"
	case InvalidParams:
		return "invalid-params"
	case InternalError:
		return "internal"
	}
	return "code" + strconv.Itoa(int(c))
}

func (c Code) applicationKind() string {
	switch c { //nolint:exhaustive // the other half is in protocolKind
	case InvalidState:
		return "invalid-state"
	case NotFound:
		return "not-found"
	case Exists:
		return "exists"
	case Busy:
		return "busy"
	case Denied:
		return "denied"
	case Unsupported:
		return "unsupported"
	case BadSource:
		return "bad-source"
	case BadImage:
		return "bad-image"
	case Integrity:
		return "integrity"
	case NoSpace:
		return "no-space"
	case ClusterUnavailable:
		return "cluster-unavailable"
	case Cancelled:
		return "cancelled"
	case Limit:
		return "limit"
	case SourceIO:
		return "source-io"
	case Stalled:
		return "stalled"
	case DaemonRestart:
		return "daemon-restart"
	case StateCorrupt:
		return "state-corrupt"
	}
	return "code-" + strconv.Itoa(int(c))
}

// Retryable reports whether the same request may succeed later although its
// sender changes nothing: what stood in the way passes by itself.
func (c Code) Retryable() bool {
	switch c { //nolint:exhaustive // all others need somebody to act first
	case Busy, ClusterUnavailable, Limit, Stalled, DaemonRestart:
		return true
	}
	return false
}
