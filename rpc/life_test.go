package rpc_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"spliced/rpc"
)

func wait(id int) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"test.wait"}`, id) + "\n"
}

func TestPanicEndsOneCall(t *testing.T) {
	f := serve(t, rpc.Limits{}, nil)
	c := f.dial(t)
	c.send(`{"jsonrpc":"2.0","id":"p1","method":"test.panic"}` + "\n")
	a := c.want(`"p1"`, rpc.InternalError, "")
	if strings.Contains(a.Error.Message, "secret") || !strings.Contains(a.Error.Message, "p1") {
		t.Errorf("message %q", a.Error.Message)
	}
	if !strings.Contains(f.log.String(), "a secret") || strings.Contains(a.Error.Message, "goroutine") {
		t.Errorf("the panic is not in the log alone: %q, %q", a.Error.Message, f.log.String())
	}
	c.wantAlive()
}

func TestUnknownFailuresStayInTheLog(t *testing.T) {
	f := serve(t, rpc.Limits{}, nil)
	c := f.dial(t)
	c.send(`{"jsonrpc":"2.0","id":1,"method":"test.plain"}` + "\n")
	if a := c.want("1", rpc.InternalError, ""); strings.Contains(a.Error.Message, "secret") {
		t.Errorf("message %q", a.Error.Message)
	}
	if !strings.Contains(f.log.String(), "a secret") {
		t.Errorf("log %q", f.log.String())
	}
}

func TestFailureCrossesTheWireWhole(t *testing.T) {
	c := serve(t, rpc.Limits{}, nil).dial(t)
	c.send(`{"jsonrpc":"2.0","id":1,"method":"test.fail"}` + "\n")
	e := c.want("1", rpc.NoSpace, "").Error
	if e.Message != `Cannot keep it: pool "vms" is full.` || e.Data.Kind != "no-space" || e.Data.Retryable ||
		e.Data.Job != "j1" || e.Data.Hint != "Make room." || e.Data.Offset == nil || *e.Data.Offset != 0 {
		t.Errorf("%+v", e)
	}
}

func TestAccess(t *testing.T) {
	for access, allowed := range map[rpc.Access]map[string]bool{
		rpc.AccessRead:  {"test.null": true},
		rpc.AccessWrite: {"test.null": true, "test.write": true},
		rpc.AccessAdmin: {"test.null": true, "test.write": true, "test.admin": true},
	} {
		t.Run(access.String(), func(t *testing.T) {
			c := serve(t, rpc.Limits{}, func(rpc.Peer) rpc.Access { return access }).dial(t)
			for _, method := range []string{"test.null", "test.write", "test.admin"} {
				c.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q}`, method) + "\n")
				a := c.recv()
				if allowed[method] != (a.Error == nil) || a.Error != nil && a.Error.Code != rpc.Denied {
					t.Errorf("%s: %v", method, a)
				}
			}
		})
	}
}

func TestNoAccessAtAll(t *testing.T) {
	c := serve(t, rpc.Limits{}, func(rpc.Peer) rpc.Access { return rpc.AccessNone }).dial(t)
	c.want("null", rpc.Denied, "")
	c.wantEnd()
}

func TestWithoutAPolicyNobodyHasAccess(t *testing.T) {
	c := serveStrictly(t, rpc.Limits{}, nil).dial(t)
	c.want("null", rpc.Denied, "")
	c.wantEnd()
}

func TestPeerIsWhatTheKernelSays(t *testing.T) {
	peers := make(chan rpc.Peer, 1)
	f := serve(t, rpc.Limits{}, func(p rpc.Peer) rpc.Access { peers <- p; return rpc.AccessRead })
	f.dial(t).wantAlive()
	p := within(t, "the policy", peers)
	wantPeer(t, p)
}

func TestDrainLetsCallsFinishAndRefusesNewOnes(t *testing.T) {
	f := serve(t, rpc.Limits{}, nil)
	c := f.dial(t)
	c.send(wait(1))
	within(t, "the call", f.in)
	stopped := make(chan error, 1)
	go func() { stopped <- f.stop() }()
	eventually(t, "refusal of a new call", func() bool {
		c.send(req("2", "x"))
		a := c.recv()
		return a.Error != nil && a.Error.Code == rpc.DaemonRestart && a.Error.Data.Retryable
	})
	close(f.gate)
	c.want("1", 0, `""`)
	c.wantEnd()
	if err := within(t, "the end of Serve", stopped); err != nil {
		t.Fatal(err)
	}
}

func TestDrainEndsAfterTheGrace(t *testing.T) {
	f := serve(t, rpc.Limits{Grace: 50 * time.Millisecond}, nil)
	c := f.dial(t)
	c.send(wait(1))
	within(t, "the call", f.in)
	if err := f.stop(); err != nil {
		t.Fatal(err)
	}
	c.want("1", rpc.DaemonRestart, "")
	c.wantEnd()
}

func TestDrainOfIdleConnectionsIsQuick(t *testing.T) {
	f := serve(t, rpc.Limits{}, nil)
	c := f.dial(t)
	c.wantAlive()
	begin := time.Now()
	if err := f.stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
	c.wantEnd()
}

func TestCallThatIgnoresItsContextIsReported(t *testing.T) {
	gate, in := make(chan struct{}), make(chan struct{})
	deaf := rpc.Bind(rpc.Method{Name: "test.deaf"}, func(context.Context, *rpc.Call, struct{}) (bool, error) {
		close(in)
		<-gate
		return true, nil
	})
	a, b, err := rpc.Pair()
	if err != nil {
		t.Fatal(err)
	}
	srv := &rpc.Server{Methods: []rpc.Method{deaf}, Limits: rpc.Limits{Grace: time.Millisecond, WriteTimeout: time.Millisecond}}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- srv.ServeConn(ctx, a) }()
	conn := rpc.NewConn(context.Background(), b, nil)
	called := make(chan error, 1)
	go func() { called <- conn.Call(context.Background(), "test.deaf", nil, nil) }()
	within(t, "the call", in)
	cancel()
	if err := within(t, "the end of ServeConn", served); !errors.Is(err, rpc.ErrStuck) {
		t.Errorf("ServeConn: %v", err)
	}
	if err := within(t, "the end of the call", called); !errors.Is(err, rpc.ErrClosed) {
		t.Errorf("Call: %v", err)
	}
	close(gate)
	_ = conn.Close()
}

func TestTableIsChecked(t *testing.T) {
	ok := rpc.Bind(rpc.Method{Name: "a.b"}, func(context.Context, *rpc.Call, struct{}) (bool, error) { return true, nil })
	for name, methods := range map[string][]rpc.Method{"without a function": {{Name: "a.b"}}, "twice": {ok, ok}} {
		a, b, err := rpc.Pair()
		if err != nil {
			t.Fatal(err)
		}
		if err := (&rpc.Server{Methods: methods}).ServeConn(context.Background(), a); err == nil {
			t.Errorf("%s: accepted", name)
		}
		_ = b.Close()
	}
}
