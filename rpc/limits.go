package rpc

import "time"

// The limits that apply where a Limits leaves a field at zero.
const (
	// MaxFrame holds the longest sensible request (a template with its user
	// data) several times over. A frame is parsed whole, so this bounds memory.
	MaxFrame = 256 << 10
	// MaxReply bounds what is sent, and what a Conn reads: lists and
	// descriptors are longer than requests.
	MaxReply = 16 << 20
	// MaxDepth keeps recursive decoding within a small stack; a request
	// needs about six levels.
	MaxDepth = 64
	// MaxFDs is how many descriptors a message may declare.
	MaxFDs = 16
	// FrameTimeout is how long a frame may take from its first byte to its
	// last. Between frames a connection may rest for ever.
	FrameTimeout = 10 * time.Second
	// WriteTimeout is how long a peer may read nothing of what it was sent.
	WriteTimeout = 10 * time.Second
	// MaxInFlight is how many requests of one connection run at once.
	MaxInFlight = 64
	// MaxInFlightBytes bounds the frames of those requests together.
	MaxInFlightBytes = 1 << 20
	// MaxConns is how many connections live at once.
	MaxConns = 256
	// MaxConnsPerUID keeps one user from taking them all.
	MaxConnsPerUID = 64
	// MaxQueued is how many notifications may wait for one peer to read, before
	// it is dropped; and how many answers, before no more of its requests are read.
	MaxQueued = 1024
	// MaxQueuedBytes is how long those may be together, each kind for itself.
	// The last one may go beyond it.
	MaxQueuedBytes = 1 << 20
	// DrainGrace is how long calls may go on after Serve was told to end.
	DrainGrace = 20 * time.Second
)

// Limits bound what one peer, and all peers together, can make a server hold. A
// field that is zero stands for the constant named beside it.
type Limits struct {
	Frame         int           // MaxFrame, bytes of a line without its LF
	Reply         int           // MaxReply, bytes of a result or notification
	Depth         int           // MaxDepth, nested objects and arrays
	FDs           int           // MaxFDs, per message
	FrameTimeout  time.Duration // FrameTimeout
	WriteTimeout  time.Duration // WriteTimeout
	InFlight      int           // MaxInFlight, requests per connection
	InFlightBytes int           // MaxInFlightBytes, bytes per connection
	Conns         int           // MaxConns, in all
	ConnsPerUID   int           // MaxConnsPerUID
	Queued        int           // MaxQueued, messages per connection
	QueuedBytes   int           // MaxQueuedBytes, bytes per connection
	Grace         time.Duration // DrainGrace
}

// orDefaults fills in the fields that are zero.
func (l Limits) orDefaults() Limits {
	set(&l.Frame, MaxFrame)
	set(&l.Reply, MaxReply)
	set(&l.Depth, MaxDepth)
	set(&l.FDs, MaxFDs)
	set(&l.FrameTimeout, FrameTimeout)
	set(&l.WriteTimeout, WriteTimeout)
	set(&l.InFlight, MaxInFlight)
	set(&l.InFlightBytes, MaxInFlightBytes)
	set(&l.Conns, MaxConns)
	set(&l.ConnsPerUID, MaxConnsPerUID)
	set(&l.Queued, MaxQueued)
	set(&l.QueuedBytes, MaxQueuedBytes)
	set(&l.Grace, DrainGrace)
	return l
}

func set[T int | time.Duration](field *T, otherwise T) {
	if *field == 0 {
		*field = otherwise
	}
}
