package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spliced/test/libvirtnode"
)

// TestMain lets the test's own binary be the command.
func TestMain(m *testing.M) {
	if os.Getenv("LIBVIRTNODE_TEST_MAIN") != "" {
		main()
	}
	m.Run()
}

// program is the command with its temporary folders in a folder of the test's.
func program(t *testing.T, args ...string) (cmd *exec.Cmd, tmp string) {
	t.Helper()
	_ = libvirtnode.ForTest(t)          // skips where there can't be one
	tmp, err := os.MkdirTemp("", "run") //nolint:usetesting // t.TempDir is too long for a socket's path
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(tmp) })
	cmd = exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), "LIBVIRTNODE_TEST_MAIN=1", "TMPDIR="+tmp)
	cmd.Stderr = os.Stderr
	return cmd, tmp
}

// wantGone waits until no process has text among its arguments.
func wantGone(t *testing.T, text string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var alive []string
		names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, name := range names {
			if line, err := os.ReadFile(name); err == nil && strings.Contains(string(line), text) {
				alive = append(alive, string(line))
			}
		}
		if len(alive) == 0 {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("still alive: %q", alive)
		}
	}
}

func TestRunGivesTheCommandsStatusAndLeavesNothing(t *testing.T) {
	t.Parallel()
	cmd, tmp := program(t, "run", "--", "sh", "-c", `test -S "$LIBVIRT_SOCKET" && virsh version >/dev/null && exit 7`)
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("got %v, want status 7", err)
	}
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	wantGone(t, tmp)
}

func TestKilledRunTakesTheDaemonAlong(t *testing.T) {
	t.Parallel()
	cmd, tmp := program(t, "run", "--", "sh", "-c", `echo ready; exec sleep 600`)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatal(line, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	wantGone(t, tmp)
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"run"}, {"run", "--"}, {"run", "true"}, {"up", "--", "true"}} {
		if got := start(args); got != 2 {
			t.Errorf("%q: status %d, want 2", args, got)
		}
	}
}
