package rpc

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// A SourceKind says how a source can be read.
type SourceKind int

// The kinds of source that CheckSource accepts.
const (
	SourceFile   SourceKind = iota + 1 // a regular file or memfd: read it by offset, never by its shared position
	SourcePipe                         // a pipe or FIFO
	SourceSocket                       // a connected stream socket: Unix or TCP
)

// String returns the word for a message.
func (k SourceKind) String() string {
	switch k {
	case SourceFile:
		return "file"
	case SourcePipe:
		return "pipe"
	case SourceSocket:
		return "socket"
	}
	return "unknown"
}

// A Source is what CheckSource found out about a descriptor.
type Source struct {
	Kind SourceKind
	Size int64 // st_size of a file, in bytes; -1 where only reading to the end tells
}

// CheckSource decides whether a descriptor from a peer may be read as a source.
// It reads nothing and changes nothing. What it refuses it refuses with
// BadSource, in this order: O_PATH, not open for reading, a directory, a device,
// a socket that listens or has no stream, a connection to our own socket (own is
// its path; "" is none), a file that the kernel makes up (proc, sysfs and their
// like), anything else.
//
// O_PATH comes first because its access mode reads as O_RDONLY (open(2)). A
// connection to ourselves would wait for itself. Files of proc and sysfs have
// side effects when read, and sizes that mean nothing.
func CheckSource(f *os.File, own string) (Source, error) {
	raw, err := f.SyscallConn()
	if err != nil {
		return Source{}, badSource("it is closed").WithCause(err)
	}
	var (
		source  Source
		refused *Error
	)
	// Not f.Fd, which may clear O_NONBLOCK in the description shared with the peer.
	err = raw.Control(func(fd uintptr) { source, refused = checkSource(int(fd), own) })
	switch {
	case err != nil:
		return Source{}, badSource("it is closed").WithCause(err)
	case refused != nil:
		return Source{}, refused
	}
	return source, nil
}

func badSource(why string) *Error {
	return Errorf(BadSource, "Cannot read the source: %s.", why).WithField("source")
}

func checkSource(fd int, own string) (Source, *Error) {
	if err := checkMode(fd); err != nil {
		return Source{}, err
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return Source{}, Errorf(SourceIO, "Cannot look at the source: %w", err)
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFDIR:
		return Source{}, badSource("it is a directory")
	case unix.S_IFCHR:
		return Source{}, badSource("it is a character device")
	case unix.S_IFBLK:
		return Source{}, badSource("it is a block device")
	case unix.S_IFSOCK:
		return checkSocket(fd, own)
	case unix.S_IFREG:
		return Source{Kind: SourceFile, Size: st.Size}, checkFilesystem(fd)
	case unix.S_IFIFO:
		return Source{Kind: SourcePipe, Size: -1}, checkFilesystem(fd)
	}
	return Source{}, badSource("it is neither a file, a pipe nor a stream socket")
}

// checkMode refuses what is not open for reading.
func checkMode(fd int) *Error {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	switch {
	case err != nil:
		return Errorf(SourceIO, "Cannot look at the source: %w", err)
	case flags&unix.O_PATH != 0:
		return badSource("it was opened with O_PATH, which gives no access to its content")
	case flags&unix.O_ACCMODE == unix.O_WRONLY:
		return badSource("it is open for writing only")
	case flags&unix.O_ACCMODE == unix.O_ACCMODE: // 3: for ioctl(2) alone, see open(2)
		return badSource("it is open for neither reading nor writing")
	}
	return nil
}

// checkSocket accepts connected stream sockets that are not our own.
func checkSocket(fd int, own string) (Source, *Error) {
	kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return Source{}, Errorf(SourceIO, "Cannot look at the source: %w", err)
	}
	if kind != unix.SOCK_STREAM {
		return Source{}, badSource("it is a socket that is not a stream, so it has no end")
	}
	listening, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN)
	if err != nil {
		return Source{}, Errorf(SourceIO, "Cannot look at the source: %w", err)
	}
	if listening != 0 {
		return Source{}, badSource("it is a socket that listens")
	}
	if isOwn(fd, own) {
		return Source{}, badSource("it is a connection to this daemon itself")
	}
	peer, err := unix.Getpeername(fd)
	if err != nil {
		return Source{}, badSource("it is a socket that is not connected")
	}
	switch peer.(type) {
	case *unix.SockaddrUnix, *unix.SockaddrInet4, *unix.SockaddrInet6:
		return Source{Kind: SourceSocket, Size: -1}, nil
	}
	return Source{}, badSource("it is a socket of a family that is not read from")
}

// isOwn tells either end of a connection to the socket that we listen on: one
// end has its path as the local name, the other as its peer's.
func isOwn(fd int, own string) bool {
	for _, name := range []func(int) (unix.Sockaddr, error){unix.Getsockname, unix.Getpeername} {
		address, err := name(fd)
		if at, ok := address.(*unix.SockaddrUnix); err == nil && ok && own != "" && at.Name == own {
			return true
		}
	}
	return false
}

// checkFilesystem refuses files that no storage stands behind.
func checkFilesystem(fd int) *Error {
	var st unix.Statfs_t
	err := unix.Fstatfs(fd, &st)
	for errors.Is(err, unix.EINTR) {
		err = unix.Fstatfs(fd, &st)
	}
	if err != nil {
		return Errorf(SourceIO, "Cannot look at the source: %w", err)
	}
	if name := kernelFilesystem(st.Type); name != "" {
		return badSource("it is a file of " + name + ", which the kernel makes up")
	}
	return nil
}
