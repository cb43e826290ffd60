// Package cephnode runs a whole Ceph cluster of one monitor, one manager and
// one OSD for tests: from the distribution's packages, on loopback, in one
// folder, without systemd or containers, and up in about two seconds.
//
// It is for tests and for trying things out, and not for data that anybody
// wants to keep: the pools have one copy, and by default that is in memory.
//
// Three things make it quick. The monitor commits at once instead of gathering
// proposals for a second (paxos_propose_interval); the manager finds no Python
// modules, which would take it seven seconds to load and which RBD doesn't need;
// and all keys are in the first monitor's keyring, so none has to be asked for.
//
// A test that needs a cluster takes a pool of its own from the cluster that
// SPLICED_TEST_CEPH names:
//
//	conf, pool := cephnode.Pool(t)
//
// and the whole run is started by
//
//	go run ./test/cephnode/cmd run -- go test ./...
//
// A test that breaks the cluster starts one of its own with ForTest.
//
// The package drives the command line programs ceph and rbd, so that tests
// without cgo can use it.
package cephnode
