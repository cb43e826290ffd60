package ceph_test

import (
	"fmt"
	"os/exec"
	"sync/atomic"
	"testing"

	"spliced/block"
	"spliced/block/blocktest"
	"spliced/ceph"
	"spliced/test/cephnode"
)

// config is a pool of the test's own.
func config(tb testing.TB) ceph.Config {
	tb.Helper()
	conf, pool := cephnode.Pool(tb)
	return ceph.Config{Conf: conf, User: cephnode.User, Pool: pool}
}

// open opens a pool that the test closes.
func open(tb testing.TB, c ceph.Config) *ceph.Pool {
	tb.Helper()
	p, err := ceph.Open(tb.Context(), c)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// cli runs one of Ceph's programs as the administrator, as somebody would who
// shares the cluster.
func cli(tb testing.TB, c ceph.Config, program string, args ...string) []byte {
	tb.Helper()
	out, err := exec.CommandContext(tb.Context(), program, append([]string{"--conf", c.Conf}, args...)...).CombinedOutput()
	if err != nil {
		tb.Fatalf("%s %q: %v\n%s", program, args, err, out)
	}
	return out
}

// TestContract has a namespace for each case, because a pool takes longer.
func TestContract(t *testing.T) {
	t.Parallel()
	c := config(t)
	var count atomic.Int64
	blocktest.Run(t,
		func(t *testing.T) block.Pool {
			t.Helper()
			c.Namespace = fmt.Sprint("case", count.Add(1))
			cli(t, c, "rbd", "namespace", "create", "--pool", c.Pool, "--namespace", c.Namespace)
			return open(t, c)
		},
		blocktest.BusyWhileOpen(),
		blocktest.Again(func(t *testing.T, _ block.Pool) block.Pool {
			t.Helper()
			return open(t, c)
		}),
	)
}
