package ceph

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"spliced/block"
)

// failure says what could not be done with a volume, and why in the words of
// the contract.
func failure(action, volume string, err error) error {
	return fmt.Errorf("cannot %s volume %q: %w", action, volume, cause(err))
}

// cause turns what librados and librbd answered into what the contract says.
// What it doesn't know stays as it is.
func cause(err error) error {
	switch errno(err) { //nolint:exhaustive // the others have no place in the contract
	case syscall.ENOENT:
		return fs.ErrNotExist
	case syscall.EEXIST:
		return fs.ErrExist
	case syscall.EINVAL, syscall.EDOM:
		return fs.ErrInvalid
	case syscall.EPERM, syscall.EACCES:
		return fs.ErrPermission
	case syscall.ENOSPC, syscall.EDQUOT:
		return syscall.ENOSPC
	case syscall.EBUSY:
		return syscall.EBUSY
	case syscall.ETIMEDOUT, syscall.ENOTCONN, syscall.ESHUTDOWN, // ESHUTDOWN: this client is blocklisted
		syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.ECONNABORTED, syscall.EHOSTUNREACH, syscall.ENETUNREACH:
		return fmt.Errorf("%w: %v", block.ErrUnavailable, err)
	}
	return err
}

// errno is the number in a failure of go-ceph, which has them negative and not
// as syscall.Errno; 0 for any other failure and for none.
func errno(err error) syscall.Errno {
	var coded interface{ ErrorCode() int }
	if !errors.As(err, &coded) {
		return 0
	}
	return syscall.Errno(max(-coded.ErrorCode(), 0))
}
