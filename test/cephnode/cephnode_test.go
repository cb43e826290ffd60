package cephnode_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spliced/test/cephnode"
)

// TestPoolIsGoneAfterTheTest has a pool in a test of its own and looks for it after.
func TestPoolIsGoneAfterTheTest(t *testing.T) {
	var conf, pool string
	ok := t.Run("pool", func(t *testing.T) {
		conf, pool = cephnode.Pool(t)
		if out, err := exec.CommandContext(t.Context(), "rbd", "--conf", conf, "--id", cephnode.User, "create", "--size", "1M", pool+"/x").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	})
	if !ok || pool == "" {
		t.Skip("no pool, as the test inside says")
	}
	out, err := exec.CommandContext(t.Context(), "ceph", "--conf", conf, "osd", "pool", "ls").Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(out), pool) {
		t.Errorf("pool %s is still there", pool)
	}
}

func TestNodeOutlivesFaults(t *testing.T) {
	n := cephnode.ForTest(t, cephnode.Options{Store: cephnode.Bluestore, Pools: []string{"p"}})
	put := func(within time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		return exec.CommandContext(ctx, "rados", "--conf", n.Conf(), "-p", "p", "put", "x", n.Conf()).Run()
	}
	if err := n.PauseOSD(); err != nil {
		t.Fatal(err)
	}
	if err := put(time.Second); err == nil {
		t.Error("a write to a paused OSD succeeded")
	}
	if err := n.ResumeOSD(); err != nil {
		t.Fatal(err)
	}
	if err := put(30 * time.Second); err != nil {
		t.Errorf("after the OSD was resumed: %v", err)
	}
	n.StopMon()
	if err := put(time.Second); err == nil {
		t.Error("a client connected to a stopped monitor")
	}
	if err := n.StartMon(); err != nil {
		t.Fatal(err)
	}
	n.StopOSD()
	if err := n.StartOSD(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := put(30 * time.Second); err != nil {
		t.Errorf("after everything was started again: %v", err)
	}
}

func TestStartSaysWhatADaemonSaidAndLeavesNothing(t *testing.T) {
	_ = cephnode.Conf(t)
	dir := filepath.Join(t.TempDir(), "node")
	_, err := cephnode.Start(t.Context(), dir, cephnode.Options{Conf: map[string]string{"mon_data": "/dev/null/mon"}})
	if err == nil || !strings.Contains(err.Error(), "cannot run ceph-mon --mkfs") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder stays: %v", err)
	}
}

func TestDownRefusesAFolderThatIsNoNode(t *testing.T) {
	dir := t.TempDir()
	if err := cephnode.StopDir(dir); err == nil {
		t.Error("it was removed")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
}
