package main

import (
	"context"

	"spliced/test/beside"
	"spliced/test/cephnode"
)

// run runs argv with a node beside it and gives argv's exit status.
func run(o cephnode.Options, argv []string) (int, error) {
	start := func(ctx context.Context, dir string) (*cephnode.Node, error) { return cephnode.Start(ctx, dir, o) }
	environ := func(n *cephnode.Node) []string {
		return []string{"CEPH_CONF=" + n.Conf(), "SPLICED_TEST_CEPH=" + n.Conf()}
	}
	return beside.Run("cephnode", start, environ, argv)
}
