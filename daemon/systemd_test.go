package daemon

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for another process; nothing waits for it to pass.
const patience = 20 * time.Second

// manager receives notifications as systemd would.
type manager struct {
	*net.UnixConn
	path string
}

func newManager(t *testing.T) *manager {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return &manager{c, path}
}

// next returns the next notification that carries the assignment, which must
// come before refused does.
func (m *manager) next(t *testing.T, want, refused string) {
	t.Helper()
	buf := make([]byte, 4096)
	_ = m.SetReadDeadline(time.Now().Add(patience))
	for {
		n, err := m.Read(buf)
		if err != nil {
			t.Fatalf("waiting for %s: %v", want, err)
		}
		for line := range strings.SplitSeq(string(buf[:n]), "\n") {
			if line == want {
				return
			}
			if line == refused {
				t.Fatalf("told %s before %s", line, want)
			}
		}
	}
}

// startRun starts a daemon that listens on s in folder dir, or that argv starts.
func startRun(t *testing.T, m *manager, dir string, env []string, argv ...string) *exec.Cmd {
	t.Helper()
	argv = append(argv, self(t))
	cmd := exec.CommandContext(t.Context(), argv[0], argv[1:]...)
	cmd.Env = childEnv(t, "run", append(env, "NOTIFY_SOCKET="+m.path)...)
	cmd.Dir = dir
	cmd.Stderr = t.Output()
	cmd.WaitDelay = patience
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd
}

// connect returns a connection that was accepted and greeted.
func connect(t *testing.T, path string) net.Conn {
	t.Helper()
	c := dial(t, path)
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	if line, err := bufio.NewReader(c).ReadString('\n'); line != "served\n" {
		t.Fatalf("greeted with %q, %v", line, err)
	}
	return c
}

// dial connects as soon as somebody listens.
func dial(t *testing.T, path string) net.Conn {
	t.Helper()
	tick, late := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for {
		c, err := (&net.Dialer{}).DialContext(t.Context(), "unix", path)
		if err == nil {
			return c
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal(err)
		}
	}
}

// activate runs the daemon as systemd runs it: the socket is there first, and
// the first connection starts it.
func activate(t *testing.T, m *manager, env ...string) (*exec.Cmd, string) {
	t.Helper()
	tool := needSystemd(t, "systemd-socket-activate")
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	argv := []string{tool, "--listen=" + path, "--fdname=spliced.sock", "--setenv=" + childVar, "--setenv=NOTIFY_SOCKET"}
	for _, v := range env {
		argv = append(argv, "--setenv="+v)
	}
	return startRun(t, m, dir, env, argv...), path
}

func TestActivatedServesDrainsAndEnds(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	cmd, path := activate(t, m)
	c := connect(t, path)
	m.next(t, "READY=1", "STOPPING=1")
	_ = cmd.Process.Signal(syscall.SIGHUP)
	_ = cmd.Process.Signal(syscall.SIGTERM)
	m.next(t, "STOPPING=1", "STATUS=ending")
	_ = c.(*net.UnixConn).CloseWrite()
	if rest, err := io.ReadAll(c); err != nil || len(rest) != 0 {
		t.Errorf("the connection ended with %q, %v", rest, err)
	}
	m.next(t, "STATUS=ending", "READY=1")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("the socket of the manager is gone: %v", err)
	}
}

func TestActivatedEndsWhenIdle(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	cmd, path := activate(t, m, "CHILD_IDLE=50ms")
	c := connect(t, path)
	m.next(t, "READY=1", "STOPPING=1")
	_ = c.Close()
	m.next(t, "STOPPING=1", "")
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestSecondSignalCutsDrain(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	cmd := startRun(t, m, dir, nil)
	m.next(t, "READY=1", "STOPPING=1")
	c := connect(t, path)
	_ = cmd.Process.Signal(syscall.SIGINT)
	m.next(t, "STOPPING=1", "STATUS=ending")
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if _, err := io.ReadAll(c); err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the guest still waits: %v", err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the daemon's own socket stayed: %v", err)
	}
}

func TestKilledDaemonsSocketIsTakenOver(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	for range 2 {
		cmd := startRun(t, m, dir, nil)
		m.next(t, "READY=1", "STOPPING=1")
		_ = connect(t, path).Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
}

// A reader of the log that went away must not take the daemon with it.
func TestBrokenLogPipe(t *testing.T) {
	t.Parallel()
	m := newManager(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "s")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	cmd := exec.CommandContext(t.Context(), self(t))
	cmd.Env = childEnv(t, "run", "NOTIFY_SOCKET="+m.path)
	cmd.Dir = dir
	cmd.Stderr = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	m.next(t, "READY=1", "STOPPING=1")
	_ = connect(t, path).Close()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestWatchdogOverTheSocket(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, env ...string) (*manager, *exec.Cmd) {
		t.Helper()
		m := newManager(t)
		return m, startRun(t, m, t.TempDir(), append(env, "WATCHDOG_USEC=100000"))
	}
	t.Run("well", func(t *testing.T) {
		t.Parallel()
		m, _ := start(t)
		for range 3 {
			m.next(t, "WATCHDOG=1", "STOPPING=1")
		}
	})
	t.Run("sick", func(t *testing.T) {
		t.Parallel()
		m, cmd := start(t, "CHILD_SICK=1")
		m.next(t, "READY=1", "WATCHDOG=1")
		_ = cmd.Process.Signal(syscall.SIGTERM)
		m.next(t, "STOPPING=1", "WATCHDOG=1")
		m.next(t, "STATUS=ending", "WATCHDOG=1")
	})
	t.Run("for another process", func(t *testing.T) {
		t.Parallel()
		m, cmd := start(t, "WATCHDOG_PID=1")
		m.next(t, "READY=1", "WATCHDOG=1")
		_ = cmd.Process.Signal(syscall.SIGTERM)
		m.next(t, "STATUS=ending", "WATCHDOG=1")
	})
	t.Run("interval no number", func(t *testing.T) {
		t.Parallel()
		m := newManager(t)
		cmd := startRun(t, m, t.TempDir(), []string{"WATCHDOG_USEC=often"})
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 3 {
			t.Errorf("ended with %v, want a refusal", err)
		}
	})
}
