package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

// patience bounds every wait for something that has no bound of its own to be
// tested; it is never waited out when all is well.
const patience = 90 * time.Second

// together is how many parallel tests run at once: on Ceph they mostly wait for
// the cluster to give up a killed client, so processors don't matter.
const together = "12"

// bin is the folder of the programs under test.
var bin string

const (
	splicedProgram   = "spliced"
	failpointProgram = "spliced-failpoint"
	splicectlProgram = "splicectl"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", together); err != nil {
		panic(err)
	}
	os.Exit(run(m)) //nolint:forbidigo // deep-exit: it is the main function of tests
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "spliced-e2e-bin-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	bin = dir
	for program, tag := range map[string]string{splicedProgram: "", failpointProgram: "failpoint", splicectlProgram: ""} {
		if err := build(program, tag); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return m.Run()
}

// build builds a program with the tags that this test was built with and one
// more.
func build(program, tag string) error {
	source, _, _ := strings.Cut(program, "-")
	tags := append(tags(), tag)
	args := []string{"build", "-tags", strings.Join(tags, ","), "-o", filepath.Join(bin, program), "../../cmd/" + source}
	out, err := exec.CommandContext(context.Background(), "go", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// tags are those of go-ceph, by the release of librbd.
func tags() []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	for _, s := range info.Settings {
		if s.Key == "-tags" {
			return strings.Split(s.Value, ",")
		}
	}
	return nil
}

// lacking skips a test that needs what isn't there, or fails it where
// SPLICED_REQUIRE demands it.
func lacking(t *testing.T, what, reason string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), what) {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// needProgram skips the test unless the program is there.
func needProgram(t *testing.T, what, name string) {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		lacking(t, what, "needs the program "+name)
	}
}

// eventually waits until ask says "", which it must before the time is over;
// what it said last is the failure.
func eventually(t *testing.T, within time.Duration, ask func() string) {
	t.Helper()
	over := time.NewTimer(within)
	defer over.Stop()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		said := ask()
		if said == "" {
			return
		}
		select {
		case <-tick.C:
		case <-over.C:
			t.Fatalf("after %v: %s", within, said)
		}
	}
}

// must ends the test when something that is only its tool goes wrong.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
