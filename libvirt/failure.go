package libvirt

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	remote "github.com/digitalocean/go-libvirt"
)

// ErrRunning says that a domain runs, which is in the way.
var ErrRunning = errors.New("it is running")

// An UnreachableError says that libvirt can't be spoken to.
type UnreachableError struct {
	Socket string // its path
	Hint   string // what to do
	cause  error
}

func (e *UnreachableError) Error() string {
	return fmt.Sprintf("cannot reach libvirt at %s: %v", e.Socket, e.cause)
}

func (e *UnreachableError) Unwrap() error { return e.cause }

// unreachable says why a socket could not be connected to.
func unreachable(socket string, err error) error {
	hint := "Look whether libvirt runs on this host: systemctl status libvirtd virtqemud."
	switch {
	case errors.Is(err, fs.ErrPermission):
		hint = "Add the user of this service to the group that may use the socket: usermod --append --groups libvirt USER."
	case errors.Is(err, fs.ErrNotExist):
		hint = "Install libvirt's daemon (Debian: libvirt-daemon-system), or say where its socket is."
	}
	return &UnreachableError{Socket: socket, Hint: hint, cause: reason(err)}
}

// reason is the end of a chain of failures: what net adds to it says the path
// once more.
func reason(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

// cause turns what libvirt answered into what callers ask for with errors.Is;
// libvirt's own text stays. Numbers are those of virterror.h.
func (h *Host) cause(err error) error {
	if err == nil {
		return nil
	}
	var answer remote.Error
	if !errors.As(err, &answer) { // of the connection
		return unreachable(h.socket, err)
	}
	kind := error(nil)
	switch remote.ErrorNumber(answer.Code) { //nolint:exhaustive,gosec // the others are nobody's to recover from; numbers are small
	case remote.ErrNoDomain, remote.ErrNoSecret:
		kind = fs.ErrNotExist
	case remote.ErrDomExist:
		kind = fs.ErrExist
	case remote.ErrAuthFailed, remote.ErrAuthCancelled, remote.ErrAuthUnavailable, remote.ErrAccessDenied, remote.ErrOperationDenied:
		kind = fs.ErrPermission
	case remote.ErrOperationFailed: // virDomainObjListAddLocked in src/conf/virdomainobjlist.c
		if strings.Contains(answer.Message, "already exists with uuid") {
			kind = fs.ErrExist
		}
	case remote.ErrOperationInvalid: // qemuDomainCreateWithFlags in src/qemu/qemu_driver.c
		if strings.Contains(answer.Message, "already running") {
			kind = ErrRunning
		}
	}
	if kind == nil {
		return &RefusalError{Text: answer.Message}
	}
	return &answered{kind: kind, text: answer.Message}
}

// A RefusalError is what libvirt would not do, or could not, in its own words.
type RefusalError struct{ Text string }

func (e *RefusalError) Error() string { return e.Text }

// answered is a failure in libvirt's words and of one of our kinds.
type answered struct {
	kind error
	text string
}

func (a *answered) Error() string { return a.text }

func (a *answered) Unwrap() error { return a.kind }
