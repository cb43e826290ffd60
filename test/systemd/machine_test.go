package systemd_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait; it is never waited out when all is well.
const patience = 90 * time.Second

// boot starts a machine: what it changes goes into a folder above the trees, in
// a mount namespace that ends with it.
//
// systemd-nspawn moves the machine's root over the host's, and leaves the host's
// /proc beneath. By that one the kernel would let anybody in the machine mount a
// /proc, whatever its units hide of theirs: so something is hidden there, too.
const boot = `set -eu
mount --bind /dev/null /proc/kmsg
mount -t overlay overlay -o "lowerdir=$1:$2,upperdir=$3/upper,workdir=$3/work" "$3/root"
exec systemd-nspawn --quiet --register=no --keep-unit --private-network --resolv-conf=off --timezone=off \
	--link-journal=no --console=read-only --hostname=host --directory="$3/root" --boot
`

// A machine is a Debian on which spliced is installed.
type machine struct {
	pid  int // of systemd-nspawn
	init int // of the systemd in it
}

// start boots a machine for the test.
func start(t *testing.T) *machine {
	t.Helper()
	needs(t)
	tree, installed := debian(t), built(t)
	above, err := os.MkdirTemp(filepath.Dir(tree), "machine-") //nolint:usetesting // not on a tmpfs, and where the tree is
	must(t, err)
	for _, name := range []string{"upper", "work", "root"} {
		must(t, os.Mkdir(filepath.Join(above, name), 0o755))
	}
	m, said := &machine{}, &bytes.Buffer{}
	ended := m.launch(t, said, installed, tree, above)
	t.Cleanup(func() {
		_ = syscall.Kill(m.pid, syscall.SIGKILL) // it may have ended
		<-ended
		must(t, os.RemoveAll(above))
	})
	m.awaitBoot(t, ended, said)
	return m
}

// launch starts the process that the machine ends with. The kernel ties its
// death signal to the thread that made it, which is kept until then.
func (m *machine) launch(t *testing.T, said io.Writer, args ...string) <-chan struct{} {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), "unshare", append([]string{"--mount", "--propagation", "private", "sh", "-c", boot, "sh"}, args...)...)
	cmd.Env = append(os.Environ(), "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1", "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes")
	cmd.Stdout, cmd.Stderr = said, said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setsid: true}
	started, ended := make(chan error), make(chan struct{})
	go func() {
		defer close(ended)
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in what it said
		}
	}()
	must(t, <-started)
	m.pid = cmd.Process.Pid
	return ended
}

// awaitBoot waits until systemd has started all that it is to start.
func (m *machine) awaitBoot(t *testing.T, ended <-chan struct{}, said fmt.Stringer) {
	t.Helper()
	eventually(t, func() string {
		select {
		case <-ended:
			lacking(t, "the machine ended: "+said.String())
		default:
		}
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", m.pid, m.pid))
		if err != nil {
			return err.Error()
		}
		if _, err := fmt.Sscan(string(children), &m.init); err != nil {
			return "it has no init"
		}
		state, err := m.run(t, nil, "systemctl", "is-system-running")
		if state = strings.TrimSpace(state); state != "running" {
			return fmt.Sprintf("it is %q, %v", state, err)
		}
		return ""
	})
}

// run runs a program in the machine, as root, and returns what it printed.
func (m *machine) run(t *testing.T, stdin io.Reader, args ...string) (string, error) {
	t.Helper()
	enter := []string{
		fmt.Sprintf("--target=%d", m.init), "--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup", "--root", "--wd", "--",
		"env", "-i", "PATH=/usr/sbin:/usr/bin", "LANG=C.UTF-8",
	}
	cmd := exec.CommandContext(bounded(t), "nsenter", append(enter, args...)...)
	var out, said bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin, &out, &said
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	if err != nil {
		err = fmt.Errorf("%q: %w: %s%s", args, err, out.String(), said.String())
	}
	return out.String(), err
}

// sh runs a script in the machine, as root, and returns what it printed.
func (m *machine) sh(t *testing.T, script string) string {
	t.Helper()
	out, err := m.run(t, nil, "sh", "-euc", script)
	must(t, err)
	return strings.TrimSpace(out)
}

// ctl runs splicectl in the machine as a user.
func (m *machine) ctl(t *testing.T, user string, stdin io.Reader, args ...string) (string, error) {
	t.Helper()
	as := []string{"setpriv", "--reuid=" + user, "--regid=" + user, "--init-groups", "splicectl"}
	return m.run(t, stdin, append(as, args...)...)
}

// does runs splicectl as root, which is allowed everything, to success.
func (m *machine) does(t *testing.T, args ...string) {
	t.Helper()
	m.takes(t, "", args...)
}

// takes is does with something to read.
func (m *machine) takes(t *testing.T, stdin string, args ...string) {
	t.Helper()
	_, err := m.ctl(t, "root", strings.NewReader(stdin), args...)
	must(t, err)
}

// asks reads what splicectl shows.
func (m *machine) asks(t *testing.T, result any, args ...string) {
	t.Helper()
	out, err := m.ctl(t, "root", nil, append([]string{"--output=json"}, args...)...)
	must(t, err)
	must(t, json.Unmarshal([]byte(out), result))
}

// status is the exit status of a program that ran.
func status(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	return -1
}

// eventually waits until ask says "".
func eventually(t *testing.T, ask func() string) {
	t.Helper()
	over := time.NewTimer(patience)
	defer over.Stop()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		said := ask()
		if said == "" {
			return
		}
		select {
		case <-tick.C:
		case <-over.C:
			t.Fatalf("after %v: %s", patience, said)
		}
	}
}
