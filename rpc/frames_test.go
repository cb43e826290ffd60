package rpc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"spliced/rpc"
)

// req makes a request for test.echo with an id as it is to be written.
func req(id, text string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%s,"method":"test.echo","params":{"text":%q}}`, id, text) + "\n"
}

func TestMalformedInputIsAnsweredAndTheConnectionLivesOn(t *testing.T) {
	f := serve(t, rpc.Limits{}, nil)
	deep := func(n int) string {
		return `{"jsonrpc":"2.0","id":1,"method":"test.echo","params":` + strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n) + "}"
	}
	for name, row := range map[string]struct {
		line string
		id   string
		code rpc.Code
	}{
		"not JSON":             {`hello`, "null", rpc.ParseError},
		"cut JSON":             {`{"jsonrpc":"2.0","id":1`, "null", rpc.ParseError},
		"two values":           {`{} {}`, "null", rpc.ParseError},
		"trailing comma":       {`{"id":1,}`, "null", rpc.ParseError},
		"leading zero":         {`{"jsonrpc":"2.0","id":01,"method":"test.echo"}`, "null", rpc.ParseError},
		"invalid UTF-8":        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"test.echo\",\"params\":{\"text\":\"\xff\"}}", "null", rpc.ParseError},
		"half a surrogate":     {`{"jsonrpc":"2.0","id":1,"method":"test.echo","params":{"text":"\ud800"}}`, "null", rpc.ParseError},
		"control character":    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"test\x01\"}", "null", rpc.ParseError},
		"NUL":                  {"\x00", "null", rpc.ParseError},
		"batch":                {`[` + strings.TrimSpace(req("1", "a")) + `]`, "null", rpc.InvalidRequest},
		"empty batch":          {`[]`, "null", rpc.InvalidRequest},
		"a string":             {`"x"`, "null", rpc.InvalidRequest},
		"a number":             {`7`, "null", rpc.InvalidRequest},
		"null":                 {`null`, "null", rpc.InvalidRequest},
		"empty object":         {`{}`, "null", rpc.InvalidRequest},
		"a response":           {`{"jsonrpc":"2.0","id":1,"result":1}`, "1", rpc.InvalidRequest},
		"no version":           {`{"id":1,"method":"test.echo"}`, "1", rpc.InvalidRequest},
		"wrong version":        {`{"jsonrpc":"1.0","id":1,"method":"test.echo"}`, "1", rpc.InvalidRequest},
		"version as a number":  {`{"jsonrpc":2.0,"id":1,"method":"test.echo"}`, "1", rpc.InvalidRequest},
		"no method":            {`{"jsonrpc":"2.0","id":1}`, "1", rpc.InvalidRequest},
		"no method, no id":     {`{"jsonrpc":"2.0"}`, "null", rpc.InvalidRequest},
		"method as a number":   {`{"jsonrpc":"2.0","id":1,"method":1}`, "1", rpc.InvalidRequest},
		"unknown member":       {`{"jsonrpc":"2.0","id":1,"method":"test.echo","meta":{}}`, "1", rpc.InvalidRequest},
		"member in capitals":   {`{"jsonrpc":"2.0","id":1,"Method":"test.echo"}`, "1", rpc.InvalidRequest},
		"member twice":         {`{"jsonrpc":"2.0","id":1,"id":2,"method":"test.echo"}`, "null", rpc.InvalidRequest},
		"both levels twice":    {`{"jsonrpc":"2.0","params":{"text":"","text":""},"id":1,"id":2,"method":"test.echo"}`, "null", rpc.InvalidRequest},
		"id null":              {`{"jsonrpc":"2.0","id":null,"method":"test.echo"}`, "null", rpc.InvalidRequest},
		"id fraction":          {`{"jsonrpc":"2.0","id":1.5,"method":"test.echo"}`, "null", rpc.InvalidRequest},
		"id with exponent":     {`{"jsonrpc":"2.0","id":1e3,"method":"test.echo"}`, "null", rpc.InvalidRequest},
		"id object":            {`{"jsonrpc":"2.0","id":{},"method":"test.echo"}`, "null", rpc.InvalidRequest},
		"id array":             {`{"jsonrpc":"2.0","id":[1],"method":"test.echo"}`, "null", rpc.InvalidRequest},
		"id true":              {`{"jsonrpc":"2.0","id":true,"method":"test.echo"}`, "null", rpc.InvalidRequest},
		"id too long":          {`{"jsonrpc":"2.0","id":"` + strings.Repeat("x", 255) + `","method":"test.echo"}`, "null", rpc.InvalidRequest},
		"depth 65":             {deep(64), "null", rpc.InvalidRequest},
		"depth bomb":           {strings.Repeat("[", 200_000), "null", rpc.InvalidRequest},
		"fds negative":         {`{"jsonrpc":"2.0","id":1,"method":"test.echo","fds":-1}`, "1", rpc.InvalidRequest},
		"fds 17":               {`{"jsonrpc":"2.0","id":1,"method":"test.echo","fds":17}`, "1", rpc.InvalidRequest},
		"fds fraction":         {`{"jsonrpc":"2.0","id":1,"method":"test.echo","fds":1.0}`, "1", rpc.InvalidRequest},
		"fds string":           {`{"jsonrpc":"2.0","id":1,"method":"test.echo","fds":"1"}`, "1", rpc.InvalidRequest},
		"unknown method":       {`{"jsonrpc":"2.0","id":1,"method":"test.nothing"}`, "1", rpc.MethodNotFound},
		"method in capitals":   {`{"jsonrpc":"2.0","id":1,"method":"Test.echo"}`, "1", rpc.MethodNotFound},
		"parameters in order":  {`{"jsonrpc":"2.0","id":1,"method":"test.echo","params":["x"]}`, "1", rpc.InvalidParams},
		"parameters null":      {`{"jsonrpc":"2.0","id":1,"method":"test.echo","params":null}`, "1", rpc.InvalidParams},
		"unknown parameter":    {`{"jsonrpc":"2.0","id":1,"method":"test.echo","params":{"txet":""}}`, "1", rpc.InvalidParams},
		"parameter twice":      {`{"jsonrpc":"2.0","id":1,"method":"test.echo","params":{"text":"a","te\u0078t":"b"}}`, "1", rpc.InvalidParams},
		"depth 64, wrong type": {deep(63), "1", rpc.InvalidParams},
	} {
		t.Run(name, func(t *testing.T) {
			c := f.dial(t)
			c.send(row.line + "\n")
			c.want(row.id, row.code, "")
			c.wantAlive()
		})
	}
}

func TestGoodIDsComeBackAsTheyWereWritten(t *testing.T) {
	c := serve(t, rpc.Limits{}, nil).dial(t)
	for _, id := range []string{`0`, `-7`, `18446744073709551616`, `""`, `"a\u0062\/"`, `"ä"`, `"` + strings.Repeat("x", 254) + `"`} {
		c.send(req(id, "x"))
		c.want(id, 0, `"x"`)
	}
}

func TestTwoRequestsWithOneIDGetTwoAnswers(t *testing.T) {
	c := serve(t, rpc.Limits{}, nil).dial(t)
	c.send(req("1", "a") + req("1", "a"))
	c.want("1", 0, `"a"`)
	c.want("1", 0, `"a"`)
}

func TestEmptyLinesSpaceAndCRAreTolerated(t *testing.T) {
	c := serve(t, rpc.Limits{}, nil).dial(t)
	c.send("\n\r\n \t\n" + strings.TrimSpace(req("1", "a")) + "\r\n\n  " + req("2", "b"))
	seen := map[string]bool{c.recv().String(): true, c.recv().String(): true}
	if !seen[`1: "a"`] || !seen[`2: "b"`] {
		t.Fatalf("answers: %v", seen)
	}
	c.send(" { \"jsonrpc\" : \"2.0\" , \"id\" : 3 , \"method\" : \"test.echo\" , \"params\" : { \"text\" : \"c\" } } \n")
	c.want("3", 0, `"c"`)
}

func TestNotificationsOfClientsAreNeverAnswered(t *testing.T) {
	c := serve(t, rpc.Limits{}, nil).dial(t)
	c.send(`{"jsonrpc":"2.0","method":"test.panic"}` + "\n" + `{"jsonrpc":"2.0","method":"test.echo","params":[1]}` + "\n")
	c.wantAlive()
}

func TestNullIsAResult(t *testing.T) {
	c := serve(t, rpc.Limits{}, nil).dial(t)
	c.send(`{"jsonrpc":"2.0","id":1,"method":"test.null"}` + "\n")
	c.want("1", 0, "null")
}

func TestOneByteAtATime(t *testing.T) {
	c := serve(t, rpc.Limits{}, nil).dial(t)
	for i := range 3 {
		for _, b := range []byte(req("1", fmt.Sprint("täxt", i))) {
			if _, err := c.conn.Write([]byte{b}); err != nil {
				t.Fatal(err)
			}
		}
		c.want("1", 0, fmt.Sprintf(`"täxt%d"`, i))
	}
}

func TestShortLinesBehindALongOne(t *testing.T) {
	c := serve(t, rpc.Limits{}, nil).dial(t)
	long := strings.Repeat("x", 100<<10)
	go func() {
		_, _ = c.conn.Write([]byte(req("1", long) + strings.Repeat("\n", 50_000) + req("2", "x") + strings.Repeat(" \n", 50_000) + req("3", long)))
	}()
	got := map[string]int{}
	for range 3 {
		a := c.recv()
		got[string(a.ID)] = len(a.Result)
	}
	if got["1"] != 2+(100<<10) || got["2"] != 3 || got["3"] != 2+(100<<10) {
		t.Fatalf("lengths of the answers: %v", got)
	}
}

func TestLongestFrame(t *testing.T) {
	const limit = 1000
	f := serve(t, rpc.Limits{Frame: limit}, nil)
	pad := func(n int) string { // a request of n bytes without its LF
		bare := len(req("1", "")) - 1
		return req("1", strings.Repeat("x", n-bare))
	}
	t.Run("as long as the limit", func(t *testing.T) {
		c := f.dial(t)
		c.send(pad(limit))
		c.want("1", 0, `"`+strings.Repeat("x", limit-len(req("1", ""))+1)+`"`)
		c.wantAlive()
	})
	t.Run("one byte longer", func(t *testing.T) {
		c := f.dial(t)
		c.send(pad(limit + 1))
		c.want("null", rpc.InvalidRequest, "")
		c.wantEnd()
	})
	t.Run("without an end", func(t *testing.T) {
		c := f.dial(t)
		c.send(strings.Repeat(" ", limit+1))
		c.want("null", rpc.InvalidRequest, "")
		c.wantEnd()
	})
}

func TestDefaultFrameLimit(t *testing.T) {
	c := serve(t, rpc.Limits{}, nil).dial(t)
	c.send(req("1", strings.Repeat("x", 200<<10)))
	if a := c.recv(); len(a.Result) != 200<<10+2 {
		t.Fatalf("result of %d bytes", len(a.Result))
	}
	_, _ = c.conn.Write([]byte(strings.Repeat("x", 256<<10+1))) // the server may hang up meanwhile
	c.want("null", rpc.InvalidRequest, "")
	c.wantEnd()
}

func TestUnfinishedFrameIsFatalAndIdleConnectionsAreNot(t *testing.T) {
	f := serve(t, rpc.Limits{FrameTimeout: 150 * time.Millisecond}, nil)
	idle, slow, drip := f.dial(t), f.dial(t), f.dial(t)
	idle.wantAlive()
	slow.wantAlive()
	slow.send(`{"jsonrpc"`)
	stop := make(chan struct{})
	dripped := make(chan struct{})
	go func() { // never idle, and never done: the clock runs from the first byte
		defer close(dripped)
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				if _, err := drip.conn.Write([]byte(" ")); err != nil {
					return
				}
			case <-stop:
				return
			}
		}
	}()
	for _, c := range []*raw{slow, drip} {
		c.want("null", rpc.InvalidRequest, "")
		c.wantEnd()
	}
	close(stop)
	<-dripped
	idle.wantAlive()
}

func TestHalfClosedClientGetsItsAnswers(t *testing.T) {
	f := serve(t, rpc.Limits{}, nil)
	c := f.dial(t)
	c.send(`{"jsonrpc":"2.0","id":1,"method":"test.wait","params":{"text":"late"}}` + "\n")
	if err := c.conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	within(t, "the call", f.in)
	select {
	case <-f.gone:
		t.Fatal("half closed was taken for gone")
	case <-time.After(100 * time.Millisecond):
	}
	close(f.gate)
	c.want("1", 0, `"late"`)
	c.wantEnd()
}

func TestLastLineWithoutLFIsToldAndOthersAreAnswered(t *testing.T) {
	c := serve(t, rpc.Limits{}, nil).dial(t)
	c.send(req("1", "a"))
	c.want("1", 0, `"a"`)
	c.send(strings.TrimSpace(req("2", "b")))
	if err := c.conn.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	c.want("null", rpc.ParseError, "")
	c.wantEnd()
}

func TestGoneIsToldApartFromHalfClosed(t *testing.T) {
	for name, leave := range map[string]func(c *raw) error{
		"close":             func(c *raw) error { return c.conn.Close() },
		"half, then closed": func(c *raw) error { _ = c.conn.CloseWrite(); return c.conn.Close() },
		"shutdown of both": func(c *raw) error {
			return control(c.conn, func(fd int) error { return unix.Shutdown(fd, unix.SHUT_RDWR) })
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := serve(t, rpc.Limits{}, nil)
			c := f.dial(t)
			c.send(`{"jsonrpc":"2.0","id":1,"method":"test.wait"}` + "\n")
			within(t, "the call", f.in)
			if err := leave(c); err != nil {
				t.Fatal(err)
			}
			within(t, "news of the end", f.gone)
			eventually(t, "end of the connection", func() bool { conns, calls := f.srv.Stats(); return conns == 0 && calls == 0 })
		})
	}
}
