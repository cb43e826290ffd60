package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A reply is what splicectl answered.
type reply struct {
	code     int
	out, err string
}

// ctlCommand is splicectl, about to ask this daemon.
func (d *daemon) ctlCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, splicectlProgram), append([]string{"--socket", d.socket}, args...)...)
	cmd.Env = append(os.Environ(), "TMPDIR="+d.dir) // where edited files are
	return cmd
}

// ctl runs splicectl with that on its standard input.
func (d *daemon) ctl(t *testing.T, stdin string, args ...string) reply {
	t.Helper()
	cmd := d.ctlCommand(t, args...)
	cmd.Stdin = strings.NewReader(stdin)
	return ran(t, cmd)
}

// edit runs splicectl with a command line as the editor.
func (d *daemon) edit(t *testing.T, editor string, args ...string) reply {
	t.Helper()
	cmd := d.ctlCommand(t, append(args, "--yes")...)
	cmd.Env = append(cmd.Env, "VISUAL="+editor)
	return ran(t, cmd)
}

// ran runs a program to its end.
func ran(t *testing.T, cmd *exec.Cmd) reply {
	t.Helper()
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	if exit, failed := errors.AsType[*exec.ExitError](err); failed && !exit.Exited() || err != nil && !failed {
		t.Fatalf("%v: %v\n%s", cmd, err, said.String())
	}
	return reply{cmd.ProcessState.ExitCode(), out.String(), said.String()}
}

// typed runs splicectl for somebody who types that on a terminal.
func (d *daemon) typed(t *testing.T, keys string, args ...string) reply {
	t.Helper()
	keyboard, tty := terminal(t)
	_, err := keyboard.WriteString(keys)
	must(t, err)
	cmd := d.ctlCommand(t, args...)
	cmd.Stdin = tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	return ran(t, cmd)
}

// terminal opens a terminal: pty(7).
func terminal(t *testing.T) (keyboard, tty *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	must(t, err)
	t.Cleanup(func() { _ = keyboard.Close() })
	fd := int(keyboard.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	must(t, errors.Join(err, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)))
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	must(t, err)
	t.Cleanup(func() { _ = tty.Close() })
	return keyboard, tty
}

// want demands an exit code, and that the message or output has all of that.
func (r reply) want(t *testing.T, code int, parts ...string) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit %d, want %d:\n%s%s", r.code, code, r.out, r.err)
	}
	for _, part := range parts {
		if !strings.Contains(r.out+r.err, part) {
			t.Errorf("%q is not in:\n%s%s", part, r.out, r.err)
		}
	}
}

// shown runs splicectl for JSON, and reads it.
func shown[T any](t *testing.T, d *daemon, args ...string) T {
	t.Helper()
	r := d.ctl(t, "", append(args, "-o", "json")...)
	r.want(t, 0)
	var v T
	if err := json.Unmarshal([]byte(r.out), &v); err != nil {
		t.Errorf("%q is no JSON: %v", r.out, err)
	}
	return v
}
