//go:build failpoint

package failpoint

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Hit kills the process, or its parent, when SPLICED_FAILPOINT names the point.
// It doesn't return then.
func Hit(p Point) {
	name, victim, _ := strings.Cut(os.Getenv("SPLICED_FAILPOINT"), ":")
	if name != string(p) {
		return
	}
	pid := os.Getpid()
	if victim == "parent" {
		pid = os.Getppid()
	}
	if err := unix.Kill(pid, unix.SIGKILL); err != nil {
		panic(err)
	}
	if victim != "parent" {
		select {}
	}
}
