package bench

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

// TestMain lets the test's own binary play every program of the contest: it acts
// as the one by whose name it is called.
func TestMain(m *testing.M) {
	if log := os.Getenv("BENCH_FAKE_LOG"); log != "" {
		status := 0
		if err := fake(filepath.Base(os.Args[0]), log); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
		os.Exit(status) //nolint:forbidigo // here the process is one of the fakes
	}
	goleak.VerifyTestMain(m)
}

// fake notes how it was called, and does the little that the driver relies on.
func fake(name, log string) error {
	input := ""
	switch {
	case name == "splicectl" && strings.Contains(strings.Join(os.Args, " "), " upload "):
		data, err := io.ReadAll(os.Stdin)
		if err != nil {
			return err
		}
		input = " < " + string(data)
	case name == "spliced":
		return fakeDaemon(os.Args[2], os.Args[4], log)
	case name == os.Getenv("BENCH_FAKE_FAILS"):
		return fmt.Errorf("%s has no wish to", name)
	}
	return note(log, fmt.Sprintf("%s %s%s", name, strings.Join(os.Args[1:], " "), input))
}

func note(log, line string) error {
	f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, line)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// fakeDaemon listens until SIGTERM.
func fakeDaemon(config, socket, log string) error {
	data, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "unix", socket)
	if err != nil {
		return err
	}
	go func() {
		<-term
		_ = l.Close()
	}()
	for {
		c, err := l.Accept()
		if err != nil {
			return note(log, "spliced ended with "+strings.Join(strings.Fields(string(data)), ""))
		}
		_ = c.Close()
	}
}

// stage sets up the fakes and a set of data; it returns the contest and the
// file that the fakes note their calls in.
func stage(t *testing.T) (Contest, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"spliced", "splicectl", "rbd", "qemu-img"} {
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{rawName, "plain.vmdk", "plain.ova"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log := filepath.Join(dir, "log")
	t.Setenv("PATH", dir)
	t.Setenv("BENCH_FAKE_LOG", log)
	t.Setenv("GORACE", "atexit_sleep_ms=0") // or each fake lingers for a second
	return Contest{
		Data: dir, Image: Plain, Spliced: filepath.Join(dir, "spliced"), Splicectl: filepath.Join(dir, "splicectl"),
		Conf: "/c", User: "admin", Pool: "vms", Volume: "ova_bench_sda", Rounds: 1,
	}, log
}

func TestContestTakesTurnsAndCompares(t *testing.T) {
	c, log := stage(t)
	var out strings.Builder
	if err := c.Run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	calls, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	scratch := regexp.MustCompile(`[^\s"]*/spliced-bench-[0-9]+`)
	got := scratch.ReplaceAllString(strings.ReplaceAll(string(calls), c.Data, "DATA"), "TMP")
	const (
		create  = "rbd --conf /c --id admin create vms/bench-qemu-img --size 8B\n"
		convert = "qemu-img convert -n -W -m 16 -f vmdk -O raw DATA/plain.vmdk rbd:vms/bench-qemu-img:conf=/c:id=admin\n"
		rm      = "rbd --conf /c --id admin rm vms/bench-qemu-img --no-progress\n"
		upload  = "splicectl --socket TMP/spliced.sock ova upload bench --pool bench < plain.ova\n"
		remove  = "splicectl --socket TMP/spliced.sock ova remove bench --cascade -y\n"
		compare = "qemu-img compare -f raw -F raw rbd:vms/ova_bench_sda:conf=/c:id=admin rbd:vms/bench-qemu-img:conf=/c:id=admin\n"
		ended   = `spliced ended with {"state_dir":"TMP/state","pools":{"bench":{"conf":"/c","driver":"rbd","pool":"vms","user":"admin"}}}` + "\n"
	)
	want := upload + remove + create + convert + rm + // to warm up
		create + convert + upload + compare + remove + rm + ended
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	for _, part := range []string{"medians of 1 rounds", "\nspliced ", "\nqemu-img ", "\ntimes less ", "identical"} {
		if !strings.Contains(out.String(), part) {
			t.Errorf("%q is missing in:\n%s", part, out.String())
		}
	}
}

func TestContestFailsWithThePrograms(t *testing.T) {
	for _, name := range []string{"rbd", "qemu-img"} {
		c, _ := stage(t)
		t.Setenv("BENCH_FAKE_FAILS", name)
		var out strings.Builder
		err := c.Run(t.Context(), &out)
		if err == nil || !strings.Contains(err.Error(), name+" has no wish to") {
			t.Errorf("%s fails, the contest says: %v", name, err)
		}
		if strings.Contains(out.String(), "identical") {
			t.Errorf("%s fails, and the volumes are called identical", name)
		}
	}
}

func TestContestLeavesNothing(t *testing.T) {
	c, _ := stage(t)
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	if err := c.Run(t.Context(), io.Discard); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(tmp)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}
