package script_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"spliced/script"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// need skips the test without a program, or fails it where SPLICED_REQUIRE names
// what it belongs to.
func need(t *testing.T, program, what string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		lacking(t, what, err)
	}
	if err := script.Available(t.Context()); err != nil {
		lacking(t, "bwrap", err)
	}
}

func lacking(t *testing.T, what string, why error) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), what) {
		t.Fatalf("SPLICED_REQUIRE wants %s: %v", what, why)
	}
	t.Skip(why)
}

// said collects what a script prints.
type said struct {
	mu    sync.Mutex
	lines []string
}

func (s *said) log(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines = append(s.lines, line)
}

func (s *said) all() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n")
}

// run runs a script of sh and returns what it printed.
func run(t *testing.T, task script.Task, lines ...string) (string, error) {
	t.Helper()
	need(t, "bwrap", "bwrap")
	task.Content = "#!/bin/sh\n" + strings.Join(lines, "\n") + "\n"
	var s said
	err := script.Run(t.Context(), task, s.log)
	return s.all(), err
}

func TestScriptGetsItsPlanAndArguments(t *testing.T) {
	t.Parallel()
	got, err := run(t, script.Task{Plan: []byte(`{"name": "web"}`), Arguments: map[string]string{"disk-size": "a b\n$(id)", "x": ""}},
		"cat; echo", `printf '%s\n' "$SPLICED_ARG_DISK_SIZE"`, "echo out >/dev/stdout; echo err >/dev/stderr", "env | cut -d= -f1 | grep -v '^$(id)' | sort", "pwd; ls /proc/self/fd")
	want := `{"name": "web"}
a b
$(id)
out
err
HOME
LANG
LOGNAME
PATH
PWD
SPLICED_ARG_DISK_SIZE
SPLICED_ARG_X
TMPDIR
USER
/tmp
0
1
2
3`
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
}

func TestScriptIsNobodyAndSeesLittle(t *testing.T) {
	t.Parallel()
	got, err := run(t, script.Task{},
		"id -u; id -g; grep -E '^(CapEff|CapBnd|NoNewPrivs)' /proc/self/status | tr -d '\\t'",
		"ls -x / | xargs; ls /etc | xargs -n1 | grep -E 'shadow|ceph|spliced|ssh|machine-id'",
		"ls /root /home /var /sys /boot 2>/dev/null",
		"echo a 2>/dev/null >/usr/bin/a || echo usr; echo a 2>/dev/null >/a || echo root; echo a 2>/dev/null >/dev/a || echo dev",
		"echo a 2>/dev/null >/etc/a || echo etc; echo a 2>/dev/null >/run/spliced/script || echo script",
		"echo a >/tmp/a && cat /tmp/a", "unshare -r true 2>/dev/null || echo no namespaces",
		"for p in /proc/[0-9]*; do echo ${p#/proc/}; done | wc -l | { read n; [ $n -le 6 ] && echo few processes; }")
	want := "65534\n65534\nCapBnd:0000000000000000\nCapEff:0000000000000000\nNoNewPrivs:1"
	var kept []string
	lines := strings.Split(got, "\n")
	if len(lines) < 6 {
		t.Fatalf("%q, %v", got, err)
	}
	slices.Sort(lines[2:4])
	kept = append(kept, lines[:5]...)
	if d := cmp.Diff(want, strings.Join(kept, "\n")); d != "" || err != nil {
		t.Error(d, err)
	}
	for name := range strings.FieldsSeq(lines[5]) {
		if !slices.Contains([]string{"bin", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "run", "sbin", "tmp", "usr"}, name) {
			t.Errorf("it sees /%s", name)
		}
	}
	want = "usr\nroot\ndev\netc\nscript\na\nno namespaces\nfew processes"
	if d := cmp.Diff(want, strings.Join(lines[6:], "\n")); d != "" {
		t.Error(d)
	}
}

// TestScriptReachesNoProcessOutside has one try to kill everything, and us.
func TestScriptReachesNoProcessOutside(t *testing.T) {
	t.Parallel()
	got, err := run(t, script.Task{}, "kill -9 "+strconv.Itoa(os.Getpid())+" 2>/dev/null || echo nobody there",
		"trap '' TERM; kill -TERM -1 2>/dev/null; kill -9 1; echo alive")
	if got != "nobody there\nalive" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

func TestScriptHasNetworkWhenAsked(t *testing.T) {
	t.Parallel()
	need(t, "python3", "python")
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // a listener of the test's own
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	connect := `python3 -c 'import socket; socket.create_connection(("127.0.0.1", ` + port + `), 5)' 2>/dev/null && echo connected`
	for network, want := range map[bool]string{true: "connected", false: "alone"} {
		if got, err := run(t, script.Task{Network: network}, connect+" || echo alone"); got != want || err != nil {
			t.Errorf("with network %v: %q, %v", network, got, err)
		}
	}
}

func TestScriptFails(t *testing.T) {
	t.Parallel()
	got, err := run(t, script.Task{}, "seq 8; echo no such disk >&2; exit 3")
	exit := &script.ExitError{}
	if !errors.As(err, &exit) || exit.Status != 3 || !slices.Equal(exit.Last, []string{"5", "6", "7", "8", "no such disk"}) {
		t.Errorf("%v", err)
	}
	if !strings.HasPrefix(got, "1\n2\n") {
		t.Errorf("%q", got)
	}
	if want := "the script failed with status 3; its output ends with: 5 / 6 / 7 / 8 / no such disk"; err.Error() != want {
		t.Errorf("%q", err)
	}
	if _, err := run(t, script.Task{}, "kill -SEGV $$"); !errors.As(err, &exit) || exit.Status != 128+11 || !strings.Contains(err.Error(), "printed nothing") {
		t.Errorf("killed by a signal: %v", err)
	}
}

func TestInterpreterThatIsNotThere(t *testing.T) {
	t.Parallel()
	need(t, "bwrap", "bwrap")
	err := script.Run(t.Context(), script.Task{Content: "#!/usr/bin/no-such-shell\n"}, func(string) {})
	exit := &script.ExitError{}
	if !errors.As(err, &exit) || exit.Status != 127 {
		t.Errorf("%v", err)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limits script.Limits
		lines  string
	}{
		"processes":   {script.Limits{Processes: 20}, "i=0; while [ $i -lt 50 ]; do sleep 100 & i=$((i+1)); done"},
		"memory":      {script.Limits{Memory: 64 << 20}, "head -c 200000000 /dev/zero | tail >/dev/null"},
		"descriptors": {script.Limits{Files: 20}, "python3 -c 'x = [open(\"/dev/null\") for i in range(30)]'"},
		"scratch":     {script.Limits{Scratch: 1 << 20}, "head -c 2000000 /dev/zero >/tmp/a"},
		"shm":         {script.Limits{Scratch: 1 << 20}, "head -c 2000000 /dev/zero >/dev/shm/a"},
		"raised":      {script.Limits{Files: 20}, "ulimit -Hn 1000"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exit := &script.ExitError{}
			if _, err := run(t, script.Task{Limits: c.limits}, "set -e", c.lines); !errors.As(err, &exit) {
				t.Errorf("%v", err)
			}
			if _, err := run(t, script.Task{}, "set -e", c.lines); name != "raised" && err != nil {
				t.Errorf("within the limits: %v", err)
			}
		})
	}
}

// TestForkBombEndsWithItsTime has a script fill its cage with processes, which
// begin new ones as soon as there is room.
func TestForkBombEndsWithItsTime(t *testing.T) {
	t.Parallel()
	need(t, "python3", "python")
	task := script.Task{
		Content: "#!/usr/bin/python3\nimport os\nwhile True:\n  try: os.fork()\n  except OSError: print('full', flush=True)\n",
		Limits:  script.Limits{Time: time.Second, Processes: 20},
	}
	var s said
	if err := script.Run(t.Context(), task, s.log); !errors.Is(err, script.ErrTimeLimit) || !strings.Contains(s.all(), "full") {
		t.Errorf("%v", err)
	}
}

func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	got, err := run(t, script.Task{Limits: script.Limits{Output: 1000}}, "head -c 100000000 /dev/zero | tr '\\0' x; echo; printf 'a\\033[31mb\\tc\\r\\n'; exit 1")
	exit := &script.ExitError{}
	if !errors.As(err, &exit) || exit.Last[len(exit.Last)-1] != "a[31mb c" {
		t.Errorf("%v", err)
	}
	if want := "… the script prints more than is kept; the rest is dropped"; got != want {
		t.Errorf("%d bytes: %.100q", len(got), got)
	}
	if got, err := run(t, script.Task{Limits: script.Limits{Output: 10}}, "seq 100"); got != "1\n2\n3\n4\n5\n… the script prints more than is kept; the rest is dropped" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}

// TestNothingOutlivesAScript looks for processes of scripts that end, that are
// cut short and that are called off.
func TestNothingOutlivesAScript(t *testing.T) {
	t.Parallel()
	background := "setsid sleep %d & setsid sh -c 'trap \"\" TERM HUP; sleep %d; :' &"
	for i, c := range []struct {
		then string
		want error
	}{{"exit 0", nil}, {"sleep 1000", script.ErrTimeLimit}, {"echo go; sleep 1000", context.Canceled}} {
		need(t, "bwrap", "bwrap")
		mark := "9876." + strconv.Itoa(os.Getpid()) + "0" + strconv.Itoa(i) // TestUnprivileged runs this at the same time
		ctx, cancel := context.WithCancel(t.Context())
		task := script.Task{Content: "#!/bin/sh\n" + strings.ReplaceAll(background, "%d", mark) + "\n" + c.then + "\n"}
		if errors.Is(c.want, script.ErrTimeLimit) {
			task.Limits.Time = time.Second
		}
		err := script.Run(ctx, task, func(string) { cancel() })
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.then, err)
		}
		if left := processes(t, mark); len(left) != 0 {
			t.Errorf("%s: left are %q", c.then, left)
		}
		cancel()
	}
}

// processes finds processes by a word of their command line.
func processes(t *testing.T, word string) []string {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, path := range paths {
		line, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(line), word) {
			found = append(found, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

// TestUnprivileged runs tests again as a user without any privilege, which the
// daemon is as a rule.
func TestUnprivileged(t *testing.T) {
	t.Parallel()
	need(t, "qemu-nbd", "qemu")
	if os.Geteuid() != 0 {
		t.Skip("the other tests are unprivileged already")
	}
	dir := sockets(t)
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	const run = "^(TestScriptIsNobodyAndSeesLittle|TestScriptGetsItsPlanAndArguments|TestScriptWritesToItsDisks|TestNothingOutlivesAScript|TestLimits)$"
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run="+run, "-test.v")
	cmd.Dir = "/"
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 12345, Gid: 12345}}
	out, err := cmd.CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("SKIP")) || bytes.Count(out, []byte("\n--- PASS")) != 5 {
		t.Errorf("%v: %s", err, out)
	}
}

func TestTasksThatAreRefused(t *testing.T) {
	t.Parallel()
	for says, task := range map[string]script.Task{
		"no interpreter is named":  {Content: "echo a\n"},
		`"../a" is no id`:          {Content: "#!/bin/sh\n", Disks: []script.Disk{{ID: "../a"}}},
		"would be SPLICED_ARG_A_B": {Content: "#!/bin/sh\n", Arguments: map[string]string{"a-b": "", "a_b": ""}},
		"holds a NUL":              {Content: "#!/bin/sh\n", Arguments: map[string]string{"a": "\x00"}},
	} {
		if err := script.Run(t.Context(), task, func(string) { t.Error("it ran") }); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, and not %q", err, says)
		}
	}
}

// TestNeverUnconfined has bwrap fail, as it does where the kernel refuses
// namespaces.
func TestNeverUnconfined(t *testing.T) {
	t.Parallel()
	need(t, "bwrap", "bwrap")
	err := script.Run(t.Context(), script.Task{Content: "#!/bin/sh\necho ran\n", Disks: []script.Disk{{ID: "sda", Socket: "/no/such/socket"}}},
		func(line string) {
			if line == "ran" {
				t.Error("the script ran")
			}
		})
	if !errors.Is(err, script.ErrUnconfined) || !strings.Contains(err.Error(), "/no/such/socket") {
		t.Errorf("%v", err)
	}
}

// eventually waits until something is so, which nobody can tell us.
func eventually(t *testing.T, otherwise string, so func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		if so() {
			return
		}
		<-tick.C
	}
	t.Fatal(otherwise)
}
