package ceph

import (
	"errors"
	"io/fs"
	"syscall"
	"testing"

	"github.com/ceph/go-ceph/rados"
	"github.com/ceph/go-ceph/rbd"

	"spliced/block"
)

// coded is a failure as go-ceph makes them.
type coded int

func (c coded) Error() string  { return "coded" }
func (c coded) ErrorCode() int { return int(c) }

func TestFailuresAreTheContracts(t *testing.T) {
	for _, test := range []struct{ given, want error }{
		{rbd.ErrNotFound, fs.ErrNotExist},
		{rados.ErrNotFound, fs.ErrNotExist},
		{rbd.ErrExist, fs.ErrExist},
		{rados.ErrPermissionDenied, fs.ErrPermission},
		{rados.ErrNotConnected, block.ErrUnavailable},
		{coded(-int(syscall.EDQUOT)), syscall.ENOSPC},
		{coded(-int(syscall.ENOSPC)), syscall.ENOSPC},
		{coded(-int(syscall.EBUSY)), syscall.EBUSY},
		{coded(-int(syscall.ETIMEDOUT)), block.ErrUnavailable},
		{coded(-int(syscall.ESHUTDOWN)), block.ErrUnavailable},
		{coded(-int(syscall.EINVAL)), fs.ErrInvalid},
		{block.ErrFrozen, block.ErrFrozen},
	} {
		if got := failure("open", "x", test.given); !errors.Is(got, test.want) {
			t.Errorf("%v became %v, want %v", test.given, got, test.want)
		}
	}
	if cause(nil) != nil {
		t.Error("no failure became one")
	}
}
