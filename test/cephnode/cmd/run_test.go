package main

import (
	"bufio"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"spliced/test/cephnode"
)

// TestMain lets the test's own binary be the command.
func TestMain(m *testing.M) {
	if os.Getenv("CEPHNODE_TEST_MAIN") != "" {
		main()
	}
	m.Run()
}

// program is the command with its temporary folders in a folder of the test's.
func program(t *testing.T, args ...string) (cmd *exec.Cmd, tmp string) {
	t.Helper()
	_ = cephnode.Conf(t)
	tmp = t.TempDir()
	cmd = exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), "CEPHNODE_TEST_MAIN=1", "TMPDIR="+tmp)
	cmd.Stderr = os.Stderr
	return cmd, tmp
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
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
	cmd, tmp := program(t, "run", "--pool", "p", "--", "sh", "-c", `rbd ls p && test "$CEPH_CONF" = "$SPLICED_TEST_CEPH" && exit 7`)
	err := cmd.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Errorf("got %v, want status 7", err)
	}
	wantEmpty(t, tmp)
	wantGone(t, tmp)
}

func TestRunPassesSignalsOn(t *testing.T) {
	cmd, tmp := program(t, "run", "--", "sh", "-c", `trap "exit 9" TERM; echo ready; while :; do sleep 0.1; done`)
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
	_ = cmd.Process.Signal(syscall.SIGTERM)
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 9 {
		t.Errorf("got %v, want status 9", err)
	}
	wantEmpty(t, tmp)
}

func TestKilledRunTakesTheDaemonsAlong(t *testing.T) {
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

func TestUpAndDown(t *testing.T) {
	cmd, tmp := program(t, "up", "--dir", "node", "--pool", "p")
	cmd.Dir = tmp
	if out, err := cmd.Output(); err != nil || !strings.Contains(string(out), "CEPH_CONF="+tmp) {
		t.Fatalf("%v: %s", err, out)
	}
	down, _ := program(t, "down", "--dir", filepath.Join(tmp, "node"))
	if err := down.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(tmp, "node")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder stays: %v", err)
	}
	wantGone(t, tmp)
}
