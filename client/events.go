package client

import (
	"context"
	"encoding/json"
)

// eventMethod is the notification that tells about a job.
const eventMethod = "job.event"

// eventRoom is how many events wait for a reader: a minute of one job.
const eventRoom = 64

// An Event is one job.event notification.
type Event struct {
	Job    string          `json:"id"`  // the job's id
	Seq    int64           `json:"seq"` // grows with each event of a job; a gap means that some were dropped
	Params json.RawMessage `json:"-"`   // the whole of it, as it came
}

// Events returns the job events that come from now on. They come only after a
// call of job.subscribe; call Events before it, so that none is missed. A reader
// that falls behind loses the oldest ones: the newest says how things stand.
//
// The channel is closed when stop is called or the Client is closed. When the
// daemon hangs up it stays open and empty: watch Done as well.
func (c *Client) Events() (events <-chan Event, stop func()) {
	ch := make(chan Event, eventRoom)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watchers[ch] = true
	return ch, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.drop(ch)
	}
}

// drop closes a channel once. The caller holds the lock.
func (c *Client) drop(ch chan Event) {
	if c.watchers[ch] {
		delete(c.watchers, ch)
		close(ch)
	}
}

// Subscribe is Events and the call of job.subscribe with params in the right
// order. When the call fails there is nothing to stop.
func (c *Client) Subscribe(ctx context.Context, params any) (events <-chan Event, stop func(), err error) {
	events, stop = c.Events()
	if err := c.Call(ctx, "job.subscribe", params, nil); err != nil {
		stop()
		return nil, nil, err
	}
	return events, stop, nil
}

// push adds an event, in the place of the oldest where there is no room. Only
// one goroutine pushes, so one step back always makes room.
func push(ch chan Event, e Event) {
	select {
	case ch <- e:
		return
	default:
	}
	select {
	case <-ch:
	default:
	}
	ch <- e
}
