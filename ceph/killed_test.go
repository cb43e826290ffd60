package ceph_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"spliced/block"
	"spliced/ceph"
	"spliced/test/cephnode"
)

// holdVariable makes the test's binary open a volume and hold it.
const holdVariable = "SPLICED_TEST_HOLD"

func TestMain(m *testing.M) {
	if conf := os.Getenv(holdVariable); conf != "" {
		hold(conf)
		return
	}
	m.Run()
}

// hold opens a volume of the pool p, writes, says so, and waits to be killed.
func hold(conf string) {
	p, err := ceph.Open(context.Background(), ceph.Config{Conf: conf, User: cephnode.User, Pool: "p"})
	if err != nil {
		panic(err)
	}
	v, err := p.Open(context.Background(), "disk")
	if err != nil {
		panic(err)
	}
	if _, err := v.WriteAt([]byte("held"), 0); err != nil {
		panic(err)
	}
	_, _ = os.Stdout.WriteString("holding\n")
	select {}
}

// holder starts a process that has the volume disk open.
func holder(t *testing.T, conf string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), holdVariable+"="+conf)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("%q %v", line, err)
	}
	return cmd
}

// TestKilledClient has a volume that a killed client has open: it is busy until
// the cluster gives that client up, and can then be removed. A node of its own
// does so after 8 s and not after 30.
func TestKilledClient(t *testing.T) {
	t.Parallel() // mostly waits
	n := cephnode.ForTest(t, cephnode.Options{Pools: []string{"p"}, Conf: map[string]string{"osd_client_watch_timeout": "8"}})
	p := open(t, ceph.Config{Conf: n.Conf(), User: cephnode.User, Pool: "p"})
	defer closed(t, p)
	create(t, p, "disk", 1<<20)
	cmd := holder(t, n.Conf())
	if err := p.Remove(t.Context(), "disk"); !errors.Is(err, syscall.EBUSY) {
		t.Errorf("Remove while another has it open = %v", err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	err := p.Remove(t.Context(), "disk")
	if !errors.Is(err, syscall.EBUSY) {
		t.Errorf("Remove right after the other was killed = %v", err)
	}
	within(t, 30*time.Second, "Remove succeeds", func() bool {
		err = p.Remove(t.Context(), "disk")
		if err != nil && !errors.Is(err, syscall.EBUSY) {
			t.Fatal(err)
		}
		return err == nil
	})
}

// TestBlocklistedClient cuts our own client off, as an admin or another client
// that breaks its lock does.
func TestBlocklistedClient(t *testing.T) {
	t.Parallel() // mostly waits
	n := cephnode.ForTest(t, cephnode.Options{Pools: []string{"p"}})
	c := ceph.Config{Conf: n.Conf(), User: cephnode.User, Pool: "p"}
	p := open(t, c)
	defer closed(t, p)
	v, err := p.Create(t.Context(), "disk", 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.WriteAt([]byte("x"), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Command(t.Context(), "osd", "blocklist", "add", ceph.Address(t, p)); err != nil {
		t.Fatal(err)
	}
	within(t, 20*time.Second, "writes fail", func() bool {
		_, err = v.WriteAt([]byte("y"), 0)
		return err != nil
	})
	if !errors.Is(err, block.ErrUnavailable) {
		t.Errorf("WriteAt = %v", err)
	}
	_ = v.Close() // whatever it says, the pool can be closed
	fresh := open(t, c)
	defer closed(t, fresh)
	within(t, 60*time.Second, "another client removes it", func() bool {
		return fresh.Remove(t.Context(), "disk") == nil
	})
}
