package e2e

import (
	"io"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
)

// A manager is the end of a NOTIFY_SOCKET.
type manager struct {
	*net.UnixConn
	path string
}

func newManager(t *testing.T, h *host) manager {
	t.Helper()
	path := filepath.Join(h.dir, "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return manager{conn, path}
}

// hears waits for a notification.
func (m manager) hears(t *testing.T, want string) {
	t.Helper()
	must(t, m.SetReadDeadline(time.Now().Add(patience)))
	buf := make([]byte, 4096)
	for {
		n, err := m.Read(buf)
		if err != nil {
			t.Fatalf("waiting for %s: %v", want, err)
		}
		for line := range strings.SplitSeq(string(buf[:n]), "\n") {
			if line == want {
				return
			}
		}
	}
}

// activated has systemd's own tool listen, and start the daemon at the first
// connection.
func activated(t *testing.T, h *host, m manager) *daemon {
	t.Helper()
	return h.launch(t, nil, "systemd-socket-activate", "--listen", h.socket, "--fdname", "spliced.sock",
		"-E", h.mark(), "-E", "TMPDIR="+h.tmp, "-E", "NOTIFY_SOCKET="+m.path, filepath.Join(bin, splicedProgram))
}

// first connects as soon as somebody listens.
func first(t *testing.T, d *daemon) *client.Client {
	t.Helper()
	var c *client.Client
	eventually(t, patience, func() string {
		var err error
		c, err = client.Dial(t.Context(), d.socket)
		return text(err)
	})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestSocketActivationAndDrain has the daemon started by a connection, and
// stopped while an upload runs, which is then finished.
func TestSocketActivationAndDrain(t *testing.T) {
	needProgram(t, "systemd", "systemd-socket-activate")
	t.Parallel()
	h := newHost(t, newDir(t))
	m := newManager(t, h)
	d := activated(t, h, m)
	c := first(t, d)
	must(t, c.Call(soon(t, patience), "daemon.hello", nil, nil))
	m.hears(t, "READY=1")

	half, goOn := make(chan struct{}), make(chan struct{})
	src, sent := pipe(t, inHalves(theAppliance().ova, half, goOn))
	answer := make(chan error, 1)
	go func() {
		p := params{"pool": "p", "name": "web", "source": params{"fd": 0}, "wait": true}
		answer <- c.Call(t.Context(), "ova.upload", p, nil, src)
	}()
	<-half
	must(t, d.cmd.Process.Signal(syscall.SIGTERM))
	m.hears(t, "STOPPING=1")
	close(goOn)
	if err := <-answer; err != nil {
		t.Errorf("the upload that ran: %v", err)
	}
	must(t, src.Close())
	must(t, <-sent)
	must(t, c.Close())
	d.endsWell(t)
	h.alone(t, nil)

	d = h.start(t, splicedProgram)
	d.whole(t, d.dial(t), "web")
}

// inHalves sends data in two halves. Between them it tells that the first was
// taken, but for what a pipe holds, and waits.
func inHalves(data []byte, half chan<- struct{}, goOn <-chan struct{}) func(io.Writer) error {
	return func(w io.Writer) error {
		if _, err := w.Write(data[:len(data)/2]); err != nil {
			return err
		}
		close(half)
		<-goOn
		_, err := w.Write(data[len(data)/2:])
		return err
	}
}

// TestSecondSignalRollsBack stops the daemon in earnest while an upload runs:
// nothing of it stays, and its record says why.
func TestSecondSignalRollsBack(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		t.Helper()
		h := newHost(t, p)
		m := newManager(t, h)
		d := h.start(t, splicedProgram, "NOTIFY_SOCKET="+m.path)
		c := d.dial(t)
		half, goOn := make(chan struct{}), make(chan struct{})
		src, _ := pipe(t, inHalves(theAppliance().ova, half, goOn))
		defer close(goOn)
		j, err := upload(t, c, "ova.upload", "web", src, nil)
		must(t, err)
		must(t, src.Close())
		<-half
		must(t, d.cmd.Process.Signal(syscall.SIGTERM))
		m.hears(t, "STOPPING=1")
		must(t, d.cmd.Process.Signal(syscall.SIGTERM))
		d.endsWell(t)
		h.alone(t, nil)
		if left := p.volumes(t, ""); len(left) > 0 {
			t.Errorf("in the pool are: %q", left)
		}

		d = h.start(t, splicedProgram)
		before := d.descriptors(t)
		c = d.dial(t)
		must(t, c.Call(t.Context(), "job.show", params{"id": j.ID}, &j))
		if j.State != api.JobFailed || rpc.Code(j.Failure.Code) != rpc.DaemonRestart {
			t.Errorf("the job's record says: %+v %+v", j, j.Failure)
		}
		must(t, c.Close())
		d.nothing(t, "", before)
	})
}
