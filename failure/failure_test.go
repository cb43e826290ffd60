package failure_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"spliced/block"
	"spliced/disk"
	"spliced/failure"
	"spliced/ingest"
	"spliced/libvirt"
	"spliced/ovf"
	"spliced/rpc"
	"spliced/script"
	"spliced/store"
	"spliced/vm"
)

// Whatever goes wrong has its code, and is a sentence.
func TestOf(t *testing.T) {
	t.Parallel()
	damaged := &disk.FormatError{Format: disk.VMDK, Offset: 7, Reason: "it is cut off", Kind: disk.ErrDamaged}
	for _, c := range []struct {
		err  error
		code rpc.Code
		text string
	}{
		{rpc.Errorf(rpc.Stalled, "As it is."), rpc.Stalled, "As it is."},
		{fmt.Errorf("around: %w", rpc.Errorf(rpc.Limit, "As it is.")), rpc.Limit, "As it is."},
		{&ingest.Refusal{Kind: ingest.BadSource, Text: "no"}, rpc.BadSource, "no."},
		{&ingest.Refusal{Kind: ingest.SourceIO, Text: "no"}, rpc.SourceIO, "no."},
		{&ingest.Refusal{Kind: ingest.Stalled, Text: "no"}, rpc.Stalled, "no."},
		{&ingest.Refusal{Kind: ingest.Integrity, Text: "no"}, rpc.Integrity, "no."},
		{&ingest.Refusal{Kind: ingest.BadOVA, Text: "no"}, rpc.BadImage, "no."},
		{&ingest.Refusal{Kind: ingest.Unsupported, Text: "no"}, rpc.Unsupported, "no."},
		{&ingest.Refusal{Kind: ingest.TooLarge, Text: "no"}, rpc.Limit, "no."},
		{&ingest.Refusal{Kind: ingest.Taken, Text: "no"}, rpc.Exists, "no."},
		{&ovf.Refusal{Class: ovf.BadArchive, Text: "no", Offset: -1}, rpc.BadImage, "no."},
		{&ovf.Refusal{Class: ovf.BadDescriptor, Text: "no", Line: 3, Offset: -1}, rpc.BadImage, "no (line 3)."},
		{&ovf.Refusal{Class: ovf.Unsupported, Text: "no", Offset: -1}, rpc.Unsupported, "no."},
		{&ovf.Refusal{Class: ovf.TooLarge, Text: "no", Offset: -1}, rpc.Limit, "no."},
		{&ovf.Refusal{Class: ovf.Integrity, Text: "no", Offset: -1}, rpc.Integrity, "no."},
		{&ovf.Refusal{Class: ovf.BadChoice, Text: "no", Offset: -1}, rpc.InvalidParams, "no."},
		{damaged, rpc.BadImage, "it is cut off (at byte 7 of the image)."},
		{&disk.FormatError{Offset: -1, Reason: "no", Kind: disk.ErrUnsupported}, rpc.Unsupported, "no."},
		{&disk.FormatError{Offset: -1, Reason: "no", Kind: disk.ErrTooLarge}, rpc.Limit, "no."},
		{fmt.Errorf("cannot write: %w", syscall.ENOSPC), rpc.NoSpace, "cannot write: no space left on device"},
		{syscall.EDQUOT, rpc.NoSpace, "disk quota exceeded"},
		{fmt.Errorf("cannot remove: %w", syscall.EBUSY), rpc.Busy, "cannot remove: device or resource busy"},
		{&ingest.ClonesError{Volume: "v", Children: []string{"a", "b"}}, rpc.Busy, `volume "v" has clones: a, b.`},
		{fmt.Errorf("cannot open: %w", block.ErrUnavailable), rpc.ClusterUnavailable, "cannot open: the storage does not answer"},
		{context.DeadlineExceeded, rpc.ClusterUnavailable, "context deadline exceeded"},
		{context.Canceled, rpc.Cancelled, "context canceled"},
		{fs.ErrNotExist, rpc.NotFound, "file does not exist"},
		{fs.ErrExist, rpc.Exists, "file already exists"},
		{fs.ErrPermission, rpc.Denied, "permission denied"},
		{&store.CorruptError{Kind: "ovas", Name: "n", Path: "/p", Err: errors.New("why")}, rpc.StateCorrupt, `cannot use the record "n" of ovas: /p: why; mend the file, or move it away.`},
		{fmt.Errorf("cannot write: %w", store.ErrTooLarge), rpc.Limit, "cannot write: it exceeds the size limit"},
		{fmt.Errorf("cannot write: %w", store.ErrChanged), rpc.Busy, "cannot write: the record was changed meanwhile"},
		{fmt.Errorf("the script was ended: %w", script.ErrTimeLimit), rpc.Limit, "the script took too long."},
		{fmt.Errorf("%w: no room", script.ErrUnconfined), rpc.Unsupported, "scripts can't be confined on this host: no room."},
		{&script.ExitError{Status: 3, Last: []string{"no", "way"}}, rpc.InvalidState, "the script failed with status 3; its output ends with: no / way."},
		{errors.Join(&script.ExitError{Status: 3}, errors.New("and more")), rpc.InvalidState, "the script failed with status 3; it printed nothing."},
		{&vm.Failure{Kind: vm.Incomplete, Text: "no"}, rpc.InvalidState, "no."},
		{&vm.Failure{Kind: vm.Invalid, Text: "no"}, rpc.InvalidParams, "no."},
		{&vm.Failure{Kind: vm.Missing, Text: "no"}, rpc.NotFound, "no."},
		{&vm.Failure{Kind: vm.Unsupported, Text: "no"}, rpc.Unsupported, "no."},
		{fmt.Errorf("cannot start: %w", libvirt.ErrRunning), rpc.InvalidState, "cannot start: it is running"},
		{fmt.Errorf("it is to have 0 bytes: %w", fs.ErrInvalid), rpc.InternalError, "it is to have 0 bytes: invalid argument"},
		{errors.New("a defect"), rpc.InternalError, "a defect"},
		{errors.Join(syscall.ENOSPC, errors.New("and more")), rpc.NoSpace, "no space left on device; and more."},
	} {
		e := failure.Of(c.err)
		if e.Code != c.code || e.Message != c.text || e.Data.Kind != c.code.Kind() {
			t.Errorf("%v: %d %s %q, want %d %q", c.err, e.Code, e.Data.Kind, e.Message, c.code, c.text)
		}
		if strings.Contains(e.Message, "\n") {
			t.Errorf("%q has several lines", e.Message)
		}
	}
}

// Where it went wrong goes along.
func TestPlaces(t *testing.T) {
	t.Parallel()
	e := failure.Of(&ovf.Refusal{Class: ovf.Integrity, Text: "no", Member: "m", Offset: 512})
	if e.Data.Member != "m" || e.Data.Offset == nil || *e.Data.Offset != 512 {
		t.Errorf("got %+v", e.Data)
	}
	if e := failure.Of(&ovf.Refusal{Class: ovf.Integrity, Text: "no", Offset: -1}); e.Data.Offset != nil {
		t.Errorf("got %+v", e.Data)
	}
	if e := failure.Of(&ingest.Refusal{Kind: ingest.Taken, Text: "no", Member: "m", Hint: "Do."}); e.Data.Member != "m" || e.Data.Hint != "Do." {
		t.Errorf("got %+v", e.Data)
	}
	if e := failure.Of(&disk.FormatError{Offset: 9, Reason: "no", Kind: disk.ErrDamaged}); *e.Data.Offset != 9 {
		t.Errorf("got %+v", e.Data)
	}
}

func TestCannot(t *testing.T) {
	t.Parallel()
	cause := fmt.Errorf("cannot write: %w", syscall.ENOSPC)
	e := failure.Cannot(`import OVA "web"`, cause)
	if e.Message != `Cannot import OVA "web": cannot write: no space left on device` || !errors.Is(e, syscall.ENOSPC) {
		t.Errorf("got %q", e.Message)
	}
	told := rpc.Errorf(rpc.NotFound, "there is none.").WithField("name").WithHint("Look.")
	e = failure.Cannot("show it", told)
	if e.Message != "Cannot show it: there is none." || e.Data.Field != "name" || e.Data.Hint != "Look." || told.Message != "there is none." {
		t.Errorf("got %q, %+v; what was told is now %q", e.Message, e.Data, told.Message)
	}
}

// A reason that is a sentence of its own goes on as a clause, and what could
// not be done is said once.
func TestCannotOfASentence(t *testing.T) {
	t.Parallel()
	e := failure.Cannot("inspect the image", rpc.Errorf(rpc.BadSource, "Cannot use descriptor 0: it is a folder."))
	if e.Message != "Cannot inspect the image: cannot use descriptor 0: it is a folder." || e.Code != rpc.BadSource {
		t.Errorf("got %d %q", e.Code, e.Message)
	}
}

// No kind of refusal is without a code: 0 would be success.
func TestEveryKindHasACode(t *testing.T) {
	t.Parallel()
	for kind := ingest.BadSource; kind <= ingest.Taken; kind++ {
		if e := failure.Of(&ingest.Refusal{Kind: kind, Text: "no"}); e.Code <= 0 {
			t.Errorf("kind %d has code %d", kind, e.Code)
		}
	}
}
