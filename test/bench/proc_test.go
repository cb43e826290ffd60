package bench

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// stat lines of proc(5): pid, name, state, parent, eight fields that don't
// matter here, utime, stime, cutime, cstime, and the rest.
const (
	daemonStat = "7 (spliced) S 1 7 7 0 -1 4194560 9 9 9 9 150 50 20 10 20 0 8 0 99 0 0\n"
	workerStat = "9 (spliced (wor) S 7 7 7 0 -1 4194560 9 9 9 9 300 0 0 0 20 0 8 0 99 0 0\n"
	grandStat  = "11 (x) S 9 7 7 0 -1 4194560 9 9 9 9 1 0 0 0 20 0 8 0 99 0 0\n"
	otherStat  = "12 (other) S 1 7 7 0 -1 4194560 9 9 9 9 9999 0 0 0 20 0 8 0 99 0 0\n"
)

// fakeProc makes a /proc with those processes, by pid: their stat and status.
func fakeProc(t *testing.T, processes map[int][2]string) proc {
	t.Helper()
	p := proc{root: t.TempDir()}
	for pid, files := range processes {
		dir := filepath.Join(p.root, strconv.Itoa(pid))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		for i, name := range []string{"stat", "status"} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(files[i]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return p
}

func TestTreeCountsDescendantsOnly(t *testing.T) {
	p := fakeProc(t, map[int][2]string{
		7:  {daemonStat, "Name:\tspliced\nVmHWM:\t    2048 kB\nVmRSS:\t1 kB\n"},
		9:  {workerStat, "VmHWM:\t   10240 kB\n"},
		11: {grandStat, "Name:\tx\nState:\tZ (zombie)\n"},
		12: {otherStat, "VmHWM:\t   99999 kB\n"},
	})
	got, err := p.tree(7)
	if err != nil {
		t.Fatal(err)
	}
	want := usage{processes: 3, cpu: 5310 * time.Millisecond, peak: 12 << 20}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(usage{})); diff != "" {
		t.Errorf("usage (-want +got):\n%s", diff)
	}
}

func TestTreeOfNobody(t *testing.T) {
	if u, err := fakeProc(t, nil).tree(7); err == nil {
		t.Errorf("a process that isn't there took %+v", u)
	}
}

func TestTreeEndsOnALoopOfParents(t *testing.T) {
	p := fakeProc(t, map[int][2]string{
		7:  {daemonStat, ""},
		20: {"20 (a) S 21 0 0 0 0 0 0 0 0 0 1 0 0 0\n", ""},
		21: {"21 (b) S 20 0 0 0 0 0 0 0 0 0 1 0 0 0\n", ""},
	})
	if u, err := p.tree(7); err != nil || u.processes != 1 {
		t.Errorf("%+v, %v", u, err)
	}
}

func TestParseStatRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, line := range []string{"", "7 (x)", "7 (x) S 1 2 3", "7 (x) S no 7 7 0 -1 4 9 9 9 9 1 2 3 4", "7 (x) S 1 7 7 0 -1 4 9 9 9 9 1 x 3 4"} {
		if s, err := parseStat([]byte(line)); err == nil {
			t.Errorf("parseStat(%q) = %+v", line, s)
		}
	}
}

func TestParseMachineLeavesIdlingOut(t *testing.T) {
	got, err := parseMachine([]byte("cpu  100 1 200 90000 5000 3 4 70 60 50\ncpu0 1 2 3\n"))
	if want := 3080 * time.Millisecond; err != nil || got != want {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	for _, bad := range []string{"", "cpu 1 2 3", "intr 1 2 3 4 5 6 7 8", "cpu 1 2 3 4 5 6 x 8"} {
		if _, err := parseMachine([]byte(bad)); err == nil {
			t.Errorf("parseMachine(%q) is content", bad)
		}
	}
}

func TestOwnProcessIsSeen(t *testing.T) {
	p := proc{root: "/proc"}
	u, err := p.tree(os.Getpid())
	if err != nil || u.processes < 1 || u.peak < 1<<20 {
		t.Errorf("%+v, %v", u, err)
	}
}
