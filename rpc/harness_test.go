package rpc_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"spliced/rpc"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// within fails the test when the channel gives nothing in time.
func within[T any](tb testing.TB, what string, ch <-chan T) T {
	tb.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v := <-ch:
		return v
	case <-timer.C:
		tb.Fatalf("%s did not happen within %v", what, patience)
		panic("unreachable")
	}
}

// eventually polls a condition.
func eventually(tb testing.TB, what string, ok func() bool) {
	tb.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			tb.Fatalf("%s did not happen within %v", what, patience)
		}
	}
}

// openFDs counts the descriptors of this process.
func openFDs(tb testing.TB) int {
	tb.Helper()
	names, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		tb.Fatal(err)
	}
	return len(names)
}

// warm makes the runtime open its poller, which it does once and keeps.
func warm(tb testing.TB) {
	tb.Helper()
	a, b, err := rpc.Pair()
	if err != nil {
		tb.Fatal(err)
	}
	_, _ = a.Close(), b.Close()
}

// noLeak fails the test unless, after everything that it cleans up, as many
// descriptors are open as now. Call it first.
func noLeak(t *testing.T) {
	t.Helper()
	warm(t)
	before := openFDs(t)
	t.Cleanup(func() {
		eventually(t, fmt.Sprintf("return to %d descriptors", before), func() bool { return openFDs(t) <= before })
	})
}

// fixture is a server with a gate that calls can wait at.
type fixture struct {
	srv  *rpc.Server
	path string
	gate chan struct{} // test.wait returns when it is closed
	in   chan string   // test.wait and test.deaf say here that they run
	gone chan struct{} // gets a value when a waiting call learns that its peer is gone
	log  *lines
	stop func() error // ends Serve and returns what it says
}

// lines is a log that can be looked at.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

type echoParams struct {
	Text string `json:"text,omitempty"`
}

type readParams struct {
	FDs []int `json:"fds"`
}

func (f *fixture) methods() []rpc.Method {
	return []rpc.Method{
		rpc.Bind(rpc.Method{Name: "test.echo"}, func(_ context.Context, _ *rpc.Call, p echoParams) (string, error) { return p.Text, nil }),
		rpc.Bind(rpc.Method{Name: "test.null"}, func(context.Context, *rpc.Call, struct{}) (any, error) { return nil, nil }),
		rpc.Bind(rpc.Method{Name: "test.read", MaxFDs: 16}, readAll),
		rpc.Bind(rpc.Method{Name: "test.drop", MaxFDs: 16}, func(_ context.Context, c *rpc.Call, _ struct{}) (int, error) { return c.FDs(), nil }),
		rpc.Bind(rpc.Method{Name: "test.wait", MaxFDs: 16}, f.wait),
		rpc.Bind(rpc.Method{Name: "test.deaf"}, f.deaf),
		rpc.Bind(rpc.Method{Name: "test.write", Access: rpc.AccessWrite}, func(context.Context, *rpc.Call, struct{}) (bool, error) { return true, nil }),
		rpc.Bind(rpc.Method{Name: "test.admin", Access: rpc.AccessAdmin}, func(context.Context, *rpc.Call, struct{}) (bool, error) { return true, nil }),
		rpc.Bind(rpc.Method{Name: "test.panic"}, func(context.Context, *rpc.Call, struct{}) (any, error) { panic("a secret") }),
		rpc.Bind(rpc.Method{Name: "test.plain"}, func(context.Context, *rpc.Call, struct{}) (any, error) { return nil, errors.New("a secret") }),
		rpc.Bind(rpc.Method{Name: "test.fail"}, func(context.Context, *rpc.Call, struct{}) (any, error) {
			return nil, fmt.Errorf("outer: %w", rpc.Errorf(rpc.NoSpace, "Cannot keep it: pool %q is full.", "vms").WithJob("j1").WithOffset(0).WithHint("Make room."))
		}),
		rpc.Bind(rpc.Method{Name: "test.notify"}, func(ctx context.Context, c *rpc.Call, p struct{ N, Size int }) (int, error) {
			for i := range p.N {
				if err := c.Notify(ctx, "test.event", map[string]any{"i": i, "pad": strings.Repeat("x", p.Size)}); err != nil {
					return i, err
				}
			}
			return p.N, nil
		}),
		rpc.Bind(rpc.Method{Name: "test.big"}, func(_ context.Context, _ *rpc.Call, p struct{ Size int }) (string, error) {
			return strings.Repeat("x", p.Size), nil
		}),
	}
}

// readAll returns the content of the descriptors that the parameters name.
func readAll(_ context.Context, c *rpc.Call, p readParams) ([]string, error) {
	texts := []string{}
	for _, i := range p.FDs {
		f, err := c.TakeFD(i)
		if err != nil {
			return nil, err
		}
		raw, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<20))
		_ = f.Close()
		if err != nil {
			return nil, err
		}
		texts = append(texts, string(raw))
	}
	return texts, nil
}

func (f *fixture) wait(ctx context.Context, c *rpc.Call, p echoParams) (string, error) {
	f.in <- p.Text
	select {
	case <-f.gate:
		return p.Text, nil
	case <-c.Closed():
		f.gone <- struct{}{}
		return "", ctx.Err()
	case <-ctx.Done():
		select {
		case <-c.Closed():
			f.gone <- struct{}{}
		default:
		}
		return "", ctx.Err()
	}
}

// deaf looks at nothing but the gate.
func (f *fixture) deaf(context.Context, *rpc.Call, struct{}) (bool, error) {
	f.in <- "deaf"
	<-f.gate
	return true, nil
}

// serve starts a server on a socket of its own. Without a policy everybody may write.
func serve(tb testing.TB, limits rpc.Limits, policy func(rpc.Peer) rpc.Access) *fixture {
	tb.Helper()
	if policy == nil {
		policy = func(rpc.Peer) rpc.Access { return rpc.AccessWrite }
	}
	return serveStrictly(tb, limits, policy)
}

// serveStrictly is serve, with the policy as it is given.
func serveStrictly(tb testing.TB, limits rpc.Limits, policy func(rpc.Peer) rpc.Access) *fixture {
	tb.Helper()
	dir, err := os.MkdirTemp("", "rpc") //nolint:usetesting // tb.TempDir is too long for a socket
	if err != nil {
		tb.Fatal(err)
	}
	f := &fixture{
		path: filepath.Join(dir, "s"),
		gate: make(chan struct{}), in: make(chan string, 1000), gone: make(chan struct{}, 1000), log: &lines{},
	}
	f.srv = &rpc.Server{Methods: f.methods(), Policy: policy, Limits: limits, Log: slog.New(slog.NewTextHandler(f.log, nil))}
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: f.path, Net: "unix"})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- f.srv.Serve(ctx, ln) }()
	f.stop = sync.OnceValue(func() error {
		cancel()
		return within(tb, "the end of Serve", served)
	})
	tb.Cleanup(func() {
		select {
		case <-f.gate:
		default:
			close(f.gate)
		}
		if err := f.stop(); err != nil {
			tb.Errorf("Serve: %v", err)
		}
		_ = os.RemoveAll(dir)
	})
	return f
}

// raw is a client made by hand.
type raw struct {
	t    testing.TB
	conn *net.UnixConn
	r    *bufio.Reader
}

func (f *fixture) dial(tb testing.TB) *raw {
	tb.Helper()
	conn, err := net.DialUnix("unix", nil, &net.UnixAddr{Name: f.path, Net: "unix"})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = conn.Close() })
	return rawOf(tb, conn)
}

func rawOf(tb testing.TB, conn *net.UnixConn) *raw {
	tb.Helper()
	return &raw{t: tb, conn: conn, r: bufio.NewReader(conn)}
}

// send writes bytes with one sendmsg, and descriptors with their first one.
func (c *raw) send(text string, fds ...int) {
	c.t.Helper()
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	n, _, err := c.conn.WriteMsgUnix([]byte(text), oob, nil)
	if err == nil && n < len(text) {
		_, err = c.conn.Write([]byte(text)[n:])
	}
	if err != nil {
		c.t.Fatalf("send: %v", err)
	}
}

// answer is one line from the server.
type answer struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Error  *rpc.Error      `json:"error"`
}

func (a answer) String() string {
	if a.Error != nil {
		return fmt.Sprintf("%s: %d %s", a.ID, a.Error.Code, a.Error.Message)
	}
	return fmt.Sprintf("%s: %s", a.ID, a.Result)
}

func (c *raw) recv() answer {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	line, err := c.r.ReadBytes('\n')
	if err != nil {
		c.t.Fatalf("receive: %v (after %q)", err, line)
	}
	var a answer
	if err := json.Unmarshal(line, &a); err != nil {
		c.t.Fatalf("answer %q: %v", line, err)
	}
	return a
}

// want receives one answer and compares it: a code for an error, or 0 and the
// result as JSON.
func (c *raw) want(id string, code rpc.Code, result string) answer {
	c.t.Helper()
	a := c.recv()
	switch {
	case string(a.ID) != id:
		c.t.Fatalf("answer %v, want id %s", a, id)
	case code == 0 && (a.Error != nil || string(a.Result) != result):
		c.t.Fatalf("answer %v, want %s", a, result)
	case code != 0 && (a.Error == nil || a.Error.Code != code):
		c.t.Fatalf("answer %v, want code %d", a, code)
	}
	return a
}

// wantEnd checks that the server hangs up and says nothing more.
func (c *raw) wantEnd() {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(patience))
	rest, err := io.ReadAll(c.r)
	if len(rest) > 0 || err != nil && !errors.Is(err, unix.ECONNRESET) {
		c.t.Fatalf("connection goes on: %q, %v", rest, err)
	}
}

// wantAlive checks that the connection still answers.
func (c *raw) wantAlive() {
	c.t.Helper()
	c.send(`{"jsonrpc":"2.0","id":"alive","method":"test.echo","params":{"text":"yes"}}` + "\n")
	c.want(`"alive"`, 0, `"yes"`)
}

// file returns an open file with the content.
func file(tb testing.TB, content string) int {
	tb.Helper()
	fd, err := unix.MemfdCreate("test", unix.MFD_CLOEXEC)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = unix.Close(fd) })
	if _, err := unix.Write(fd, []byte(content)); err != nil {
		tb.Fatal(err)
	}
	return fd
}

// control runs a system call on a connection's descriptor.
func control(conn *net.UnixConn, do func(fd int) error) error {
	rc, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var doing error
	err = rc.Control(func(fd uintptr) { doing = do(int(fd)) })
	return errors.Join(err, doing)
}
