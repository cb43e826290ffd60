package rpc_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"spliced/rpc"
)

// readReq makes a request for test.read that declares n descriptors and reads
// those of the indices.
func readReq(id string, n int, indices ...int) string {
	list := strings.ReplaceAll(fmt.Sprint(indices), " ", ",")
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"test.read","params":{"fds":%s},"fds":%d}`, id, list, n) + "\n"
}

func TestDescriptorsReachTheirRequest(t *testing.T) {
	noLeak(t)
	c := serve(t, rpc.Limits{}, nil).dial(t)
	a, b := file(t, "a"), file(t, "b")
	c.send(readReq("1", 2, 1, 0), a, b)
	c.want("1", 0, `["b","a"]`)
	c.send(readReq("2", 2, 1), b, a) // one is not taken
	c.want("2", 0, `["a"]`)
	c.send(readReq("3", 1, 1), a)
	c.want("3", rpc.InvalidParams, "")
	c.send(readReq("4", 1, 0, 0), a)
	c.want("4", rpc.InvalidParams, "")
	c.send(readReq("5", 1, -1), a)
	c.want("5", rpc.InvalidParams, "")
}

func TestPlainBytesGluedBeforeDescriptors(t *testing.T) {
	noLeak(t)
	f := serve(t, rpc.Limits{}, nil)
	for range 50 { // the kernel glues only what waits when the server reads
		c := f.dial(t)
		c.send(req("1", "plain") + req("2", "plain"))
		c.send(readReq("3", 1, 0), file(t, "mine"))
		c.send(readReq("4", 1, 0), file(t, "other"))
		got := map[string]bool{}
		for range 4 {
			got[c.recv().String()] = true
		}
		if !got[`3: ["mine"]`] || !got[`4: ["other"]`] {
			t.Fatalf("answers: %v", got)
		}
	}
}

func TestHalfALineGluedBeforeDescriptors(t *testing.T) {
	noLeak(t)
	c := serve(t, rpc.Limits{}, nil).dial(t)
	plain := req("1", "plain")
	c.send(plain[:10])
	c.send(plain[10:])
	c.send(readReq("2", 1, 0), file(t, "mine"))
	got := map[string]bool{c.recv().String(): true, c.recv().String(): true}
	if !got[`1: "plain"`] || !got[`2: ["mine"]`] {
		t.Fatalf("answers: %v", got)
	}
}

func TestDescriptorsOnALaterByteOfTheirMessage(t *testing.T) {
	noLeak(t)
	c := serve(t, rpc.Limits{}, nil).dial(t)
	line := readReq("1", 2, 0, 1)
	c.send(line[:10], file(t, "a"))
	c.send(line[10:], file(t, "b"))
	c.want("1", 0, `["a","b"]`)
	c.wantAlive()
}

func TestMissingDescriptorsAreAnswered(t *testing.T) {
	noLeak(t)
	c := serve(t, rpc.Limits{}, nil).dial(t)
	c.send(readReq("1", 1, 0))
	c.want("1", rpc.InvalidParams, "")
	c.send(readReq("2", 3, 0), file(t, "a"))
	c.want("2", rpc.InvalidParams, "")
	c.send(readReq("3", 1, 0), file(t, "mine")) // and nothing is shifted
	c.want("3", 0, `["mine"]`)
}

func TestUndeclaredDescriptorsAreFatal(t *testing.T) {
	for name, row := range map[string]struct {
		line string
		id   string
		n    int
	}{
		"none declared":     {req("1", "x"), "1", 1},
		"fewer declared":    {readReq("1", 1, 0), "1", 2},
		"notification":      {`{"jsonrpc":"2.0","method":"test.echo"}` + "\n", "null", 1},
		"not JSON":          {"nonsense\n", "null", 1},
		"bad number of fds": {`{"jsonrpc":"2.0","id":1,"method":"test.drop","fds":17}` + "\n", "1", 17},
		"empty line":        {"\n", "null", 1},
		"with an idle tail": {req("1", "x") + "\n", "", 1},
		"as many as fit":    {req("1", "x"), "1", 253},
		"more than a frame": {strings.Repeat(" ", 10), "null", 253},
	} {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			c := serve(t, rpc.Limits{}, nil).dial(t)
			fds := make([]int, row.n)
			for i := range fds {
				fds[i] = 0
			}
			c.send(row.line, fds...)
			if row.id == "" { // the request is answered, then the connection ends with another answer
				if a, b := c.recv(), c.recv(); a.Error == nil && b.Error == nil {
					t.Fatalf("answers %v and %v", a, b)
				}
			} else {
				c.want(row.id, rpc.InvalidRequest, "")
			}
			c.wantEnd()
		})
	}
}

func TestDescriptorsOfAnEarlierMessageNeverReachALaterOne(t *testing.T) {
	noLeak(t)
	c := serve(t, rpc.Limits{}, nil).dial(t)
	c.send(req("1", "x"), file(t, "stray"))
	_, _ = c.conn.Write([]byte(readReq("2", 1, 0)))
	c.want("1", rpc.InvalidRequest, "")
	c.wantEnd()
}

func TestRefusedRequestsCloseTheirDescriptors(t *testing.T) {
	noLeak(t)
	f := serve(t, rpc.Limits{}, nil)
	c := f.dial(t)
	for line, code := range map[string]rpc.Code{
		`{"jsonrpc":"2.0","id":1,"method":"test.nothing","fds":1}`:               rpc.MethodNotFound,
		`{"jsonrpc":"2.0","id":1,"method":"test.echo","fds":1}`:                  rpc.InvalidParams,
		`{"jsonrpc":"2.0","id":1,"method":"test.admin","fds":1}`:                 rpc.Denied,
		`{"jsonrpc":"2.0","id":1,"method":"test.read","params":[],"fds":1}`:      rpc.InvalidParams,
		`{"jsonrpc":"2.0","id":1,"method":"test.read","params":{"x":0},"fds":1}`: rpc.InvalidParams,
		`{"jsonrpc":"2.0","id":1,"method":7,"fds":1}`:                            rpc.InvalidRequest,
	} {
		c.send(line+"\n", file(t, "x"))
		c.want("1", code, "")
	}
	c.send(`{"jsonrpc":"2.0","method":"test.read","fds":1}`+"\n", file(t, "x"))
	c.wantAlive()
	before := openFDs(t)
	c.send(`{"jsonrpc":"2.0","id":1,"method":"test.drop","fds":16}`+"\n", make([]int, 16)...)
	c.want("1", 0, "16")
	eventually(t, "close of what was not taken", func() bool { return openFDs(t) <= before })
}

func TestDescriptorsAreClosedOnExec(t *testing.T) {
	flags := make(chan int, 1)
	look := rpc.Bind(rpc.Method{Name: "test.look", MinFDs: 1}, func(_ context.Context, c *rpc.Call, _ struct{}) (bool, error) {
		f, err := c.TakeFD(0)
		if err != nil {
			return false, err
		}
		defer func() { _ = f.Close() }()
		raw, err := f.SyscallConn()
		if err != nil {
			return false, err
		}
		return true, raw.Control(func(fd uintptr) {
			n, _ := unix.FcntlInt(fd, unix.F_GETFD, 0)
			flags <- n
		})
	})
	conn := pair(t, &rpc.Server{Methods: []rpc.Method{look}}, nil)
	if err := conn.Call(context.Background(), "test.look", nil, nil, os.Stdin); err != nil {
		t.Fatal(err)
	}
	if got := within(t, "the look", flags); got&unix.FD_CLOEXEC == 0 {
		t.Fatalf("flags %#x lack FD_CLOEXEC", got)
	}
}

// TestNoDescriptorsLeft makes the kernel cut the descriptors off (MSG_CTRUNC):
// it may give this process none above the limit.
func TestNoDescriptorsLeft(t *testing.T) {
	noLeak(t)
	c := serve(t, rpc.Limits{}, nil).dial(t)
	c.wantAlive() // whatever is opened once is open now
	a, b := file(t, "a"), file(t, "b")
	free := func(n int) (undo func()) { // leaves n descriptors to be opened
		var was unix.Rlimit
		if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
			t.Fatal(err)
		}
		low := unix.Rlimit{Cur: uint64(lowestFree(t)), Max: was.Max}
		low.Cur += uint64(n)
		if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
			t.Fatal(err)
		}
		return func() {
			if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &was); err != nil {
				t.Fatal(err)
			}
		}
	}
	for left := range 2 {
		undo := free(left)
		c.send(readReq("1", 2, 0, 1), a, b)
		got := c.recv()
		c.wantAlive()
		undo()
		if got.Error == nil || got.Error.Code != rpc.InvalidParams {
			t.Fatalf("with %d left: %v", left, got)
		}
		c.send(readReq("2", 2, 0, 1), a, b)
		c.want("2", 0, `["a","b"]`)
	}
}

// lowestFree returns the number that the next descriptor gets.
func lowestFree(t *testing.T) int {
	t.Helper()
	fd, err := unix.Dup(0)
	if err != nil {
		t.Fatal(err)
	}
	_ = unix.Close(fd)
	return fd
}

func TestDescriptorsHeldWhenThePeerLeaves(t *testing.T) {
	noLeak(t)
	f := serve(t, rpc.Limits{}, nil)
	c := f.dial(t)
	c.send(`{"jsonrpc":"2.0","id":1,"method":"test.wait","fds":3}`+"\n", 0, 0, 0)
	c.send(`{"jsonrpc":"2.0","id":2,"method":"test.w`, 0, 0)
	within(t, "the call", f.in)
	_ = c.conn.Close()
	within(t, "news of the end", f.gone)
}
