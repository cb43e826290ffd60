package rpc_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"spliced/rpc"
)

// fuzzCeiling is what one input may make both ends hold, many times what a
// frame of the size limit used here needs.
const fuzzCeiling = 64 << 20

// FuzzServer sends bytes in pieces, some with descriptors, and half-closes. Each
// plan byte is a piece: its low five bits the length, the rest the number of
// descriptors. The server must neither panic nor leak, answer each line that asks
// for an answer once, and hang up.
func FuzzServer(f *testing.F) {
	f.Add([]byte(req("1", "a")+readReq("2", 1, 0)), []byte{0x1f, 0x1f, 0x22})
	f.Add([]byte(readReq("1", 3, 0, 2)), []byte{0x61})
	f.Add([]byte("{}\n[]\n\n\r\nx\n"), []byte{1, 2, 3})
	f.Add([]byte(`{"jsonrpc":"2.0","id":"\ud83d\ude00","method":"test.drop","params":{},"fds":7}`+"\n"), []byte{0xe1})
	f.Add(bytes.Repeat([]byte{'['}, 3000), []byte{})
	f.Add([]byte(`{"jsonrpc":"2.0","method":"test.echo"}`+"\n"+req("-1", "")), []byte{0x3f})
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"method":"test.panic"}`), []byte{0x05})
	null, err := os.Open(os.DevNull)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = null.Close() })
	fd := int(null.Fd())
	warm(f)
	f.Fuzz(func(t *testing.T, text, plan []byte) {
		if len(text) > 1<<16 {
			t.Skip("longer inputs say nothing new")
		}
		before := openFDs(t)
		var was, is runtime.MemStats
		runtime.ReadMemStats(&was)
		clean := fuzzOnce(t, text, plan, fd)
		runtime.ReadMemStats(&is)
		if got := is.TotalAlloc - was.TotalAlloc; got > fuzzCeiling {
			t.Errorf("%d bytes were allocated for an input of %d", got, len(text))
		}
		eventually(t, "return to as many descriptors", func() bool { return openFDs(t) <= before })
		if clean.wanted >= 0 && clean.wanted != clean.got {
			t.Errorf("%d answers to %d lines that ask for one: %q", clean.got, clean.wanted, text)
		}
	})
}

// answers counts those that came and those that had to; -1 where the server may
// have hung up before the end.
type answers struct{ got, wanted int }

func fuzzOnce(t *testing.T, text, plan []byte, fd int) answers {
	t.Helper()
	a, b, err := rpc.Pair()
	if err != nil {
		t.Fatal(err)
	}
	methods := (&fixture{}).methods()
	srv := &rpc.Server{Methods: methods, Limits: rpc.Limits{Frame: 2048, InFlight: 4}}
	served := make(chan error, 1)
	go func() { served <- srv.ServeConn(context.Background(), a) }()
	sent := make(chan bool, 1)
	go func() { sent <- sendPlan(b, text, plan, fd) }()
	var got answers
	fatal := false
	_ = b.SetReadDeadline(time.Now().Add(patience))
	r := bufio.NewReader(b)
	for {
		line, err := r.ReadBytes('\n')
		if err != nil {
			if len(line) > 0 || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("after %q: %v", line, err)
			}
			break
		}
		var reply answer
		if json.Unmarshal(line, &reply) != nil {
			t.Fatalf("not JSON: %q", line)
		}
		if reply.Method != "" {
			continue
		}
		got.got++
		fatal = fatal || reply.Error != nil && reply.Error.Data.Field == "fds" || reply.Error != nil && bytes.Contains(line, []byte("is longer than"))
	}
	passedFDs := within(t, "the end of sending", sent)
	_ = b.Close()
	if err := within(t, "the end of ServeConn", served); err != nil {
		t.Fatal(err)
	}
	got.wanted = wanted(text)
	if fatal || passedFDs {
		got.wanted = -1
	}
	return got
}

// sendPlan reports whether descriptors were sent.
func sendPlan(conn *net.UnixConn, text, plan []byte, fd int) (passed bool) {
	for _, p := range plan {
		piece := text[:min(int(p&0x1f), len(text))]
		if len(piece) == 0 {
			continue
		}
		var oob []byte
		if n := int(p >> 5); n > 0 {
			fds := make([]int, n)
			for i := range fds {
				fds[i] = fd
			}
			oob, passed = unix.UnixRights(fds...), true
		}
		n, _, err := conn.WriteMsgUnix(piece, oob, nil)
		if err != nil {
			return passed
		}
		text = text[n:]
	}
	if _, err := io.Copy(conn, bytes.NewReader(text)); err == nil {
		_ = conn.CloseWrite()
	}
	return passed
}

// wanted counts the lines that ask for an answer, with another decoder than the
// server's: all that hold something but are no proper notification.
func wanted(text []byte) int {
	n := 0
	for line := range bytes.SplitSeq(text, []byte{'\n'}) {
		line = bytes.Trim(line, " \t\r")
		if len(line) > 0 && !notification(line) {
			n++
		}
	}
	return n
}

func notification(line []byte) bool {
	var members map[string]json.RawMessage
	if json.Unmarshal(line, &members) != nil {
		return false
	}
	_, id := members["id"]
	// What is wrong with a notification decides whether it is one; count
	// only what can't be.
	return !id && members["method"] != nil && string(members["jsonrpc"]) == `"2.0"`
}
