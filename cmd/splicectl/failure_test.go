package main

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spliced/rpc"
)

func TestExitStatusFollowsTheCode(t *testing.T) {
	statuses := map[int]int{18: 18, int(rpc.InvalidParams): exitUsage} // 18 is of a newer daemon
	for code := 1; code <= 17; code++ {
		statuses[code] = code
	}
	for _, code := range []int{-32700, -32600, -32601, -32603, 0, 64, 300} {
		statuses[code] = exitProtocol
	}
	for code, exit := range statuses {
		socket := serve(t, fails("daemon.status", rpc.Errorf(rpc.Code(code), "Cannot.")))
		if got := ctl(t, socket, "status"); got.code != exit || got.out != "" || got.err != "Cannot.\n" {
			t.Errorf("code %d: exit %d, want %d; stdout %q, stderr %q", code, got.code, exit, got.out, got.err)
		}
	}
}

func TestDaemonAbsent(t *testing.T) {
	socket := filepath.Join(shortDir(t), "s")
	ctl(t, socket, "status").want(t, exitUnavailable, "",
		"Cannot reach the daemon at "+socket+": no such file or directory.\nHint: Whether it listens says: systemctl status spliced.socket\n")
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ln.SetUnlinkOnClose(false)
	_ = ln.Close()
	if got := ctl(t, socket, "status"); got.code != exitUnavailable || !strings.Contains(got.err, "connection refused.\nHint: ") {
		t.Errorf("exit %d:\n%s", got.code, got.err)
	}
}

func TestDaemonHangsUp(t *testing.T) {
	socket := filepath.Join(shortDir(t), "s")
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ln.Close() }()
	go func() {
		conn, err := ln.Accept()
		if err == nil {
			_, _ = conn.Read(make([]byte, 1))
			_ = conn.Close()
		}
	}()
	if got := ctl(t, socket, "status"); got.code != exitUnavailable || !strings.HasPrefix(got.err, "Lost the connection") {
		t.Errorf("exit %d:\n%s", got.code, got.err)
	}
}

func TestDaemonSaysNonsense(t *testing.T) {
	got := ctl(t, serve(t, says("daemon.status", []string{"what"})), "status")
	if got.code != exitProtocol || got.out != "" {
		t.Errorf("exit %d, stdout %q, stderr:\n%s", got.code, got.out, got.err)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	ctlWith(ctx, nil, serve(t), "status").want(t, exitCancelled, "", "Interrupted.\n")
}

// Misuse is refused before a connection is made: no daemon listens here.
func TestMisuse(t *testing.T) {
	for _, args := range [][]string{
		{},
		{"image"},
		{"images"},
		{"image", "lst"},
		{"image", "list", "more"},
		{"image", "upload"},
		{"image", "upload", "a", "b", "c"},
		{"image", "upload", "../a"},
		{"image", "upload", "a", "--size", "1.5GiB"},
		{"image", "upload", "a", "--sha256", "abc"},
		{"image", "upload", "a", "--trust-eof", "--no-wait"},
		{"image", "upload", "a", "--nonsense"},
		{"image", "show"},
		{"image", "list", "--match", "("},
		{"ova", "upload", "a", "--property", "b"},
		{"ova", "upload", "a", "--property", "=b"},
		{"ova", "upload", "a", "--property", "b=1", "--property", "b=2"},
		{"job", "wait"},
		{"-o", "xml", "status"},
	} {
		got := ctl(t, "/nonexistent", args...)
		if got.code != exitUsage || got.out != "" || !strings.HasPrefix(got.err, "Cannot ") || strings.Contains(got.err, "error") {
			t.Errorf("%q: exit %d, stdout %q, stderr:\n%s", args, got.code, got.out, got.err)
		}
	}
}

func TestNearMiss(t *testing.T) {
	ctl(t, "/nonexistent", "imge").want(t, exitUsage, "",
		"Cannot do \"splicectl imge\": there is no such command.\nHint: Did you mean image?\n")
}

func TestFileCannotBeOpened(t *testing.T) {
	ctl(t, "/nonexistent", "ova", "upload", "a", "/nonexistent/a.ova").want(t, exitNoInput, "",
		"Cannot open \"/nonexistent/a.ova\": no such file or directory.\n")
}

func TestResultCannotBeWritten(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full")
	}
	defer func() { _ = full.Close() }()
	var told strings.Builder
	code := run(t.Context(), []string{"--socket", serve(t, onePool()), "pool", "list"}, nil, full, &told)
	if code != exitOutput || !strings.Contains(told.String(), "no space left on device") {
		t.Errorf("exit %d:\n%s", code, told.String())
	}
}
