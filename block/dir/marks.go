package dir

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The extended attributes of a volume's file; doc.go has their meaning.
const (
	markID        = "user.spliced.id"
	markSnapshots = "user.spliced.snapshots"
	markParent    = "user.spliced.parent"
)

// maxMark is the size in bytes of the largest attribute that Linux has
// (XATTR_SIZE_MAX in xattr(7)).
const maxMark = 64 << 10

// marks is what a volume's file says of the volume.
type marks struct {
	id             string
	snapshots      []string
	parent         string // identity, "" for a volume that is no clone
	parentSnapshot string
}

func (m marks) frozen() bool { return len(m.snapshots) > 0 }

func (m marks) hasSnapshot(name string) bool { return slices.Contains(m.snapshots, name) }

// readMarks reads all marks; a file without identity is no volume and has none.
func readMarks(f *os.File) (marks, error) {
	id, err := readMark(f, markID)
	if err != nil || !validID(id) {
		return marks{}, err
	}
	snapshots, err := readMark(f, markSnapshots)
	if err != nil {
		return marks{}, err
	}
	parent, err := readMark(f, markParent)
	if err != nil {
		return marks{}, err
	}
	m := marks{id: id}
	if snapshots != "" {
		m.snapshots = strings.Split(snapshots, ",")
	}
	m.parent, m.parentSnapshot, _ = strings.Cut(parent, "@")
	return m, nil
}

// readMark reads one attribute, "" when it is not there.
func readMark(f *os.File, name string) (string, error) {
	var value string
	err := control(f, func(fd int) error {
		n, err := unix.Fgetxattr(fd, name, nil)
		if err != nil || n == 0 {
			return err
		}
		buf := make([]byte, maxMark)
		n, err = unix.Fgetxattr(fd, name, buf)
		value = string(buf[:max(n, 0)])
		return err
	})
	if errors.Is(err, syscall.ENODATA) {
		return "", nil
	}
	return value, os.NewSyscallError("fgetxattr", err)
}

// setMark writes one attribute.
func setMark(f *os.File, name, value string) error {
	err := control(f, func(fd int) error { return unix.Fsetxattr(fd, name, []byte(value), 0) })
	return os.NewSyscallError("fsetxattr", err)
}

// newID makes an identity that nothing else has.
func newID() string {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails, see its documentation
	return hex.EncodeToString(id)
}

// validID reports whether id is one that newID could have made.
func validID(id string) bool {
	_, err := hex.DecodeString(id)
	return err == nil && len(id) == 32
}
