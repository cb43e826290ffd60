package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"syscall"

	"spliced/api"
	"spliced/rpc"
)

// The exit statuses beside the daemon's own codes (1 to 17), from sysexits(3head).
const (
	exitUsage       = 64
	exitNoInput     = 66
	exitUnavailable = 69
	exitProtocol    = 70
	exitOutput      = 74
	exitCancelled   = int(rpc.Cancelled)
)

// A failure is what a person is told, and the exit status.
type failure struct {
	code    int
	message string // a sentence; "" when everything was said
	hint    string // what to do, a sentence, or ""
}

// Error returns the message alone.
func (f *failure) Error() string { return f.message }

func (f *failure) print(w io.Writer) {
	if f.message != "" {
		_, _ = fmt.Fprintln(w, clean(f.message))
	}
	if f.hint != "" {
		_, _ = fmt.Fprintln(w, "Hint:", clean(f.hint))
	}
}

// misuse is a failure of whoever wrote the command line.
func misuse(hint, format string, args ...any) error {
	return &failure{code: exitUsage, message: fmt.Sprintf(format, args...), hint: hint}
}

// An unreachable is why the daemon could not be connected to.
type unreachable struct{ cause error }

// Error is for errors.As alone; explain words it.
func (u *unreachable) Error() string { return u.cause.Error() }

// explain turns what a command returned into a failure.
func explain(err error, socket string) *failure {
	var (
		known  *failure
		remote *rpc.Error
		absent *unreachable
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &remote):
		return &failure{exitStatus(int(remote.Code)), remote.Message, remote.Data.Hint}
	case errors.As(err, &absent):
		return absent.explain(socket)
	case errors.Is(err, rpc.ErrClosed):
		return &failure{
			exitUnavailable, fmt.Sprintf("Lost the connection to the daemon at %s.", socket),
			"What happened to it says: journalctl -u spliced.service",
		}
	case errors.Is(err, context.Canceled):
		return &failure{exitCancelled, "Interrupted.", ""}
	}
	return &failure{exitProtocol, fmt.Sprintf("Cannot go on: %v.", err), ""}
}

func (u *unreachable) explain(socket string) *failure {
	f := &failure{code: exitUnavailable, hint: "Whether it listens says: systemctl status spliced.socket"}
	var errno syscall.Errno
	switch {
	case errors.Is(u.cause, context.Canceled):
		return &failure{exitCancelled, "Interrupted.", ""}
	case errors.Is(u.cause, context.DeadlineExceeded):
		f.message = fmt.Sprintf("Cannot reach the daemon at %s: it doesn't take the connection.", socket)
		f.hint = "What it does says: systemctl status spliced.service"
	case errors.As(u.cause, &errno):
		f.message = fmt.Sprintf("Cannot reach the daemon at %s: %v.", socket, errno)
	default:
		f.message = fmt.Sprintf("Cannot reach the daemon at %s: %v.", socket, u.cause)
	}
	if errors.Is(u.cause, fs.ErrPermission) {
		f.hint = "Members of the group spliced may use it: add yourself with `usermod -aG spliced NAME` as root, and log in again."
	}
	return f
}

// exitStatus makes an exit status of a code from the wire. Protocol codes are
// negative, and those that a newer daemon may have grown could collide with
// statuses of our own. A value that the daemon refuses is the command line's
// fault, as is one that is refused here.
func exitStatus(code int) int {
	switch {
	case code > 0 && code < exitUsage:
		return code
	case code == int(rpc.InvalidParams):
		return exitUsage
	}
	return exitProtocol
}

// outcome is nil for a job that succeeded, else its failure.
func outcome(job api.Job) error {
	switch {
	case job.State == api.JobSucceeded:
		return nil
	case job.Failure != nil:
		return &failure{exitStatus(job.Failure.Code), job.Message, job.Failure.Hint}
	case job.State == api.JobCancelled:
		return &failure{exitCancelled, job.Message, ""}
	}
	return &failure{exitProtocol, job.Message, ""}
}
