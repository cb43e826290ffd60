package bench

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of times in proc(5)'s stat: USER_HZ is 100 on every Linux
// that runs Ceph.
const tick = time.Second / 100

// A proc reads a /proc file system; the field is where it is mounted.
type proc struct {
	root string
}

// usage is what processes took together.
type usage struct {
	processes int
	cpu       time.Duration // user and system, with that of children waited for
	peak      int64         // bytes: the sum of each process's own highest resident size
}

// tree sums up a process and all that descend from it. Processes that come or
// go meanwhile may be missing.
func (p proc) tree(pid int) (usage, error) {
	entries, err := os.ReadDir(p.root)
	if err != nil {
		return usage{}, err
	}
	all := map[int]stat{}
	for _, e := range entries {
		id, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if s, err := p.stat(id); err == nil {
			all[id] = s
		}
	}
	if _, ok := all[pid]; !ok {
		return usage{}, fmt.Errorf("process %d is gone", pid)
	}
	var u usage
	for id, s := range all {
		if descends(all, id, pid) {
			u.processes++
			u.cpu += s.cpu
			u.peak += p.peak(id)
		}
	}
	return u, nil
}

// descends tells whether id is ancestor or a descendant of it.
func descends(all map[int]stat, id, ancestor int) bool {
	for range len(all) { // no longer than a chain can be, should pids be reused
		if id == ancestor {
			return true
		}
		s, ok := all[id]
		if !ok {
			return false
		}
		id = s.parent
	}
	return false
}

type stat struct {
	parent int
	cpu    time.Duration
}

func (p proc) stat(pid int) (stat, error) {
	line, err := os.ReadFile(filepath.Join(p.root, strconv.Itoa(pid), "stat"))
	if err != nil {
		return stat{}, err
	}
	return parseStat(line)
}

// parseStat reads a line of /proc/PID/stat. The program's name in it may hold
// spaces and brackets, so the fields count from the last bracket on.
func parseStat(line []byte) (stat, error) {
	const parent, utime, cstime = 4 - 3, 14 - 3, 17 - 3 // as numbered in proc(5), less the two before and one
	fields := strings.Fields(string(line[bytes.LastIndexByte(line, ')')+1:]))
	if len(fields) <= cstime {
		return stat{}, fmt.Errorf("a stat line has only %d fields after the name", len(fields))
	}
	var s stat
	var err error
	if s.parent, err = strconv.Atoi(fields[parent]); err != nil {
		return stat{}, err
	}
	for _, field := range fields[utime : cstime+1] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return stat{}, err
		}
		s.cpu += time.Duration(n) * tick
	}
	return s, nil
}

// peak is the highest resident size of a process so far, 0 when it has ended.
func (p proc) peak(pid int) int64 {
	status, err := os.ReadFile(filepath.Join(p.root, strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	return parsePeak(status)
}

// parsePeak reads VmHWM, in KiB, from /proc/PID/status. Zombies have none.
func parsePeak(status []byte) int64 {
	for line := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(line, []byte("VmHWM:")); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(string(rest)), " kB"), 10, 64)
			if err != nil {
				return 0
			}
			return n << 10
		}
	}
	return 0
}

// forgetPeak makes a process's highest resident size count from now on.
func (p proc) forgetPeak(pid int) error {
	const resetPeak = "5" // proc(5), clear_refs
	return os.WriteFile(filepath.Join(p.root, strconv.Itoa(pid), "clear_refs"), []byte(resetPeak), 0)
}

// machine is the CPU time that the whole machine spent on anything but idling.
func (p proc) machine() (time.Duration, error) {
	data, err := os.ReadFile(filepath.Join(p.root, "stat"))
	if err != nil {
		return 0, err
	}
	return parseMachine(data)
}

// parseMachine reads the first line of /proc/stat: cpu, user, nice, system,
// idle, iowait, irq, softirq and more, where guest times count in user already.
func parseMachine(data []byte) (time.Duration, error) {
	const idle, iowait, softirq = 4, 5, 7
	first, _, _ := strings.Cut(string(data), "\n")
	fields := strings.Fields(first)
	if len(fields) <= softirq || fields[0] != "cpu" {
		return 0, fmt.Errorf("the first line of /proc/stat is %q", first)
	}
	var sum time.Duration
	for i, field := range fields[1 : softirq+1] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		if i+1 != idle && i+1 != iowait {
			sum += time.Duration(n) * tick
		}
	}
	return sum, nil
}
