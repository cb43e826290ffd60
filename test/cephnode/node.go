package cephnode

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// startTimeout bounds the start of a node; on a machine with nothing else to do
// it takes two seconds.
const startTimeout = 60 * time.Second

// Options say what a node is like; the zero value is a good one.
type Options struct {
	Store    string            // Memstore or Bluestore; "" is Memstore
	Size     int64             // bytes that the OSD can hold; 0 is 8 GiB
	Pools    []string          // made at once, ready for RBD
	Conf     map[string]string // more options for ceph.conf, of all daemons and clients
	Detached bool              // the daemons live on when this process ends
}

// A Node is a running cluster. Its methods are for one goroutine at a time.
type Node struct {
	dir           string
	mon, mgr, osd *daemon
	monAddr       string // as monmaptool takes it
	spawner       thread
	detached      bool
}

// Start makes a new cluster in dir, which must not exist yet or be empty, and
// returns when it takes reads and writes. When that can't be had, it says what
// the daemons said last and leaves nothing behind.
func Start(ctx context.Context, dir string, o Options) (*Node, error) {
	n, err := prepare(dir, &o)
	if err != nil {
		return nil, fmt.Errorf("cannot prepare a Ceph node in %s: %w", dir, err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	if err := n.boot(ctx, o); err != nil {
		err = fmt.Errorf("cannot start a Ceph node in %s: %w\n%s%s%s", dir, err, n.mon.tail(), n.mgr.tail(), n.osd.tail())
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

// prepare writes what the daemons need to find in the folder.
func prepare(dir string, o *Options) (*Node, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	switch o.Store {
	case "":
		o.Store = Memstore
	case Memstore, Bluestore:
	default: // Ceph itself would take its own default
		return nil, fmt.Errorf("there is no object store %q", o.Store)
	}
	if o.Size == 0 {
		o.Size = 8 << 30
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		return nil, errors.Join(err, errors.New("the folder is not empty"))
	}
	n := &Node{dir: dir, detached: o.Detached}
	n.mon = n.daemon("mon.a", "ceph-mon", "a")
	n.mgr = n.daemon("mgr.x", "ceph-mgr", "x")
	n.osd = n.daemon("osd.0", "ceph-osd", "0")
	if err := n.fill(*o); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	n.spawner = newThread()
	return n, nil
}

// fill writes the files that the daemons start from.
func (n *Node) fill(o Options) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	n.monAddr = fmt.Sprintf("[v2:127.0.0.1:%d]", port)
	for _, sub := range []string{"mon", "mgr", "osd", "modules"} {
		if err := os.Mkdir(n.path(sub), 0o700); err != nil {
			return err
		}
	}
	fsid := uuid.NewString()
	files := map[string]string{"keyring": keyring(), "fsid": fsid, "ceph.conf": conf(n.dir, fsid, port, o)}
	for name, text := range files {
		if err := os.WriteFile(n.path(name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// daemon describes a daemon that runs in the foreground.
func (n *Node) daemon(name, program, id string) *daemon {
	return &daemon{name: name, dir: n.dir, argv: []string{program, "-f", "-i", id, "--conf", n.Conf()}}
}

// boot goes the way of the manual deployment in Ceph's documentation.
func (n *Node) boot(ctx context.Context, o Options) error {
	fsid, err := os.ReadFile(n.path("fsid"))
	if err != nil {
		return err
	}
	if _, err := run(ctx, "monmaptool", "--create", "--fsid", string(fsid), "--addv", "a", n.monAddr, n.path("monmap")); err != nil {
		return err
	}
	if _, err := run(ctx, "ceph-mon", "--mkfs", "-i", "a", "--conf", n.Conf(), "--monmap", n.path("monmap"),
		"--keyring", n.path("keyring")); err != nil {
		return err
	}
	if err := n.launch(n.mon); err != nil {
		return err
	}
	osd := uuid.NewString()
	if _, err := n.ceph(ctx, "osd", "new", osd, "0"); err != nil {
		return err
	}
	if _, err := run(ctx, "ceph-osd", "--mkfs", "-i", "0", "--conf", n.Conf(), "--osd-uuid", osd); err != nil {
		return err
	}
	if err := errors.Join(n.launch(n.mgr), n.launch(n.osd)); err != nil {
		return err
	}
	// The manager's modules are missing on purpose.
	if _, err := n.ceph(ctx, "health", "mute", "MGR_MODULE_ERROR", "--sticky"); err != nil {
		return err
	}
	if err := n.waitReady(ctx); err != nil {
		return err
	}
	for _, pool := range o.Pools {
		if err := n.CreatePool(ctx, pool); err != nil {
			return err
		}
	}
	return nil
}

// waitReady waits until the OSD is up and the manager has reported its room.
func (n *Node) waitReady(ctx context.Context) error {
	return n.poll(ctx, func() (bool, error) {
		text, err := n.ceph(ctx, "status", "--format", "json")
		if err != nil {
			return false, err
		}
		var status struct {
			PGMap struct {
				Bytes int64 `json:"bytes_total"`
			} `json:"pgmap"`
		}
		if err := json.Unmarshal(text, &status); err != nil {
			return false, fmt.Errorf("cannot read the status of Ceph: %w", err)
		}
		return status.PGMap.Bytes > 0, nil
	})
}

// poll asks until the answer is yes, or a daemon that is needed for it ends.
func (n *Node) poll(ctx context.Context, ask func() (bool, error)) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if yes, err := ask(); yes || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-n.osd.exited:
			return errors.New("the OSD ended")
		case <-n.mgr.exited:
			return errors.New("the manager ended")
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// launch starts a daemon from the thread that is kept for that.
func (n *Node) launch(d *daemon) error {
	return n.spawner.run(func() error { return d.start(n.detached) })
}

// Conf is the path of ceph.conf; it leads clients to the keys too.
func (n *Node) Conf() string { return n.path("ceph.conf") }

func (n *Node) path(name string) string { return filepath.Join(n.dir, name) }

// Stop ends the daemons and removes the folder. It may be called once.
func (n *Node) Stop() error {
	for _, d := range []*daemon{n.osd, n.mgr, n.mon} {
		d.stop(syscall.SIGKILL) // nothing of it is kept
	}
	close(n.spawner)
	return os.RemoveAll(n.dir)
}

// StopDir does what Stop does for a node that another process started detached
// in dir. A folder that holds no node is refused.
func StopDir(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	pidFiles, err := filepath.Glob(filepath.Join(dir, "*.pid"))
	if err != nil {
		return err
	}
	conf := filepath.Join(dir, "ceph.conf")
	if _, err := os.Stat(conf); err != nil {
		return fmt.Errorf("there is no Ceph node in %s: %w", dir, err)
	}
	for _, name := range pidFiles {
		if err := stopPid(name, conf); err != nil {
			return err
		}
	}
	return os.RemoveAll(dir)
}

// freePort finds a port for the monitor that nobody listens on. It is below the
// ports that the kernel gives to clients, so that it is still free when the
// monitor is started again.
func freePort() (int, error) {
	const lowest, count = 10000, 20000
	var last error
	for range 100 {
		i, err := rand.Int(rand.Reader, big.NewInt(count))
		if err != nil {
			return 0, err
		}
		port := lowest + int(i.Int64())
		l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err == nil {
			return port, l.Close()
		}
		last = err
	}
	return 0, fmt.Errorf("cannot find a free port: %w", last)
}
