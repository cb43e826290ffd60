package libvirt

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"

	remote "github.com/digitalocean/go-libvirt"
	"github.com/digitalocean/go-libvirt/socket/dialers"
)

// uri is the driver that is asked for: the host's virtual machines, run by QEMU.
const uri = remote.QEMUSystem

// Sockets are where libvirt listens by itself: libvirtd, or the daemon for QEMU
// alone where libvirt is cut into many (https://libvirt.org/daemons.html).
func Sockets() []string {
	return []string{"/run/libvirt/libvirt-sock", "/run/libvirt/virtqemud-sock"}
}

// A Host is a connection to libvirt. Its methods may be called from any
// goroutine. Each is bounded by its context: since the protocol has no way to
// give up a call, the end of the context ends the connection, and from then on
// all methods fail with an *UnreachableError.
type Host struct {
	socket string
	conn   net.Conn
	remote *remote.Libvirt
}

// Connect connects to libvirt at the path of its socket, or, for "", at the
// first of Sockets that there is. An *UnreachableError, or fs.ErrPermission.
func Connect(ctx context.Context, socket string) (*Host, error) {
	conn, socket, err := dial(ctx, socket)
	if err != nil {
		return nil, err
	}
	h := &Host{socket: socket, conn: conn, remote: remote.NewWithDialer(dialers.NewAlreadyConnected(conn))}
	if err := h.do(ctx, func() error { return h.remote.ConnectToURI(uri) }); err != nil {
		return nil, errors.Join(fmt.Errorf("cannot open %s: %w", uri, err), h.Close())
	}
	return h, nil
}

// dial gives a connection to a socket, and its path.
func dial(ctx context.Context, socket string) (net.Conn, string, error) {
	paths := []string{socket}
	if socket == "" {
		paths = Sockets()
	}
	var first error
	for _, path := range paths {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
		if err == nil {
			return conn, path, nil
		}
		if first == nil || errors.Is(first, fs.ErrNotExist) {
			first = unreachable(path, err)
		}
	}
	return nil, "", first
}

// Close ends the connection. It may be called more than once.
func (h *Host) Close() error {
	err := h.conn.Close()
	<-h.remote.Disconnected()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("cannot close the connection to libvirt: %w", err)
	}
	return nil
}

// do makes a call, and ends the connection when ctx ends first.
func (h *Host) do(ctx context.Context, call func() error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	stop := context.AfterFunc(ctx, func() { _ = h.conn.Close() }) // the call then fails
	err := call()
	if !stop() && err != nil {
		return fmt.Errorf("libvirt at %s did not answer in time: %w", h.socket, context.Cause(ctx))
	}
	return h.cause(err)
}
