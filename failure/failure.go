package failure

import (
	"context"
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"spliced/block"
	"spliced/disk"
	"spliced/ingest"
	"spliced/libvirt"
	"spliced/ovf"
	"spliced/rpc"
	"spliced/script"
	"spliced/store"
	"spliced/vm"
)

// Of returns what the caller is told of err: why, without what could not be
// done. An *rpc.Error in the chain is returned as it is.
func Of(err error) *rpc.Error {
	var (
		wire    *rpc.Error
		refusal *ingest.Refusal
		archive *ovf.Refusal
		format  *disk.FormatError
		plan    *vm.Failure
		host    *libvirt.UnreachableError
		exit    *script.ExitError
	)
	switch {
	case errors.As(err, &wire):
		return wire
	case errors.As(err, &refusal):
		return ofRefusal(refusal)
	case errors.As(err, &archive):
		return ofArchive(archive)
	case errors.As(err, &format):
		return ofFormat(err, format)
	case errors.As(err, &plan):
		return ofPlan(plan)
	case errors.As(err, &host):
		return rpc.Errorf(rpc.ClusterUnavailable, "%s", sentence(oneLine(err), root(err))).WithHint(host.Hint)
	case errors.As(err, &exit):
		return rpc.Errorf(rpc.InvalidState, "%s", sentence(exit.Error(), nil)).WithHint("The job's log has what the script said.")
	case errors.Is(err, script.ErrTimeLimit):
		return rpc.Errorf(rpc.Limit, "the script took too long.").
			WithHint("Raise scripts.time_limit in the daemon's configuration, or let the script do less.")
	case errors.Is(err, script.ErrUnconfined):
		return rpc.Errorf(rpc.Unsupported, "%s", sentence(oneLine(err), nil)).WithHint("Install bubblewrap, and let it make user namespaces.")
	}
	return ofCause(err)
}

// Cannot puts what could not be done before the reason. A reason that is a
// sentence of its own goes on as a clause.
func Cannot(action string, err error) *rpc.Error {
	e := *Of(err)
	reason := e.Message
	if rest, whole := strings.CutPrefix(reason, "Cannot "); whole {
		reason = "cannot " + rest
	}
	e.Message = "Cannot " + action + ": " + reason
	return e.WithCause(err)
}

// sentence ends a clause, unless it ends with its cause.
func sentence(text string, cause error) string {
	if strings.HasSuffix(text, ".") || cause != nil && strings.HasSuffix(text, cause.Error()) {
		return text
	}
	return text + "."
}

func ofRefusal(r *ingest.Refusal) *rpc.Error {
	codes := map[ingest.Kind]rpc.Code{
		ingest.BadSource: rpc.BadSource, ingest.SourceIO: rpc.SourceIO, ingest.Stalled: rpc.Stalled,
		ingest.Integrity: rpc.Integrity, ingest.BadOVA: rpc.BadImage, ingest.Unsupported: rpc.Unsupported,
		ingest.TooLarge: rpc.Limit, ingest.Taken: rpc.Exists,
	}
	e := rpc.Errorf(codes[r.Kind], "%s", sentence(r.Text, r.Unwrap())).WithMember(r.Member)
	return e.WithHint(r.Hint)
}

func ofArchive(r *ovf.Refusal) *rpc.Error {
	codes := map[ovf.Class]rpc.Code{
		ovf.BadArchive: rpc.BadImage, ovf.BadDescriptor: rpc.BadImage, ovf.Unsupported: rpc.Unsupported,
		ovf.TooLarge: rpc.Limit, ovf.Integrity: rpc.Integrity, ovf.BadChoice: rpc.InvalidParams,
	}
	e := rpc.Errorf(codes[r.Class], "%s", sentence(r.Error(), nil)).WithMember(r.Member)
	if r.Offset >= 0 {
		e = e.WithOffset(r.Offset)
	}
	return e
}

func ofFormat(err error, f *disk.FormatError) *rpc.Error {
	code := rpc.BadImage
	switch {
	case errors.Is(err, disk.ErrUnsupported):
		code = rpc.Unsupported
	case errors.Is(err, disk.ErrTooLarge):
		code = rpc.Limit
	}
	e := rpc.Errorf(code, "%s", sentence(f.Error(), nil))
	if member, ok := errors.AsType[*ingest.MemberError](err); ok {
		e = rpc.Errorf(code, "member %s: %s", ovf.Display(member.Member), e.Message).WithMember(member.Member)
	}
	if f.Offset >= 0 {
		e = e.WithOffset(f.Offset)
	}
	return e
}

func ofPlan(f *vm.Failure) *rpc.Error {
	codes := map[vm.Kind]rpc.Code{
		vm.Incomplete: rpc.InvalidState, vm.Invalid: rpc.InvalidParams, vm.Missing: rpc.NotFound, vm.Unsupported: rpc.Unsupported,
	}
	e := rpc.Errorf(codes[f.Kind], "%s", sentence(f.Text, nil)).WithField(f.Field)
	if f.Kind == vm.Incomplete {
		e = e.WithHint("Add to the profile what it lacks: " + strings.Join(f.Lacks, ", ") + ".")
	}
	return e
}

// ofCause maps what pools and the operating system answer. fs.ErrInvalid is none
// of it: what callers say is checked at the door, so behind it that is a defect.
func ofCause(err error) *rpc.Error {
	causes := []struct {
		is   error
		code rpc.Code
	}{
		{store.ErrCorrupt, rpc.StateCorrupt},
		{store.ErrChanged, rpc.Busy},
		{store.ErrTooLarge, rpc.Limit},
		{block.ErrHasClones, rpc.Busy},
		{block.ErrUnavailable, rpc.ClusterUnavailable},
		{libvirt.ErrRunning, rpc.InvalidState},
		{syscall.ENOSPC, rpc.NoSpace},
		{syscall.EDQUOT, rpc.NoSpace},
		{syscall.EBUSY, rpc.Busy},
		{fs.ErrNotExist, rpc.NotFound},
		{fs.ErrExist, rpc.Exists},
		{context.Canceled, rpc.Cancelled},
		{context.DeadlineExceeded, rpc.ClusterUnavailable},
		{fs.ErrPermission, rpc.Denied},
	}
	for _, c := range causes {
		if errors.Is(err, c.is) {
			return rpc.Errorf(c.code, "%s", sentence(oneLine(err), c.is))
		}
	}
	return rpc.Errorf(rpc.InternalError, "%s", sentence(oneLine(err), root(err)))
}

// oneLine joins what errors.Join put on lines of their own.
func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

// root is the innermost cause in a chain.
func root(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}
