package rpc_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"spliced/rpc"
)

// wantPeer compares a peer with this process.
func wantPeer(t *testing.T, p rpc.Peer) {
	t.Helper()
	groups, err := unix.Getgroups()
	if err != nil {
		t.Fatal(err)
	}
	if int(p.UID) != unix.Getuid() || int(p.GID) != unix.Getgid() || int(p.PID) != unix.Getpid() {
		t.Errorf("peer %+v", p)
	}
	for _, g := range groups {
		if !p.InGroup(uint32(g)) {
			t.Errorf("group %d is not among %v", g, p.Groups)
		}
	}
	if p.InGroup(4_000_000_000) && !slices.Contains(groups, 4_000_000_000) {
		t.Errorf("a group too many in %v", p.Groups)
	}
}

func TestRequestsInFlightAreBounded(t *testing.T) {
	f := serve(t, rpc.Limits{InFlight: 3}, nil)
	c := f.dial(t)
	for i := range 3 {
		c.send(wait(i))
		within(t, "the call", f.in)
	}
	c.send(wait(3))
	if a := c.want("3", rpc.Limit, ""); !a.Error.Data.Retryable {
		t.Error("not retryable")
	}
	f.dial(t).wantAlive() // another connection has its own
	close(f.gate)
	for range 3 {
		if a := c.recv(); a.Error != nil {
			t.Error(a)
		}
	}
	c.wantAlive()
}

func TestBytesInFlightAreBounded(t *testing.T) {
	f := serve(t, rpc.Limits{InFlightBytes: 1000}, nil)
	c := f.dial(t)
	long := func(id int) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"test.wait","params":{"text":%q}}`, id, strings.Repeat("x", 2000)) + "\n"
	}
	c.send(long(1)) // alone it may be longer
	within(t, "the call", f.in)
	c.send(long(2))
	c.want("2", rpc.Limit, "")
	close(f.gate)
	c.recv()
	c.wantAlive()
}

func TestConnectionsAreBounded(t *testing.T) {
	for name, limits := range map[string]rpc.Limits{"in all": {Conns: 2}, "per user": {ConnsPerUID: 2}} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, limits, nil)
			a, b := f.dial(t), f.dial(t)
			a.wantAlive()
			b.wantAlive()
			c := f.dial(t)
			c.want("null", rpc.Limit, "")
			c.wantEnd()
			a.wantAlive()
			_ = b.conn.Close()
			eventually(t, "room for one more", func() bool { conns, _ := f.srv.Stats(); return conns == 1 })
			f.dial(t).wantAlive()
		})
	}
}

func TestClientThatNeverReadsIsDroppedAndBlocksNobody(t *testing.T) {
	for name, line := range map[string]string{
		"answers":       `{"jsonrpc":"2.0","id":1,"method":"test.big","params":{"Size":50000}}` + "\n",
		"notifications": `{"jsonrpc":"2.0","id":1,"method":"test.notify","params":{"N":100,"Size":50000}}` + "\n",
		"refusals":      `{"jsonrpc":"2.0","id":"` + strings.Repeat("x", 200) + `","method":"no"}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, rpc.Limits{WriteTimeout: 100 * time.Millisecond}, nil)
			c, other := f.dial(t), f.dial(t)
			other.wantAlive()
			_ = c.conn.SetWriteDeadline(time.Now().Add(patience))
			dropped := false
			for range 1_000_000 {
				if _, err := c.conn.Write([]byte(line)); err != nil {
					dropped = true
					break
				}
			}
			if !dropped {
				t.Fatal("the flooder is still connected")
			}
			eventually(t, "end of the connection", func() bool { conns, _ := f.srv.Stats(); return conns == 1 })
			other.wantAlive()
		})
	}
}

func TestClientThatStopsReadingIsDroppedInTime(t *testing.T) {
	f := serve(t, rpc.Limits{WriteTimeout: 50 * time.Millisecond, QueuedBytes: 10 << 20}, nil)
	c := f.dial(t)
	c.send(`{"jsonrpc":"2.0","id":1,"method":"test.big","params":{"Size":4000000}}` + "\n")
	eventually(t, "end of the connection", func() bool { conns, _ := f.srv.Stats(); return conns == 0 })
}

func TestLongAnswersReachASlowReader(t *testing.T) {
	f := serve(t, rpc.Limits{WriteTimeout: 5 * time.Second}, nil)
	c := f.dial(t)
	c.send(`{"jsonrpc":"2.0","id":1,"method":"test.big","params":{"Size":1000000}}` + "\n")
	if a := c.recv(); len(a.Result) != 1_000_002 {
		t.Fatalf("result of %d bytes", len(a.Result))
	}
}

func TestResultsAreBounded(t *testing.T) {
	c := serve(t, rpc.Limits{Reply: 1000}, nil).dial(t)
	c.send(`{"jsonrpc":"2.0","id":1,"method":"test.big","params":{"Size":1000}}` + "\n")
	c.want("1", rpc.Limit, "")
	c.wantAlive()
}

// TestFlood sends many requests on one connection while another client makes
// calls: each request gets one answer, and the other client its own.
func TestFlood(t *testing.T) {
	const n = 5_000
	f := serve(t, rpc.Limits{}, nil)
	c, other := f.dial(t), f.dial(t)
	sent := make(chan error, 1)
	go func() {
		const each = 100
		lines := []byte(strings.Repeat(req("1", "x"), each))
		for range n / each {
			if _, err := c.conn.Write(lines); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range n {
			if a := c.recv(); a.Error != nil && a.Error.Code != rpc.Limit {
				t.Errorf("answer %v", a)
				return
			}
		}
	}()
	calls := 0
	for running := true; running; calls++ {
		other.wantAlive()
		select {
		case <-done:
			running = false
		default:
		}
	}
	if err := within(t, "the flood", sent); err != nil {
		t.Fatal(err)
	}
	c.wantAlive()
	t.Logf("%d calls of the other client meanwhile", calls)
}
