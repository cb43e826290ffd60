package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"spliced/api"
	"spliced/client"
	"spliced/rpc"
)

// provisions starts a daemon that runs scripts, and makes a profile "web" with the
// script, arguments and one disk of 2 MiB.
func provisions(t *testing.T, p place, script string, more ...string) (*daemon, *client.Client) {
	t.Helper()
	for _, program := range []string{"bwrap", "qemu-nbd", "qemu-io"} {
		needProgram(t, "bwrap", program)
	}
	h := newHost(t, p, append([]string{"scripts: {allowed: true, time_limit: 60s}"}, more...)...)
	// The script is nobody, and passes through these to the sockets of its disks.
	must(t, os.Chmod(h.dir, 0o711))
	must(t, os.Chmod(h.tmp, 0o711))
	d := h.start(t, splicedProgram)
	c := d.dial(t)
	must(t, c.Call(t.Context(), "script.create", params{"name": "web", "spec": params{"content": script}}, nil))
	provisioner(t, c, "web", params{"vcpus": 2, "vram": 64}, params{"networks": []params{}},
		params{"disks": []params{{"id": "sda", "pool": "p", "size": "2MiB"}}},
		params{"script": "web", "arguments": params{"suite": "of the profile", "kept": hostile}})
	return d, c
}

// A plan is what a script reads, as far as the tests look at it.
type plan struct {
	VM        api.VM            `json:"vm"`
	VCPUs     int               `json:"vcpus"`
	NICs      []any             `json:"nics"`
	Arguments map[string]string `json:"arguments"`
}

const marking = `#!/bin/sh -e
cat
echo "suite: $SPLICED_ARG_SUITE"
echo "who: $(id -u) $(grep -c . /proc/net/route) $(ls /var 2>/dev/null | wc -l)"
qemu-io -f raw -c 'write -P 0x61 1M 512' "$SPLICED_DISK_SDA" >&2
`

// TestScript has a script read the VM's plan and mark the VM's disk.
func TestScript(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		d, c := provisions(t, p, marking)
		before := d.descriptors(t)
		made, err := makeVM(t, c, "guest", "web", params{"define": false, "arguments": params{"suite": "of the call"}})
		must(t, err)
		want := make([]byte, 2<<20)
		copy(want[1<<20:], bytes.Repeat([]byte{0x61}, 512))
		sameBytes(t, p, "guest_sda", want)
		var j api.Job
		must(t, c.Call(t.Context(), "job.show", params{"id": made.Job}, &j))
		said := strings.Join(j.Log, "\n")
		end := strings.LastIndex(said, "}") + 1
		var told plan
		if err := json.Unmarshal([]byte(said[:end]), &told); err != nil {
			t.Errorf("the plan: %v\n%s", err, said)
		}
		if told.VM.Name != "guest" || told.VCPUs != 2 || len(told.VM.Volumes) != 1 || told.VM.UUID != made.UUID {
			t.Errorf("the plan is %+v", told)
		}
		// The log has nothing that a terminal would act on.
		if told.Arguments["suite"] != "of the call" || told.Arguments["kept"] != strings.ReplaceAll(hostile, "\u202e", "") {
			t.Errorf("the arguments are %q", told.Arguments)
		}
		for _, line := range []string{"suite: of the call", "who: 65534 1 0", "wrote 512/512 bytes at offset 1048576"} {
			if !strings.Contains(said[end:], line) {
				t.Errorf("%q was not said:\n%s", line, said[end:])
			}
		}
		d.ctl(t, "", "job", "show", j.ID).want(t, 0, "Log:", "suite: of the call")
		removeVM(t, c, "guest", false)
		d.leavesNothing(t, c, before)
	})
}

// leavesNothing demands that there is nothing of a VM in the pool, the state
// folder, TMPDIR, and among the processes.
func (d *daemon) leavesNothing(t *testing.T, c *client.Client, before []string) {
	t.Helper()
	clean(t, c, time.Minute)
	if left := withoutDots(append(d.place.volumes(t, "guest"), d.place.volumes(t, "spliced.")...)); len(left) > 0 {
		t.Errorf("in the pool are %q", left)
	}
	if left := slices.DeleteFunc(d.records(t), func(f string) bool { return !strings.HasPrefix(f, "vms/") && !strings.HasPrefix(f, "intents/") }); len(left) > 0 {
		t.Errorf("in the state folder are %q", left)
	}
	if left, err := os.ReadDir(d.tmp); err != nil || len(left) > 0 {
		t.Errorf("in TMPDIR are %v, %v", left, err)
	}
	if left := commands(d.place, "spliced."); len(left) > 0 {
		t.Errorf("processes are left: %q", left)
	}
	d.alone(t, d)
	d.noNewDescriptors(t, before)
	if err := c.Call(t.Context(), "vm.show", params{"name": "guest"}, nil); code(err) != rpc.NotFound {
		t.Errorf("the VM is there: %v", err)
	}
}

// commands lists the processes whose command line has the parts: of servers of
// disks, the pool and the volume.
func commands(p place, part string) (lines []string) {
	pool := ""
	switch p := p.(type) {
	case dirPlace:
		pool = p.path
	case cephPlace:
		pool = p.pool
	}
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range names {
		line, err := os.ReadFile(name)
		if err == nil && bytes.Contains(line, []byte("qemu-nbd")) && bytes.Contains(line, []byte(pool)) && bytes.Contains(line, []byte(part)) {
			lines = append(lines, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return lines
}

// TestScriptThatFails leaves nothing of its VM but what it said.
func TestScriptThatFails(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		d, c := provisions(t, p, "#!/bin/sh\necho 'no luck today' >&2\nsleep 600 &\nexit 3\n")
		before := d.descriptors(t)
		_, err := makeVM(t, c, "guest", "web", params{"define": false})
		if code(err) != rpc.InvalidState || !strings.Contains(err.Error(), "status 3") || !strings.Contains(err.Error(), "no luck today") {
			t.Errorf("a script that fails: %v", err)
		}
		d.leavesNothing(t, c, before)
		d.ctl(t, "", "vm", "create", "guest", "--profile", "web", "--no-define").want(t, 1, "no luck today", "Hint: ")
		d.leavesNothing(t, c, before)
	})
}

// begun starts making a VM whose script says "begun", and waits until it has.
func begun(t *testing.T, c *client.Client) string {
	t.Helper()
	var r api.VMResult
	must(t, c.Call(t.Context(), "vm.create", params{"name": "guest", "profile": "web", "define": false}, &r))
	eventually(t, patience, func() string {
		var j api.Job
		must(t, c.Call(t.Context(), "job.show", params{"id": r.Job}, &j))
		if slices.Contains(j.Log, "begun") {
			return ""
		}
		return fmt.Sprintf("the job is %+v", j)
	})
	return r.Job
}

const lasting = "#!/bin/sh\necho begun\nsleep 600 & sleep 600\n"

// TestScriptEndsEarly ends a script by its time limit, by a cancelled job, and with
// its worker or its daemon killed.
func TestScriptEndsEarly(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, p place) {
		d, c := provisions(t, p, lasting)
		before := d.descriptors(t)
		id := begun(t, c)
		must(t, c.Call(t.Context(), "job.cancel", params{"id": id}, nil))
		if j := ends(t, c, id); j.State != api.JobCancelled {
			t.Errorf("the cancelled job is %+v", j)
		}
		d.leavesNothing(t, c, before)

		id = begun(t, c)
		for _, pid := range d.workers() {
			_ = syscall.Kill(pid, syscall.SIGKILL) // a child of another one may be gone with it
		}
		if j := ends(t, c, id); j.State != api.JobFailed || j.Failure == nil || j.Failure.Code != int(rpc.InternalError) {
			t.Errorf("the job whose worker was killed is %+v %+v", j, j.Failure)
		}
		d.leavesNothing(t, c, before)

		id = begun(t, c)
		d.kill()
		d.alone(t, nil)
		d = d.start(t, splicedProgram)
		before, c = d.descriptors(t), d.dial(t)
		clean(t, c, patience)
		if j := ends(t, c, id); j.State != api.JobFailed || j.Failure.Code != int(rpc.DaemonRestart) {
			t.Errorf("the job whose daemon was killed is %+v %+v", j, j.Failure)
		}
		d.leavesNothing(t, c, append(before, "the connection"))
	})
}

// TestScriptTakesTooLong ends one at the limit that the configuration says.
func TestScriptTakesTooLong(t *testing.T) {
	t.Parallel()
	d, _ := provisions(t, newDir(t), lasting)
	d.stop(t)
	text, err := os.ReadFile(d.config)
	must(t, err)
	must(t, os.WriteFile(d.config, bytes.Replace(text, []byte("60s"), []byte("2s"), 1), 0o600))
	d = d.start(t, splicedProgram)
	c, before := d.dial(t), d.descriptors(t)
	_, err = makeVM(t, c, "guest", "web", params{"define": false})
	if code(err) != rpc.Limit {
		t.Errorf("a script without end: %v", err)
	}
	d.leavesNothing(t, c, append(before, "the connection"))
}

// TestScriptsAreNotAllowed unless the configuration says so.
func TestScriptsAreNotAllowed(t *testing.T) {
	t.Parallel()
	d := newHost(t, newDir(t)).start(t, splicedProgram)
	c, before := d.dial(t), d.descriptors(t)
	must(t, c.Call(t.Context(), "script.create", params{"name": "web", "spec": params{"content": marking}}, nil))
	provisioner(t, c, "web", params{"vcpus": 2, "vram": 64}, params{"networks": []params{}}, params{"disks": []params{}}, params{"script": "web"})
	if _, err := makeVM(t, c, "guest", "web", params{"define": false}); code(err) != rpc.Denied {
		t.Errorf("a script that is not allowed: %v", err)
	}
	d.ctl(t, "", "vm", "create", "guest", "--profile", "web", "--no-define").want(t, 5, "scripts.allowed")
	d.leavesNothing(t, c, append(before, "the connection"))
}
