package rpc

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Access is how much a peer may do, and how much a method asks for. Each level
// includes those below it.
type Access int

// The levels of access.
const (
	AccessNone  Access = iota // nothing: the connection is refused
	AccessRead                // look, but change nothing
	AccessWrite               // also make, change and remove
	AccessAdmin               // also what concerns the daemon itself or others' work
)

// String returns the word that stands in configuration and in the OpenRPC document.
func (a Access) String() string {
	switch a {
	case AccessNone:
		return "none"
	case AccessRead:
		return "read"
	case AccessWrite:
		return "write"
	case AccessAdmin:
		return "admin"
	}
	return "unknown"
}

// A Peer is the process at the other end as it was when it connected: what
// SO_PEERCRED and SO_PEERGROUPS say (unix(7), socket(7)).
type Peer struct {
	UID    uint32
	GID    uint32   // the primary group
	Groups []uint32 // the supplementary groups; may or may not repeat GID
	PID    int32    // for the log only: it may be another process by now
	Access Access   // what the server's policy grants
}

// InGroup reports whether the peer has the group, primary or supplementary.
func (p Peer) InGroup(gid uint32) bool {
	return p.GID == gid || slices.Contains(p.Groups, gid)
}

// peerOf asks the kernel who connected. The answer is from the time of
// connect(2): a process that changes its user afterwards gains nothing.
func peerOf(conn *net.UnixConn) (Peer, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return Peer{}, fmt.Errorf("reach the socket: %w", err)
	}
	var (
		peer   Peer
		asking error
	)
	err = raw.Control(func(fd uintptr) {
		var cred *unix.Ucred
		cred, asking = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
		if asking != nil {
			return
		}
		peer = Peer{UID: cred.Uid, GID: cred.Gid, PID: cred.Pid}
		peer.Groups, asking = peerGroups(fd)
	})
	if err := errors.Join(err, asking); err != nil {
		return Peer{}, fmt.Errorf("read the peer's credentials: %w", err)
	}
	return peer, nil
}

// peerGroups reads SO_PEERGROUPS, which has no wrapper in x/sys: the kernel
// answers ERANGE with the length it needs when the room is too small.
func peerGroups(fd uintptr) ([]uint32, error) {
	buf := make([]byte, 64*4)
	for {
		length := uint32(len(buf)) //nolint:gosec // at most 65536 groups of 4 bytes (NGROUPS_MAX)
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_PEERGROUPS,
			uintptr(unsafe.Pointer(&buf[0])), uintptr(unsafe.Pointer(&length)), 0) //nolint:gosec // getsockopt(2) takes pointers
		if errno == unix.ERANGE && int(length) > len(buf) {
			buf = make([]byte, length)
			continue
		}
		if errno != 0 {
			return nil, errno
		}
		groups := make([]uint32, 0, length/4)
		for at := uint32(0); at+4 <= length; at += 4 {
			groups = append(groups, binary.NativeEndian.Uint32(buf[at:]))
		}
		return groups, nil
	}
}
