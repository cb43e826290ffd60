package script

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

const (
	// openLimit is how long a volume may take to be opened: a cluster that is
	// well takes a second.
	openLimit = 60 * time.Second

	// flushLimit is how long a server may take to flush, and to end.
	flushLimit = 60 * time.Second

	// unwantedLimit is how long it may take to end when what it has is thrown away
	// with the volume.
	unwantedLimit = 3 * time.Second

	// mostSaid bounds what is kept of a server's messages.
	mostSaid = 4 << 10
)

// A server is a qemu-nbd.
type server struct {
	*process
	id     string
	socket string
	said   said
}

// serve starts a server at a socket that it finds open already: qemu-nbd(8),
// systemd socket activation. So nobody can come too early, and the socket's mode
// is ours to choose.
func serve(v Volume, socket string) (*server, error) {
	image, err := v.Source.imageOpts()
	if err != nil {
		return nil, err
	}
	program, err := exec.LookPath("qemu-nbd")
	if err != nil {
		return nil, fmt.Errorf("qemu-nbd is not installed: %w", err)
	}
	listening, err := listen(socket)
	if err != nil {
		return nil, err
	}
	s := &server{id: v.ID, socket: socket}
	// LISTEN_PID is the server's own id (sd_listen_fds(3)), which only a shell in
	// its place can know.
	cmd := &exec.Cmd{
		Path: "/bin/sh",
		Args: []string{
			"sh", "-c", `export LISTEN_PID=$$; exec "$@"`, "sh", program,
			"--image-opts", image, "--persistent", "--shared=16", "--discard=unmap",
		},
		Env:        []string{"PATH=/usr/bin:/bin", "LISTEN_FDS=1"},
		Dir:        "/",
		ExtraFiles: []*os.File{listening}, // 3, where sd_listen_fds(3) begins
		Stdout:     &s.said, Stderr: &s.said,
	}
	s.process, err = attach(cmd)
	_ = listening.Close() // the server has it, or nobody does
	return s, err
}

// listen makes a socket for the script's user alone.
func listen(path string) (*os.File, error) {
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		return nil, fmt.Errorf("cannot make its socket: %w", err)
	}
	l.SetUnlinkOnClose(false)
	err = os.Chmod(path, 0o600)
	if os.Geteuid() == 0 {
		err = errors.Join(err, os.Chown(path, nobody, nobody))
	}
	f, fileErr := l.File()
	if err := errors.Join(err, fileErr, l.Close()); err != nil {
		return nil, fmt.Errorf("cannot make its socket: %w", err)
	}
	return f, nil
}

// ready waits until the server greets, which it does once the volume is open.
// When it ends instead, the kernel ends the connection.
func (s *server) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, openLimit, fmt.Errorf("it was not open within %v", openLimit))
	defer cancel()
	err := s.greeted(ctx)
	if err == nil {
		return nil
	}
	select {
	case <-s.done:
		return s.why()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *server) greeted(ctx context.Context) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", s.socket)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	_, err = io.ReadFull(conn, make([]byte, len("NBDMAGIC")))
	return errors.Join(err, conn.Close())
}

// flush has all that was written put into the volume. The server does so at its
// end as well, but says nothing when it can't.
func (s *server) flush(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, flushLimit, fmt.Errorf("it was not flushed within %v", flushLimit))
	defer cancel()
	at := Source{[]option{{"driver", "nbd"}, {"server.type", "unix"}, {"server.path", s.socket}}}
	image, err := at.imageOpts()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "qemu-io", "--image-opts", image, "-c", "flush") //nolint:gosec // G204: the socket is ours
	out, err := cmd.CombinedOutput()
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case err != nil:
		err = fmt.Errorf("%s (%w)", printable(strings.TrimSpace(string(out))), err)
	default:
		return nil
	}
	return fmt.Errorf("cannot flush the disk %q: %w", s.id, err)
}

// stop ends the server, and waits for it. A server whose data nobody wants any
// more, be it for a failure that has been told of, may end as it likes.
func (s *server) stop(unwanted bool) error {
	limit := flushLimit
	if unwanted {
		limit = unwantedLimit
	}
	err := s.signal(syscall.SIGTERM)
	kill := time.AfterFunc(limit, func() { _ = s.signal(syscall.SIGKILL) })
	<-s.done
	kill.Stop()
	if unwanted || err == nil && s.err == nil {
		return nil
	}
	return fmt.Errorf("the server of the disk %q did not end well: %w", s.id, errors.Join(err, s.why()))
}

// why tells how a server ended that has ended.
func (s *server) why() error {
	if text := strings.TrimSpace(s.said.String()); text != "" {
		return errors.New(printable(strings.ReplaceAll(text, "\n", " / ")))
	}
	if s.err != nil {
		return fmt.Errorf("qemu-nbd: %w", s.err)
	}
	return errors.New("qemu-nbd ended by itself")
}

// said keeps the beginning of what a program says.
type said struct{ bytes.Buffer }

func (s *said) Write(p []byte) (int, error) {
	kept := p[:min(len(p), mostSaid-s.Len())]
	if _, err := s.Buffer.Write(kept); err != nil {
		return 0, err
	}
	return len(p), nil
}
