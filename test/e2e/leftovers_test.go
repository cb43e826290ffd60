package e2e

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"spliced/api"
	"spliced/client"
)

// blocks is what a file takes, in units of 512 bytes (stat(2)).
func blocks(info os.FileInfo) int64 {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return st.Blocks
}

// processes lists the pids of a host's processes: daemons and workers.
func (h *host) processes() []int {
	var pids []int
	names, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, name := range names {
		env, err := os.ReadFile(name)
		if err == nil && bytes.Contains(env, []byte(h.mark()+"\x00")) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(name)))
			pids = append(pids, pid)
		}
	}
	return pids
}

// workers lists the pids of the daemon's workers.
func (d *daemon) workers() []int {
	return slices.DeleteFunc(d.processes(), func(pid int) bool { return pid == d.cmd.Process.Pid })
}

// alone waits until the host has no process but the daemon; without one, none
// at all.
func (h *host) alone(t *testing.T, d *daemon) {
	t.Helper()
	eventually(t, patience, func() string {
		left := h.processes()
		if d != nil {
			left = d.workers()
		}
		if len(left) > 0 {
			return fmt.Sprintf("processes %v are still there", left)
		}
		return ""
	})
}

// descriptors lists what the daemon has open.
func (d *daemon) descriptors(t *testing.T) []string {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d/fd", d.cmd.Process.Pid)
	entries, err := os.ReadDir(dir)
	must(t, err)
	var open []string
	for _, e := range entries {
		if to, err := os.Readlink(filepath.Join(dir, e.Name())); err == nil {
			open = append(open, e.Name()+" → "+to)
		}
	}
	return open
}

// noNewDescriptors waits until the daemon has no more open than before.
func (d *daemon) noNewDescriptors(t *testing.T, before []string) {
	t.Helper()
	eventually(t, patience, func() string {
		now := d.descriptors(t)
		if len(now) <= len(before) {
			return ""
		}
		return fmt.Sprintf("open before:\n%s\nopen now:\n%s", strings.Join(before, "\n"), strings.Join(now, "\n"))
	})
}

// records lists the files of the state folder that aren't jobs' records: the
// catalogue and the intents.
func (h *host) records(t *testing.T) []string {
	t.Helper()
	var files []string
	must(t, filepath.WalkDir(h.state, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(h.state, path)
		if err == nil && !strings.HasPrefix(name, "jobs/") && name != "lock" {
			files = append(files, name)
		}
		return err
	}))
	return files
}

// clean waits until nothing is left to be cleaned up.
func clean(t *testing.T, c *client.Client, within time.Duration) {
	t.Helper()
	eventually(t, within, func() string {
		var s api.Status
		if err := c.Call(t.Context(), "daemon.status", nil, &s); err != nil {
			return err.Error()
		}
		if s.Cleanup > 0 {
			return fmt.Sprintf("%d jobs' remains are there", s.Cleanup)
		}
		return ""
	})
}

// nothing demands that no volume whose name holds part, and no record or intent
// is left, nothing was put into TMPDIR, and the daemon is as it was.
func (d *daemon) nothing(t *testing.T, part string, before []string) {
	t.Helper()
	if left := d.place.volumes(t, part); len(left) > 0 {
		t.Errorf("in the pool are: %q", left)
	}
	if left := d.records(t); len(left) > 0 {
		t.Errorf("in the state folder are: %q", left)
	}
	if left, err := os.ReadDir(d.tmp); err != nil || len(left) > 0 {
		t.Errorf("in TMPDIR are: %v %v", left, err)
	}
	d.alone(t, d)
	d.noNewDescriptors(t, before)
}
