// Command cmd starts and stops a Ceph cluster of one node for tests.
//
//	cmd run [--pool NAME]… [--store KIND] -- COMMAND ARG…
//	cmd up --dir DIR [--pool NAME]… [--store KIND]
//	cmd down --dir DIR
//
// run starts a node in a temporary folder, runs COMMAND with CEPH_CONF and
// SPLICED_TEST_CEPH set to the node's ceph.conf, stops the node, and ends with
// COMMAND's exit status. SIGINT, SIGTERM and SIGHUP are passed on to COMMAND;
// when run's own parent ends, COMMAND gets SIGTERM. up leaves a node running
// until down.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"spliced/test/cephnode"
)

const usage = `usage:
  run [--pool NAME]… [--store memstore|bluestore] -- COMMAND ARG…
  up --dir DIR [--pool NAME]… [--store memstore|bluestore]
  down --dir DIR`

func main() {
	os.Exit(start(os.Args[1:]))
}

// start does what the arguments ask for and gives the exit status.
func start(args []string) int {
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	verb := args[0]
	var o cephnode.Options
	var dir string
	flags := flag.NewFlagSet(verb, flag.ContinueOnError)
	flags.Usage = func() { fmt.Fprintln(os.Stderr, usage) }
	flags.StringVar(&dir, "dir", "", "")
	flags.StringVar(&o.Store, "store", "", "")
	flags.Func("pool", "", func(name string) error { o.Pools = append(o.Pools, name); return nil })
	if flags.Parse(args[1:]) != nil {
		return 2
	}
	status, err := perform(verb, dir, o, flags.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, strings.TrimSpace(err.Error()))
	}
	return status
}

func perform(verb, dir string, o cephnode.Options, rest []string) (int, error) {
	switch {
	case verb == "run" && dir == "" && len(rest) > 0:
		return run(o, rest)
	case verb == "up" && dir != "" && len(rest) == 0:
		return status(up(dir, o))
	case verb == "down" && dir != "" && len(rest) == 0:
		return status(cephnode.StopDir(dir))
	}
	return 2, errors.New(usage)
}

func up(dir string, o cephnode.Options) error {
	o.Detached = true
	n, err := cephnode.Start(context.Background(), dir, o)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stdout, "export CEPH_CONF=%s SPLICED_TEST_CEPH=%s\n", n.Conf(), n.Conf())
	return err
}

func status(err error) (int, error) {
	if err != nil {
		return 1, err
	}
	return 0, nil
}
