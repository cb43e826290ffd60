package cephnode

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

const (
	// confVariable is the environment variable with the path of ceph.conf.
	confVariable = "SPLICED_TEST_CEPH"
	// requireVariable lists, with commas, what tests must not go without.
	requireVariable = "SPLICED_REQUIRE"
)

// Pool gives the test a new, empty RBD pool on the cluster that
// SPLICED_TEST_CEPH names, and removes the pool with all that is in it when the
// test ends. Without a cluster the test is skipped, or fails where
// SPLICED_REQUIRE lists "ceph".
//
// It is a pool and not a namespace, though a namespace is made in a tenth of
// the half second that a pool takes: a pool has quotas, every program can name
// it (qemu's rbd: syntax has other rules for namespaces), and it is removed in
// one step whatever state the test left its images in, while a namespace has to
// be emptied first.
func Pool(tb testing.TB) (conf, pool string) {
	tb.Helper()
	conf = Conf(tb)
	pool = "t-" + uuid.NewString()[:8]
	if err := createPool(tb.Context(), conf, pool); err != nil {
		tb.Fatalf("a pool for the test: %v", err)
	}
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(tb.Context()), time.Minute)
		defer cancel()
		if err := removePool(ctx, conf, pool); err != nil {
			tb.Errorf("the test's pool stays: %v", err)
		}
	})
	return conf, pool
}

// Conf is the path of the ceph.conf of the cluster for tests. Without a cluster
// the test is skipped, or fails where SPLICED_REQUIRE lists "ceph".
func Conf(tb testing.TB) string {
	tb.Helper()
	conf := os.Getenv(confVariable)
	if conf != "" {
		return conf
	}
	reason := fmt.Sprintf("needs a Ceph cluster: %s is not set; run it by go run ./test/cephnode/cmd run -- go test …", confVariable)
	if slices.Contains(strings.Split(os.Getenv(requireVariable), ","), "ceph") {
		tb.Fatal(reason)
	}
	tb.Skip(reason)
	return ""
}

// ForTest starts a cluster that the test has for itself, to break it, and stops
// it when the test ends. Where Pool would skip or fail, it does so too.
func ForTest(tb testing.TB, o Options) *Node {
	tb.Helper()
	_ = Conf(tb)
	dir, err := os.MkdirTemp("", "cephnode") //nolint:usetesting // Stop removes it; t.TempDir would fail over files that a daemon still makes
	if err != nil {
		tb.Fatal(err)
	}
	n, err := Start(tb.Context(), dir, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := n.Stop(); err != nil {
			tb.Errorf("the test's Ceph node: %v", err)
		}
	})
	return n
}
