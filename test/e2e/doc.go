// Package e2e tests the programs as they are built and run: the daemon with its
// worker processes, killed, starved, cut off and raced, on a folder and on a
// real Ceph cluster of one node. Each test ends with a look for what it must not
// leave behind: volumes, records, intents, descriptors, processes.
//
// It is not for what a function can be asked directly; that is next to it.
package e2e
