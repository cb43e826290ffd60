package script_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"spliced/script"
)

// disk makes a raw file of a MiB, under a name with all that qemu-nbd's options
// could stumble over.
func disk(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), `a disk, "with"=100%, $(id) and ,more`)
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// sockets is a folder that nobody can pass through, with a short path.
func sockets(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "script") //nolint:usetesting // that of a test is closed to others, or too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Remove(dir); err != nil {
			t.Errorf("something is left: %v", err)
		}
	})
	return dir
}

func TestScriptWritesToItsDisks(t *testing.T) {
	t.Parallel()
	need(t, "qemu-nbd", "qemu")
	first, second := disk(t), disk(t)
	var s said
	task := script.Task{Content: `#!/bin/sh -e
qemu-img info --output=json "$SPLICED_DISK_SDA" | grep -o '"virtual-size": [0-9]*'
qemu-io -f raw -c 'write -P 0x61 512 512' "$SPLICED_DISK_SDA"
qemu-io -f raw -c 'read -P 0x61 512 512' "$SPLICED_DISK_SDA"
qemu-img convert -n -f raw -O raw "$SPLICED_DISK_SDA" "$SPLICED_DISK_SDB"
test -S /run/spliced/sdb.nbd
`}
	err := script.WithExports(t.Context(), sockets(t)+"/nbd", []script.Volume{{ID: "sda", Source: script.File(first)}, {ID: "sdb", Source: script.File(second)}},
		func(ctx context.Context, disks []script.Disk) error {
			task.Disks = disks
			return script.Run(ctx, task, s.log)
		})
	if err != nil || !strings.Contains(s.all(), `"virtual-size": 1048576`) {
		t.Fatalf("%v\n%s", err, s.all())
	}
	want := make([]byte, 1<<20)
	copy(want[512:], bytes.Repeat([]byte{0x61}, 512))
	for _, path := range []string{first, second} {
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s holds something else, %v", path, err)
		}
		if left := processes(t, filepath.Dir(path)); len(left) != 0 {
			t.Errorf("left are %q", left)
		}
	}
}

// TestLibnbdKnowsTheURI reads a disk with the other client that there is.
func TestLibnbdKnowsTheURI(t *testing.T) {
	t.Parallel()
	need(t, "qemu-nbd", "qemu")
	need(t, "nbdcopy", "bwrap")
	path := disk(t)
	err := script.WithExports(t.Context(), sockets(t)+"/nbd", []script.Volume{{ID: "sda", Source: script.File(path)}}, func(ctx context.Context, disks []script.Disk) error {
		task := script.Task{Content: "#!/bin/sh -e\nhead -c 1M /dev/zero | tr '\\0' a >/tmp/a\nnbdcopy --flush /tmp/a \"$SPLICED_DISK_SDA\"\n", Disks: disks}
		return script.Run(ctx, task, func(line string) { t.Log(line) })
	})
	if got, readErr := os.ReadFile(path); err != nil || readErr != nil || !bytes.Equal(got, bytes.Repeat([]byte("a"), 1<<20)) {
		t.Error(err, readErr)
	}
}

func TestVolumesThatCanNotBeServed(t *testing.T) {
	t.Parallel()
	need(t, "qemu-nbd", "qemu")
	good := script.Volume{ID: "sda", Source: script.File(disk(t))}
	for says, source := range map[string]script.Source{
		`cannot give the disk "sdb" to the script: ` + "qemu-nbd: Failed to blk_new_open": script.File("/no/such/file"),
		"holds what no name can": script.RBD{Pool: "a\nb"}.Source(),
	} {
		err := script.WithExports(t.Context(), sockets(t)+"/nbd", []script.Volume{good, {ID: "sdb", Source: source}}, func(context.Context, []script.Disk) error {
			t.Error("it is served")
			return nil
		})
		if err == nil || !strings.Contains(err.Error(), says) || strings.Count(err.Error(), "\n") != 0 {
			t.Errorf("%v, and not %q", err, says)
		}
	}
}

// TestServerThatEndsEarly has the script end with it, and say why.
func TestServerThatEndsEarly(t *testing.T) {
	t.Parallel()
	need(t, "qemu-nbd", "qemu")
	path := disk(t)
	err := script.WithExports(t.Context(), sockets(t)+"/nbd", []script.Volume{{ID: "sda", Source: script.File(path)}}, func(ctx context.Context, disks []script.Disk) error {
		task := script.Task{Content: "#!/bin/sh\necho go\nsleep 1000\n", Disks: disks}
		return script.Run(ctx, task, func(string) { killServer(t, path) })
	})
	if err == nil || !strings.Contains(err.Error(), `the server of the disk "sda" ended`) {
		t.Error(err)
	}
}

// TestServerThatEndsUnseen ends when nobody looks any more.
func TestServerThatEndsUnseen(t *testing.T) {
	t.Parallel()
	need(t, "qemu-nbd", "qemu")
	path := disk(t)
	err := script.WithExports(t.Context(), sockets(t)+"/nbd", []script.Volume{{ID: "sda", Source: script.File(path)}}, func(ctx context.Context, _ []script.Disk) error {
		killServer(t, path)
		<-ctx.Done()
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), `cannot flush the disk "sda"`) {
		t.Error(err)
	}
}

// killServer kills the server of a file.
func killServer(t *testing.T, path string) {
	t.Helper()
	paths, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Error(err)
	}
	killed := 0
	for _, p := range paths {
		line, err := os.ReadFile(p)
		if err != nil || !bytes.HasPrefix(line, []byte("/usr/bin/qemu-nbd")) || !strings.Contains(strings.ReplaceAll(string(line), ",,", ","), path) {
			continue
		}
		dir, err := os.Open(filepath.Dir(p))
		if err != nil {
			t.Error(err)
			continue
		}
		_ = dir.Close()
		pid := 0
		for _, d := range filepath.Base(filepath.Dir(p)) {
			pid = pid*10 + int(d-'0')
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
		killed++
	}
	if killed != 1 {
		t.Errorf("%d servers were killed", killed)
	}
}

// TestCalledOffWhileDisksAreServed leaves neither servers nor sockets.
func TestCalledOffWhileDisksAreServed(t *testing.T) {
	t.Parallel()
	need(t, "qemu-nbd", "qemu")
	path := disk(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := script.WithExports(ctx, sockets(t)+"/nbd", []script.Volume{{ID: "sda", Source: script.File(path)}}, func(ctx context.Context, disks []script.Disk) error {
		task := script.Task{Content: "#!/bin/sh\necho go\nsleep 1000\n", Disks: disks}
		return script.Run(ctx, task, func(string) { cancel() })
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if left := processes(t, filepath.Dir(path)); len(left) != 0 {
		t.Errorf("left are %q", left)
	}
}

// TestSocketIsForTheScriptAlone looks at who may connect.
func TestSocketIsForTheScriptAlone(t *testing.T) {
	t.Parallel()
	need(t, "qemu-nbd", "qemu")
	err := script.WithExports(t.Context(), sockets(t)+"/nbd", []script.Volume{{ID: "sda", Source: script.File(disk(t))}}, func(_ context.Context, disks []script.Disk) error {
		info, err := os.Stat(disks[0].Socket)
		if err == nil && info.Mode().Perm() != 0o600 {
			t.Errorf("its mode is %v", info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// childVariable marks the run of the test's program that is to be killed.
const childVariable = "SPLICED_SCRIPT_TEST_CHILD"

// TestNothingOutlivesItsWorker kills a process in the middle of a script.
func TestNothingOutlivesItsWorker(t *testing.T) {
	need(t, "qemu-nbd", "qemu")
	if path := os.Getenv(childVariable); path != "" {
		err := script.WithExports(t.Context(), filepath.Dir(path)+"/nbd", []script.Volume{{ID: "sda", Source: script.File(path)}}, func(ctx context.Context, disks []script.Disk) error {
			task := script.Task{Content: "#!/bin/sh\nsleep 13579246 &\nsleep 1\nwait\n", Disks: disks}
			return script.Run(ctx, task, func(string) {})
		})
		t.Fatal(err)
	}
	dir := sockets(t)
	path := filepath.Join(dir, "disk")
	if err := os.WriteFile(path, make([]byte, 1<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		left, err := filepath.Glob(dir + "/*")
		for _, l := range left {
			err = errors.Join(err, os.RemoveAll(l)) // what a killed process leaves: its sockets
		}
		if err != nil {
			t.Error(err)
		}
	})
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^TestNothingOutlivesItsWorker$")
	cmd.Env = append(os.Environ(), childVariable+"="+path)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it never ran", func() bool { return len(processes(t, "13579246")) > 0 && len(processes(t, path)) > 0 })
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	eventually(t, "it is left", func() bool { return len(processes(t, "13579246")) == 0 && len(processes(t, path)) == 0 })
}
