package rpc_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"

	"golang.org/x/sys/unix"

	"spliced/rpc"
)

// pair serves one connection over a socketpair, and returns the calling end.
func pair(t *testing.T, srv *rpc.Server, notify func(string, json.RawMessage)) *rpc.Conn {
	t.Helper()
	a, b, err := rpc.Pair()
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- srv.ServeConn(context.Background(), a) }()
	conn := rpc.NewConn(context.Background(), b, notify)
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		if err := within(t, "the end of ServeConn", served); err != nil {
			t.Error(err)
		}
	})
	return conn
}

func TestConcurrentCallsWithDescriptors(t *testing.T) {
	noLeak(t)
	conn := pair(t, &rpc.Server{Methods: (&fixture{}).methods()}, nil)
	var calls sync.WaitGroup
	for i := range 40 {
		calls.Go(func() {
			content := fmt.Sprint("file ", i)
			f, err := os.CreateTemp(t.TempDir(), "")
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = f.Close() }()
			_, _ = f.WriteString(content)
			var got []string
			err = conn.Call(context.Background(), "test.read", readParams{FDs: []int{0}}, &got, f)
			if err != nil || len(got) != 1 || got[0] != content {
				t.Errorf("%v, %q, want %q", err, got, content)
			}
		})
	}
	calls.Wait()
}

func TestCallReturnsTheServersError(t *testing.T) {
	conn := pair(t, &rpc.Server{Methods: (&fixture{}).methods()}, nil)
	err := conn.Call(context.Background(), "test.fail", nil, nil)
	var e *rpc.Error
	if !errors.As(err, &e) || e.Code != rpc.NoSpace || e.Data.Job != "j1" {
		t.Fatalf("%#v", err)
	}
}

func TestNotificationsComeInOrderAndBeforeTheAnswer(t *testing.T) {
	var got []int
	conn := pair(t, &rpc.Server{Methods: (&fixture{}).methods()}, func(method string, params json.RawMessage) {
		var p struct{ I int }
		if err := json.Unmarshal(params, &p); err != nil || method != "test.event" {
			t.Errorf("%s %s: %v", method, params, err)
		}
		got = append(got, p.I)
	})
	var n int
	if err := conn.Call(context.Background(), "test.notify", map[string]int{"N": 100, "Size": 1}, &n); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if len(got) != 100 || got[i] != i {
			t.Fatalf("notifications: %v", got)
		}
	}
}

func TestCancelledCallLeavesTheConnectionUsable(t *testing.T) {
	f := &fixture{gate: make(chan struct{}), in: make(chan string, 1)}
	conn := pair(t, &rpc.Server{Methods: f.methods()}, nil)
	ctx, cancel := context.WithCancel(context.Background())
	called := make(chan error, 1)
	go func() { called <- conn.Call(ctx, "test.wait", nil, nil) }()
	within(t, "the call", f.in)
	cancel()
	if err := within(t, "the end of the call", called); !errors.Is(err, context.Canceled) {
		t.Fatalf("Call: %v", err)
	}
	close(f.gate)
	var text string
	if err := conn.Call(context.Background(), "test.echo", echoParams{"x"}, &text); err != nil || text != "x" {
		t.Fatalf("%q, %v", text, err)
	}
}

func TestReasonOfTheServerReachesCalls(t *testing.T) {
	noLeak(t)
	a, b, err := rpc.Pair()
	if err != nil {
		t.Fatal(err)
	}
	conn := rpc.NewConn(context.Background(), b, nil)
	go func() {
		buf := make([]byte, 1000)
		_, _ = a.Read(buf) // also drops the descriptor
		_, _ = io.WriteString(a, `{"jsonrpc":"2.0","id":null,"error":{"code":5,"message":"Cannot serve you."}}`+"\n")
		_ = a.Close()
	}()
	err = conn.Call(context.Background(), "test.echo", nil, nil, os.Stdin)
	var e *rpc.Error
	if !errors.As(err, &e) || e.Code != rpc.Denied || !errors.Is(err, rpc.ErrClosed) {
		t.Fatalf("Call: %#v", err)
	}
	if err := conn.Call(context.Background(), "test.echo", nil, nil, os.Stdin); !errors.Is(err, rpc.ErrClosed) {
		t.Fatalf("Call: %v", err)
	}
	within(t, "Done", conn.Done())
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestCallSurvivesNonsenseFromTheServer(t *testing.T) {
	for name, line := range map[string]string{
		"not JSON": "x\n", "array": "[]\n", "empty": "{}\n", "null": "null\n",
		"id of the wrong type": `{"id":"1","result":1}` + "\n", "undeclared end": `{"id":1`,
	} {
		t.Run(name, func(t *testing.T) {
			a, b, err := rpc.Pair()
			if err != nil {
				t.Fatal(err)
			}
			conn := rpc.NewConn(context.Background(), b, nil)
			go func() {
				_, _ = io.WriteString(a, `{"id":99,"result":1}`+"\n"+line)
				_ = a.CloseWrite()
			}()
			if err := conn.Call(context.Background(), "test.echo", nil, nil); !errors.Is(err, rpc.ErrClosed) {
				t.Errorf("Call: %v", err)
			}
			_ = conn.Close()
			_ = a.Close()
		})
	}
}

func TestPassedFileKeepsItsFlags(t *testing.T) {
	conn := pair(t, &rpc.Server{Methods: (&fixture{}).methods()}, nil)
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		t.Fatal(err)
	}
	r, w := os.NewFile(uintptr(p[0]), "r"), os.NewFile(uintptr(p[1]), "w")
	defer func() { _, _ = r.Close(), w.Close() }()
	if err := conn.Call(context.Background(), "test.drop", nil, nil, r); err != nil {
		t.Fatal(err)
	}
	if flags, err := unix.FcntlInt(uintptr(p[0]), unix.F_GETFL, 0); err != nil || flags&unix.O_NONBLOCK == 0 {
		t.Fatalf("flags %#x, %v: O_NONBLOCK was cleared", flags, err)
	}
}

func TestClosedFileIsNotSent(t *testing.T) {
	conn := pair(t, &rpc.Server{Methods: (&fixture{}).methods()}, nil)
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	if err := conn.Call(context.Background(), "test.drop", nil, nil, f); err == nil {
		t.Fatal("sent")
	}
}
