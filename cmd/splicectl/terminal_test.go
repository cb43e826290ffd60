package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"spliced/api"
)

// openTerminal makes a pair of pseudo-terminals (pty(7)): what is written to the
// keyboard is typed at the terminal, and what the program shows comes out of it.
func openTerminal(t *testing.T) (keyboard, tty *os.File) {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	fd := int(keyboard.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err = errors.Join(err, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)); err != nil {
		t.Fatal(err)
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals here: %v", err)
	}
	t.Cleanup(func() { _ = tty.Close() })
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 100}); err != nil {
		t.Fatal(err)
	}
	return keyboard, tty
}

// onTerminal runs the program with its messages on a terminal, and returns what
// can be seen there.
func onTerminal(t *testing.T, socket string, args ...string) (code int, out, screen string) {
	t.Helper()
	keyboard, tty := openTerminal(t)
	seen := make(chan string)
	go func() {
		var b bytes.Buffer
		_, _ = b.ReadFrom(keyboard) // ends with EIO when the terminal closes
		seen <- b.String()
	}()
	var stdout bytes.Buffer
	code = run(t.Context(), append([]string{"--socket", socket}, args...), pipe(t, ""), &stdout, tty)
	_ = tty.Close()
	return code, stdout.String(), <-seen
}

func TestBar(t *testing.T) {
	const mib = 1 << 20
	job := newFakeJob(
		at(api.JobRunning, copied(1*mib, 8*mib)),
		at(api.JobRunning, copied(4*mib, 8*mib)),
		at(api.JobRunning, &api.Progress{Stage: "check\x1b[1ming", Done: 3, Unit: "volumes"}),
		at(api.JobRunning, &api.Progress{Stage: "check\x1b[1ming", Done: 4, Unit: "volumes"}),
		done("Imported."),
	)
	socket := serve(t, append(job.methods(), starts("image.upload"))...)
	code, out, screen := onTerminal(t, socket, "image", "upload", "web", "--trust-eof")
	if code != 0 || out != "Imported.\n" {
		t.Errorf("exit %d, stdout %q", code, out)
	}
	for _, want := range []string{`copying +50% \|.*\(4\.0/8\.0 MiB, .*iB/s\) \[0s:[0-9]+s\]`, "check\ufffd\\[1ming \\(4\\)", `\n$`} {
		if !regexp.MustCompile(want).MatchString(screen) {
			t.Errorf("the screen lacks %s:\n%q", want, screen)
		}
	}
	if strings.Contains(screen, "\x1b[1m") {
		t.Errorf("the daemon's text reached the terminal as it was:\n%q", screen)
	}
}

func TestStdinOnATerminal(t *testing.T) {
	_, tty := openTerminal(t)
	got := ctlWith(t.Context(), tty, "/nonexistent", "ova", "upload", "web")
	if got.code != exitUsage || !strings.HasPrefix(got.err, "Cannot read from stdin: it is a terminal.\nHint: ") {
		t.Errorf("exit %d:\n%s", got.code, got.err)
	}
}
