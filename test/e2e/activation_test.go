package e2e

import (
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"spliced/api"
	"spliced/rpc"
	"spliced/test/ovatest"
)

// activate starts systemd-socket-activate, which starts the daemon on the first
// connection, with a socket for its notifications.
func (h *host) activate(t *testing.T) (*daemon, <-chan string) {
	t.Helper()
	needProgram(t, "systemd", "systemd-socket-activate")
	notify := filepath.Join(h.dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: notify, Net: "unixgram"})
	must(t, err)
	told := make(chan string, 100)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		buf := make([]byte, 4096)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			for line := range strings.Lines(string(buf[:n])) {
				told <- strings.TrimSpace(line)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-ended })
	program, err := exec.LookPath("systemd-socket-activate")
	must(t, err)
	d := h.launch(t, nil, program, "--listen="+h.socket, "--fdname=spliced.sock", "--setenv=NOTIFY_SOCKET="+notify,
		"--setenv="+h.mark(), "--setenv=TMPDIR="+h.tmp, filepath.Join(bin, splicedProgram))
	return d, told
}

// hears waits until the daemon says so to its service manager.
func hears(t *testing.T, told <-chan string, what string) {
	t.Helper()
	over := time.After(patience)
	for {
		select {
		case line := <-told:
			if line == what {
				return
			}
		case <-over:
			t.Fatalf("the daemon never said %s", what)
		}
	}
}

// TestSocketActivation lets systemd's tool hold the socket. The upload that runs
// when the daemon is told to end is waited for, and no other begins.
func TestSocketActivation(t *testing.T) {
	t.Parallel()
	h := newHost(t, newDir(t))
	d, told := h.activate(t)
	d.answers(t)
	hears(t, told, "READY=1")
	c := d.dial(t)
	d.importOVA(t, c, "web", fromPipe)

	half, goOn := make(chan struct{}), make(chan struct{})
	src, _ := pipe(t, func(w io.Writer) error {
		data := ovatest.Data(2 << 20)
		if _, err := w.Write(data[:1<<20]); err != nil {
			return err
		}
		close(half)
		<-goOn
		_, err := w.Write(data[1<<20:])
		return err
	})
	done := make(chan error, 1)
	go func() {
		p := params{"pool": "p", "name": "late", "source": api.Source{}, "format": "raw", "size": 2 << 20, "wait": true}
		done <- c.Call(t.Context(), "image.upload", p, nil, src)
	}()
	<-half
	must(t, d.cmd.Process.Signal(syscall.SIGTERM))
	hears(t, told, "STOPPING=1")
	_, err := upload(t, c, "ova.upload", "no", source(t, fromFile, theAppliance().ova), nil)
	if got := code(err); got != rpc.DaemonRestart {
		t.Errorf("an upload during the drain is answered with %v", err)
	}
	close(goOn)
	if err := <-done; err != nil {
		t.Errorf("the upload that was under way ended with: %v", err)
	}
	d.endsWell(t)
	h.alone(t, nil)
	if got := h.place.size(t, "late"); got != 2<<20 {
		t.Errorf("its volume has %d bytes", got)
	}
}
