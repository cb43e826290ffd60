package daemon

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// inspect refuses any descriptor that isn't a listening Unix stream socket.
func inspect(fd int) error {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fmt.Errorf("socket activation: descriptor %d was announced but is not open: %w", fd, err)
	}
	what := describeFile(st.Mode)
	if st.Mode&unix.S_IFMT == unix.S_IFSOCK {
		var err error
		if what, err = describeSocket(fd); err != nil {
			return err
		}
	}
	if what != "" {
		return fmt.Errorf("socket activation: descriptor %d is %s, not a listening Unix stream socket; check the Listen…= lines of the socket unit", fd, what)
	}
	return nil
}

// describeFile names the kind of a file that is no socket.
func describeFile(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "a regular file"
	case unix.S_IFDIR:
		return "a directory"
	case unix.S_IFIFO:
		return "a pipe"
	case unix.S_IFCHR:
		return "a character device"
	case unix.S_IFBLK:
		return "a block device"
	default: // event descriptors and their like have no type at all
		return "an anonymous kernel object"
	}
}

// describeSocket says what is wrong with a socket, "" for nothing.
func describeSocket(fd int) (string, error) {
	var v [3]int
	for i, opt := range []int{unix.SO_DOMAIN, unix.SO_TYPE, unix.SO_ACCEPTCONN} {
		var err error
		if v[i], err = unix.GetsockoptInt(fd, unix.SOL_SOCKET, opt); err != nil {
			return "", fmt.Errorf("socket activation: ask what socket descriptor %d is: %w", fd, err)
		}
	}
	domain, kind, listens := v[0], v[1], v[2] != 0
	switch {
	case domain != unix.AF_UNIX || kind != unix.SOCK_STREAM:
		return fmt.Sprintf("%s %s socket", family(domain), socketType(kind)), nil
	case !listens:
		return "a Unix stream socket that doesn't listen", nil
	}
	return "", nil
}

func family(domain int) string {
	switch domain {
	case unix.AF_UNIX:
		return "a Unix"
	case unix.AF_INET:
		return "an IPv4"
	case unix.AF_INET6:
		return "an IPv6"
	case unix.AF_NETLINK:
		return "a netlink"
	case unix.AF_VSOCK:
		return "a vsock"
	default:
		return fmt.Sprintf("a family %d", domain)
	}
}

func socketType(kind int) string {
	switch kind {
	case unix.SOCK_STREAM:
		return "stream"
	case unix.SOCK_DGRAM:
		return "datagram"
	case unix.SOCK_SEQPACKET:
		return "sequential-packet"
	default:
		return fmt.Sprintf("type %d", kind)
	}
}
