package libvirtnode

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// startTimeout bounds the start of a node, which takes a fifth of a second on a
// machine with nothing else to do.
const startTimeout = 30 * time.Second

// maxSocket is how long the path of a socket can be, in bytes (unix(7)).
const maxSocket = 107

// A Node is a running libvirtd. Its methods are for one goroutine at a time.
type Node struct {
	dir    string
	ports  claim
	pid    int           // of the first process in the node's PID namespace
	exited chan struct{} // closed when that one, and with it all others, is gone
}

// Start starts a libvirtd with its state in dir, which must not exist yet or be
// empty, and returns when it answers. It ends by Stop, or with this process.
// When it can't be had, the failure says what the daemon said last, and nothing
// is left behind.
func Start(ctx context.Context, dir string) (*Node, error) {
	ports, err := claimDisplays()
	if err == nil {
		if dir, err = prepare(dir, ports); err != nil {
			err = errors.Join(err, ports.close())
		}
	}
	if err != nil {
		return nil, fmt.Errorf("cannot prepare a libvirt node in %s: %w", dir, err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	n := &Node{dir: dir, ports: ports, exited: make(chan struct{})}
	if err := n.boot(ctx); err != nil {
		err = fmt.Errorf("cannot start a libvirt node in %s: %w\n%s", dir, err, n.tail())
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

// prepare writes what the daemon needs to find in the folder.
func prepare(dir string, ports claim) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return dir, err
	}
	if n := len(socketIn(dir)); n > maxSocket {
		return dir, fmt.Errorf("the path of its socket would be %d bytes long, %d are possible", n, maxSocket)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return dir, err
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		return dir, errors.Join(err, errors.New("the folder is not empty"))
	}
	if err := fill(dir, ports); err != nil {
		return dir, errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// boot starts the daemon and waits until it takes connections.
func (n *Node) boot(ctx context.Context) error {
	if err := n.launch(); err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", n.Socket())
		if err == nil {
			return conn.Close()
		}
		select {
		case <-tick.C:
		case <-n.exited:
			return errors.New("libvirtd ended")
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		}
	}
}

// launch starts the first process of the node. The kernel ties its death signal
// to the thread that made it, which is therefore kept until the process ends.
func (n *Node) launch() error {
	out, err := os.OpenFile(n.path("out"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		close(n.exited)
		return err
	}
	cmd := exec.Command("sh", "-c", script, "sh", n.dir) //nolint:noctx // it outlives any context, Stop ends it
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		Pdeathsig:  syscall.SIGKILL,
		Setsid:     true,
	}
	started := make(chan error)
	go func() {
		defer close(n.exited)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err == nil {
			n.pid = cmd.Process.Pid
		}
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in what it said
		}
	}()
	return errors.Join(<-started, out.Close())
}

// Socket is the path of the socket on which libvirtd takes connections that may
// do everything.
func (n *Node) Socket() string { return socketIn(n.dir) }

// URI is the node's address as virsh and libvirt's libraries take it.
func (n *Node) URI() string { return URI(n.Socket()) }

// URI is the address of the libvirtd with that socket.
func URI(socket string) string { return "qemu+unix:///system?socket=" + socket }

// Stop ends the daemon and all its domains by force and removes the folder. It
// may be called once.
func (n *Node) Stop() error {
	if n.pid != 0 {
		_ = syscall.Kill(n.pid, syscall.SIGKILL) // it may have ended
	}
	<-n.exited
	return errors.Join(n.ports.close(), os.RemoveAll(n.dir))
}

func (n *Node) path(name string) string { return filepath.Join(n.dir, name) }

func socketIn(dir string) string { return filepath.Join(dir, "sock", "libvirt-sock") }

// tail gives the last of what the daemon said.
func (n *Node) tail() string {
	text, err := os.ReadFile(n.path("out"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err.Error()
	}
	return string(text[max(0, len(text)-1500):])
}
