package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spliced/client"
	"spliced/rpc"
)

const patience = 10 * time.Second

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type readParams struct {
	Source struct {
		FD int `json:"fd"`
	} `json:"source"`
}

func methods() []rpc.Method {
	return []rpc.Method{
		rpc.Bind(rpc.Method{Name: "daemon.hello"}, func(context.Context, *rpc.Call, struct{}) (map[string]string, error) {
			return map[string]string{"version": "1"}, nil
		}),
		rpc.Bind(rpc.Method{Name: "image.upload", MinFDs: 1, MaxFDs: 2}, func(_ context.Context, c *rpc.Call, p readParams) (string, error) {
			f, err := c.TakeFD(p.Source.FD)
			if err != nil {
				return "", err
			}
			defer func() { _ = f.Close() }()
			text, err := io.ReadAll(f)
			return string(text), err
		}),
		rpc.Bind(rpc.Method{Name: "image.show"}, func(context.Context, *rpc.Call, struct{}) (bool, error) {
			return false, rpc.Errorf(rpc.NotFound, "Cannot show image %q: there is none.", "x").WithField("name")
		}),
		rpc.Bind(rpc.Method{Name: "job.subscribe"}, func(ctx context.Context, c *rpc.Call, p struct {
			N int `json:"n"`
		},
		) (int, error) {
			for i := range p.N {
				if err := c.Notify(ctx, "job.event", map[string]any{"id": "j", "seq": i, "state": "running"}); err != nil {
					return i, err
				}
			}
			return p.N, nil
		}),
		rpc.Bind(rpc.Method{Name: "job.wait"}, func(ctx context.Context, c *rpc.Call, _ struct{}) (bool, error) {
			<-ctx.Done()
			return false, ctx.Err()
		}),
	}
}

// serve returns the path of a socket with a server behind it.
func serve(t *testing.T, policy rpc.Access) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "client") //nolint:usetesting // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "s")
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	srv := &rpc.Server{Methods: methods(), Policy: func(rpc.Peer) rpc.Access { return policy }, Limits: rpc.Limits{Grace: time.Millisecond}}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- srv.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(dir)
	})
	return path
}

func dial(t *testing.T) (*client.Client, context.Context) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	c, err := client.Dial(ctx, serve(t, rpc.AccessWrite))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c, ctx
}

func TestCallWithAFile(t *testing.T) {
	c, ctx := dial(t)
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var text string
	if err := c.Call(ctx, "image.upload", map[string]any{"source": map[string]int{"fd": 0}}, &text, f); err != nil || text != "content" {
		t.Fatalf("%q, %v", text, err)
	}
}

func TestFailureOfTheDaemon(t *testing.T) {
	c, ctx := dial(t)
	err := c.Call(ctx, "image.show", nil, nil)
	var e *rpc.Error
	if !errors.As(err, &e) || e.Code != rpc.NotFound || e.Data.Field != "name" {
		t.Fatalf("%#v", err)
	}
}

func TestDialLastsBeyondItsContext(t *testing.T) {
	path := serve(t, rpc.AccessRead)
	ctx, cancel := context.WithCancel(context.Background())
	c, err := client.Dial(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := c.Call(context.Background(), "daemon.hello", nil, nil); err != nil {
		t.Error(err)
	}
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Error(err)
	}
	<-c.Done()
}

func TestNobodyListens(t *testing.T) {
	_, err := client.Dial(context.Background(), filepath.Join(t.TempDir(), "none"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
}

func TestNoAccess(t *testing.T) {
	c, err := client.Dial(context.Background(), serve(t, rpc.AccessNone))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	err = c.Call(context.Background(), "daemon.hello", nil, nil)
	var e *rpc.Error
	if !errors.As(err, &e) || e.Code != rpc.Denied {
		t.Fatalf("%#v", err)
	}
}

func TestEventsComeInOrderAndEnd(t *testing.T) {
	c, ctx := dial(t)
	events, stop, err := c.Subscribe(ctx, map[string]int{"n": 5})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		e := <-events // all came before the answer of job.subscribe
		var all struct{ State string }
		if err := json.Unmarshal(e.Params, &all); err != nil || e.Job != "j" || e.Seq != int64(i) || all.State != "running" {
			t.Fatalf("%+v, %v", e, err)
		}
	}
	stop()
	stop()
	if _, open := <-events; open {
		t.Error("an event after the end")
	}
}

func TestReaderThatFallsBehindKeepsTheNewest(t *testing.T) {
	c, ctx := dial(t)
	events, _, err := c.Subscribe(ctx, map[string]int{"n": 500})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	var last, n int64
	for e := range events {
		if n > 0 && e.Seq <= last {
			t.Fatalf("%d after %d", e.Seq, last)
		}
		last, n = e.Seq, n+1
	}
	if last != 499 || n > 100 {
		t.Fatalf("%d events, the last one %d", n, last)
	}
}

func TestRefusedSubscriptionLeavesNothing(t *testing.T) {
	c, ctx := dial(t)
	if _, _, err := c.Subscribe(ctx, map[string]int{"x": 1}); err == nil {
		t.Fatal("accepted")
	}
}

// python returns an interpreter that can pass descriptors.
func python(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("python3")
	if err == nil {
		err = exec.Command(path, "-c", "import sys; assert sys.version_info >= (3, 10)").Run() //nolint:noctx // it ends at once
	}
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), "python") {
			t.Fatalf("python3 of 3.10 or later is required: %v", err)
		}
		t.Skipf("python3 of 3.10 or later is not here: %v", err)
	}
	return path
}

// TestPythonClient runs the Python client's own test against a server of ours.
func TestPythonClient(t *testing.T) {
	interpreter := python(t)
	open, closed := serve(t, rpc.AccessWrite), serve(t, rpc.AccessNone)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, interpreter, "-B", "-W", "error", "spliced_test.py", open, closed)
	cmd.Dir = "python"
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// TestPythonProgram passes standard input on, as a shell does.
func TestPythonProgram(t *testing.T) {
	interpreter := python(t)
	path := serve(t, rpc.AccessWrite)
	for name, row := range map[string]struct {
		args []string
		code int
		out  string
	}{
		"result":       {[]string{"--socket", path, "--stdin", "image.upload", `{"source":{"fd":0}}`}, 0, `"from the shell"`},
		"failure":      {[]string{"--socket", path, "image.show"}, int(rpc.NotFound), "there is none"},
		"no daemon":    {[]string{"--socket", path + "x", "image.show"}, 69, "No such file"},
		"refused":      {[]string{"--socket", path, "image.upload", `{"source":{"fd":0}}`}, 64, "it takes 1"},
		"wrong method": {[]string{"--socket", path, "image.nothing"}, 70, "no such method"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
			defer cancel()
			cmd := exec.CommandContext(ctx, interpreter, append([]string{"-B", "python/spliced.py"}, row.args...)...)
			cmd.Stdin = strings.NewReader("from the shell")
			out, err := cmd.CombinedOutput()
			if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != row.code || !strings.Contains(string(out), row.out) {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}
