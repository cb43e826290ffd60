package cephnode

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// poolPGs is how many placement groups a pool has: few, because an OSD takes
// longer to make and remove more of them.
const poolPGs = 4

// saidLimit is how much of what a program said is worth telling, in bytes: when
// one aborts, thousands of lines of its log follow the reason.
const saidLimit = 2000

// CreatePool makes a pool and readies it for RBD.
func (n *Node) CreatePool(ctx context.Context, name string) error {
	return createPool(ctx, n.Conf(), name)
}

// Command runs the program ceph with args as the administrator and returns what
// it printed.
func (n *Node) Command(ctx context.Context, args ...string) ([]byte, error) {
	return n.ceph(ctx, args...)
}

func (n *Node) ceph(ctx context.Context, args ...string) ([]byte, error) {
	return ceph(ctx, n.Conf(), args...)
}

func createPool(ctx context.Context, conf, name string) error {
	pgs := strconv.Itoa(poolPGs)
	if _, err := ceph(ctx, conf, "osd", "pool", "create", name, pgs, pgs); err != nil {
		return err
	}
	_, err := run(ctx, "rbd", "--conf", conf, "pool", "init", name)
	return err
}

func removePool(ctx context.Context, conf, name string) error {
	_, err := ceph(ctx, conf, "osd", "pool", "delete", name, name, "--yes-i-really-really-mean-it")
	return err
}

func ceph(ctx context.Context, conf string, args ...string) ([]byte, error) {
	return run(ctx, "ceph", append([]string{"--conf", conf, "--connect-timeout", "30"}, args...)...)
}

// run runs a program to its end. When it fails, what it said is in the failure.
func run(ctx context.Context, name string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = environ()
	cmd.WaitDelay = time.Second
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		said := stderr.String()
		said = said[:min(len(said), saidLimit)]
		return out, fmt.Errorf("cannot run %s %s: %w\n%s", name, strings.Join(args, " "), err, said)
	}
	return out, nil
}
