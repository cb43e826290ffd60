// Command cmd runs a command with a libvirtd for tests beside it.
//
//	cmd run -- COMMAND ARG…
//
// It starts a node in a temporary folder, runs COMMAND with LIBVIRT_SOCKET set
// to the node's socket and LIBVIRT_DEFAULT_URI to its address, which virsh
// takes, stops the node with all its domains, and ends with COMMAND's exit
// status. SIGINT, SIGTERM and SIGHUP are passed on to COMMAND; when the parent
// ends, COMMAND gets SIGTERM.
package main

import (
	"fmt"
	"os"
	"strings"

	"spliced/test/beside"
	"spliced/test/libvirtnode"
)

const usage = "usage: run -- COMMAND ARG…"

func main() {
	os.Exit(start(os.Args[1:]))
}

// start does what the arguments ask for and gives the exit status.
func start(args []string) int {
	if len(args) < 3 || args[0] != "run" || args[1] != "--" {
		fmt.Fprintln(os.Stderr, usage)
		return 2
	}
	status, err := beside.Run("libvirtnode", libvirtnode.Start, environ, args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, strings.TrimSpace(err.Error()))
	}
	return status
}

func environ(n *libvirtnode.Node) []string {
	return []string{libvirtnode.SocketVariable + "=" + n.Socket(), "LIBVIRT_DEFAULT_URI=" + n.URI()}
}
