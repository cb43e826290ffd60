package daemon

import (
	"os"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// childVar makes the test binary play the part of a daemon: tests start it anew.
const childVar = "SPLICED_DAEMON_TEST_CHILD"

func TestMain(m *testing.M) {
	play, ok := map[string]func() int{"sockets": socketsChild, "run": runChild}[os.Getenv(childVar)]
	if !ok {
		goleak.VerifyTestMain(m)
		return
	}
	os.Exit(play()) //nolint:forbidigo // the child's main
}

// childEnv is the environment of a child in that part. Without the last two a
// binary built with the race detector waits a second at its end, and one that
// counts coverage complains on standard error.
func childEnv(t *testing.T, part string, env ...string) []string {
	t.Helper()
	return append(env, childVar+"="+part, "GORACE=atexit_sleep_ms=0", "GOCOVERDIR="+t.TempDir())
}

// self is the test binary, wherever the child will start.
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// needSystemd skips a test on a machine without the program, unless the run
// demands it.
func needSystemd(t *testing.T, program string) string {
	t.Helper()
	path := "/usr/bin/" + program
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), "systemd") {
		t.Fatalf("%s is missing, SPLICED_REQUIRE demands it", path)
	}
	t.Skipf("%s is missing (package systemd)", path)
	return ""
}

// openFDs returns the open descriptors of this process.
func openFDs(t *testing.T) int {
	t.Helper()
	n, err := countFDs()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func countFDs() (int, error) {
	all, err := os.ReadDir("/proc/self/fd")
	return len(all), err
}
