package script

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// ErrUnconfined is wrapped by the answer of Run when this host can't confine a
// script. None was run then.
var ErrUnconfined = errors.New("scripts can't be confined on this host")

// ErrTimeLimit is wrapped by the answer of Run when the script ran too long.
var ErrTimeLimit = errors.New("its time limit is over")

// An ExitError is a script that ran to its end, and failed.
type ExitError struct {
	Status int      // of exit(3), or 128 and the number of the signal that killed it
	Last   []string // lines of its output
}

func (e *ExitError) Error() string {
	said := "it printed nothing"
	if len(e.Last) > 0 {
		said = "its output ends with: " + strings.Join(e.Last, " / ")
	}
	return fmt.Sprintf("the script failed with status %d; %s", e.Status, said)
}

// Available tells whether this host can confine scripts: nil, or an ErrUnconfined
// that says what is missing.
func Available(ctx context.Context) error {
	return Run(ctx, Task{Content: "#!/usr/bin/true\n"}, func(string) {})
}

// Run runs a script to its end, and kills it when ctx is cancelled or its time
// limit passes. When it returns, no process of the script is left. Each line of
// output is given to log, by one goroutine at a time and none after the end.
//
// It fails with an *ExitError, ErrTimeLimit, ErrUnconfined, or the cause of ctx.
func Run(ctx context.Context, t Task, log func(line string)) error {
	t.Limits = t.Limits.orDefaults()
	if err := t.check(); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, t.Limits.Time, ErrTimeLimit)
	defer cancel()
	if ctx.Err() != nil {
		return fmt.Errorf("the script was not run: %w", context.Cause(ctx))
	}
	r := &running{output: output{log: log, left: t.Limits.Output}}
	defer r.close()
	if err := r.start(t); err != nil {
		return err
	}
	return r.finish(ctx)
}

// A running is one script in its cage, and our ends of what leads into it.
type running struct {
	output
	wires
	bwrap  *process
	init   handle   // of the cage's PID namespace
	hold   *os.File // one byte in it lets the script begin
	said   *os.File
	status *os.File
	report *json.Decoder // of status
}

// start makes the cage, and lets the script begin once it can be killed.
func (r *running) start(t Task) error {
	if err := r.launch(t); err != nil {
		return fmt.Errorf("%w: %w", ErrUnconfined, err)
	}
	r.report = json.NewDecoder(r.status)
	var born struct {
		PID int `json:"child-pid"`
	}
	err := r.report.Decode(&born)
	if err == nil {
		r.init, err = hold(born.PID)
	}
	if err == nil {
		_, err = r.hold.Write([]byte{0})
	}
	if err != nil {
		return r.stillborn(err)
	}
	return nil
}

// launch starts bwrap with all its descriptors.
func (r *running) launch(t Task) error {
	args, err := t.arguments()
	if err != nil {
		return err
	}
	path, err := exec.LookPath("bwrap")
	if err != nil {
		return fmt.Errorf("bubblewrap is not installed: %w", err)
	}
	cmd := &exec.Cmd{Path: path, Args: []string{"bwrap", "--args", strconv.Itoa(argumentsFD), "--"}, Env: []string{}}
	cmd.Args = append(cmd.Args, t.command()...)
	cmd.Stdin = r.memory("plan", t.Plan)
	r.said, cmd.Stdout = r.from()
	cmd.Stderr = cmd.Stdout
	cmd.ExtraFiles = []*os.File{r.memory("arguments", []byte(joined(args))), r.memory("script", []byte(t.Content)), nil, nil}
	r.status, cmd.ExtraFiles[statusFD-argumentsFD] = r.from()
	r.hold, cmd.ExtraFiles[holdFD-argumentsFD] = r.to()
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	if r.failure == nil {
		r.bwrap, r.failure = attach(cmd)
	}
	r.handOver()
	return r.failure
}

// stillborn ends a cage in which no script has begun, and says why.
func (r *running) stillborn(err error) error {
	err = errors.Join(err, r.bwrap.signal(syscall.SIGKILL))
	<-r.bwrap.done
	if copyErr := r.copy(r.said); copyErr != nil {
		return errors.Join(err, copyErr)
	}
	return r.unconfined(err)
}

// unconfined repeats what bwrap printed: no script has printed anything.
func (r *running) unconfined(err error) error {
	if len(r.last) > 0 {
		return fmt.Errorf("%w: %s", ErrUnconfined, strings.Join(r.ending(), " / "))
	}
	return fmt.Errorf("%w: %w", ErrUnconfined, err)
}

// finish waits for the end of everything in the cage.
func (r *running) finish(ctx context.Context) error {
	copied := make(chan error, 1)
	go func() { copied <- r.copy(r.said) }()
	cut := false
	select {
	case <-r.bwrap.done:
	case <-ctx.Done():
		cut = true
	}
	err := errors.Join(r.init.kill(), r.init.wait())
	<-r.bwrap.done
	err = errors.Join(err, <-copied)
	switch {
	case err != nil:
		return err
	case cut:
		return fmt.Errorf("the script was ended: %w", context.Cause(ctx))
	}
	return r.outcome()
}

// outcome reads how the script ended. bwrap reports that of what it has begun
// to execute, and nothing when it could not make the cage.
func (r *running) outcome() error {
	var ended struct {
		Status *int `json:"exit-code"`
	}
	err := r.report.Decode(&ended)
	switch {
	case err != nil || ended.Status == nil:
		return r.unconfined(errors.Join(err, r.bwrap.err))
	case *ended.Status != 0:
		return &ExitError{Status: *ended.Status, Last: r.ending()}
	}
	return nil
}

// close closes what is ours.
func (r *running) close() {
	r.init.close()
	r.wires.close()
}
