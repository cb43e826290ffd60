package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// configPool is the pool's name in the daemon's configuration.
const configPool = "bench"

// How long the daemon may take to listen, and to end after SIGTERM.
const (
	startLimit = 20 * time.Second
	stopLimit  = 10 * time.Second
)

// rbdPool is the configuration of a pool of the cluster.
func rbdPool(conf, user, pool string) map[string]string {
	return map[string]string{"driver": "rbd", "conf": conf, "user": user, "pool": pool}
}

// A daemon is a running spliced.
type daemon struct {
	pid    int
	socket string
}

// A setup is what a daemon is started with.
type setup struct {
	program string
	scratch string            // folder for its state, its socket and its log
	pool    map[string]string // the pool's keys in the configuration
	libvirt map[string]string // of the libvirt; nil for none
}

// withDaemon starts a daemon with its state in the scratch folder, calls do, and
// stops it again. What the daemon logged is part of the failure, if there is one.
func (s setup) withDaemon(ctx context.Context, do func(daemon) error) error {
	config, err := s.writeConfig()
	if err != nil {
		return err
	}
	d := daemon{socket: filepath.Join(s.scratch, "spliced.sock")}
	log, err := os.Create(filepath.Join(s.scratch, "spliced.log"))
	if err != nil {
		return err
	}
	defer log.Close() //nolint:errcheck // read by name
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	cmd := exec.CommandContext(ctx, s.program, "--config", config, "--listen", d.socket)
	cmd.Stderr = log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopLimit
	if err := cmd.Start(); err != nil {
		return err
	}
	d.pid = cmd.Process.Pid
	err = d.listening(ctx)
	if err == nil {
		err = do(d)
	}
	cancel(nil)
	_ = cmd.Wait() // ended by our own signal
	if err != nil {
		said, _ := os.ReadFile(log.Name())
		err = fmt.Errorf("%w; the daemon's log: %s", err, tail(said))
	}
	return err
}

// tail is the end of a log.
func tail(log []byte) []byte {
	const most = 2000
	return log[max(0, len(log)-most):]
}

// writeConfig writes the daemon's configuration: JSON, which is YAML too.
func (s setup) writeConfig() (string, error) {
	config, err := json.MarshalIndent(struct {
		StateDir string                       `json:"state_dir"`
		Pools    map[string]map[string]string `json:"pools"`
		Libvirt  map[string]string            `json:"libvirt,omitempty"`
	}{filepath.Join(s.scratch, "state"), map[string]map[string]string{configPool: s.pool}, s.libvirt}, "", "  ")
	if err != nil {
		return "", err
	}
	path := filepath.Join(s.scratch, "config.yaml")
	return path, os.WriteFile(path, config, 0o600)
}

// listening waits until the socket takes a connection.
func (d daemon) listening(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, errors.New("the daemon doesn't listen"))
	defer cancel()
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		var dialer net.Dialer
		conn, err := dialer.DialContext(ctx, "unix", d.socket)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("connect to the daemon: %w", context.Cause(ctx))
		case <-tick.C:
		}
	}
}
