package e2e

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"spliced/client"
)

// A host is where a daemon runs, again and again: its folders and its pool.
type host struct {
	dir    string // of everything
	state  string
	tmp    string // TMPDIR
	socket string
	place  place
	config string
}

// newHost makes the folders of a host whose pool is "p". More lines for the
// configuration may follow.
func newHost(t *testing.T, p place, lines ...string) *host {
	t.Helper()
	// A socket's path has 107 bytes at most; t.TempDir has the test's name in it.
	dir, err := os.MkdirTemp("", "spliced-e2e-") //nolint:usetesting // too long, see above
	must(t, err)
	h := &host{
		dir: dir, state: dir + "/state", tmp: dir + "/tmp", socket: dir + "/s", config: dir + "/spliced.yaml", place: p,
	}
	t.Cleanup(func() {
		h.alone(t, nil) // a worker that outlives its daemon may make its pool's folder anew
		must(t, os.RemoveAll(dir))
	})
	must(t, os.Mkdir(h.tmp, 0o700))
	text := fmt.Sprintf("state_dir: %s\npools:\n  p: %s\n%s\n", h.state, p.config(), strings.Join(lines, "\n"))
	must(t, os.WriteFile(h.config, []byte(text), 0o600))
	return h
}

// A daemon is a running one.
type daemon struct {
	*host
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process has
	status error         // how; after ended
	log    string
}

// launch starts the process that argv says, with the configuration as further
// arguments; where it isn't stopped, the end of the test does it.
func (h *host) launch(t *testing.T, env []string, argv ...string) *daemon {
	t.Helper()
	log, err := os.CreateTemp(h.dir, "log-")
	must(t, err)
	argv = append(argv, "--config", h.config)
	d := &daemon{host: h, cmd: exec.CommandContext(t.Context(), argv[0], argv[1:]...), ended: make(chan struct{}), log: log.Name()}
	d.cmd.Env = append(os.Environ(), append([]string{"TMPDIR=" + h.tmp, h.mark()}, env...)...)
	d.cmd.Stdout, d.cmd.Stderr = log, log
	d.cmd.WaitDelay = time.Second
	must(t, spawn(d.cmd))
	must(t, log.Close())
	go func() {
		d.status = d.cmd.Wait()
		close(d.ended)
	}()
	t.Cleanup(func() {
		d.kill()
		if t.Failed() {
			t.Logf("the daemon of process %d said:\n%s", d.cmd.Process.Pid, d.said())
		}
	})
	return d
}

// mark is how the processes of a host are recognised: workers inherit it.
func (h *host) mark() string { return "SPLICED_E2E_HOST=" + h.dir }

// start starts a daemon that listens on the host's own socket, and returns when
// it answers.
func (h *host) start(t *testing.T, program string, env ...string) *daemon {
	t.Helper()
	return h.launch(t, env, filepath.Join(bin, program), "--listen", h.socket).answers(t)
}

// answers waits for the daemon's first answer.
func (d *daemon) answers(t *testing.T) *daemon {
	t.Helper()
	eventually(t, patience, func() string {
		select {
		case <-d.ended:
			t.Fatalf("the daemon ended: %v\n%s", d.status, d.said())
		default:
		}
		c, err := client.Dial(t.Context(), d.socket)
		if err != nil {
			return err.Error()
		}
		defer func() { _ = c.Close() }()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		return text(c.Call(ctx, "daemon.hello", nil, nil))
	})
	return d
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// said is what the daemon logged, the last of it.
func (d *daemon) said() string {
	log, err := os.ReadFile(d.log)
	if err != nil {
		return err.Error()
	}
	return string(log[max(0, len(log)-6000):])
}

// kill kills the daemon, if it still runs, and waits for its end.
func (d *daemon) kill() {
	_ = d.cmd.Process.Kill()
	<-d.ended
}

// dies waits until the daemon has been killed by somebody else.
func (d *daemon) dies(t *testing.T) {
	t.Helper()
	select {
	case <-d.ended:
	case <-time.After(patience):
		t.Fatal("the daemon still lives")
	}
	if ws, ok := d.cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || ws.Signal() != syscall.SIGKILL {
		t.Fatalf("the daemon ended with %v", d.status)
	}
}

// stop ends the daemon as systemd does, and demands that it ends well.
func (d *daemon) stop(t *testing.T) {
	t.Helper()
	must(t, d.cmd.Process.Signal(syscall.SIGTERM))
	d.endsWell(t)
}

func (d *daemon) endsWell(t *testing.T) {
	t.Helper()
	select {
	case <-d.ended:
	case <-time.After(patience):
		t.Fatal("the daemon still runs after SIGTERM")
	}
	if d.status != nil {
		t.Errorf("the daemon ended with %v", d.status)
	}
}

// spawn starts a process that the kernel kills when this one is gone, however it
// goes. The kernel minds the thread that made the child, so one is kept for it.
func spawn(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	done := make(chan error)
	spawner <- func() { done <- cmd.Start() }
	return <-done
}

var spawner = func() chan<- func() {
	todo := make(chan func())
	go func() {
		runtime.LockOSThread()
		for f := range todo {
			f()
		}
	}()
	return todo
}()
