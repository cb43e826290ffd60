package ingest

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// xfsLog is how large the log of an XFS is made where it would be larger,
	// in bytes: mkfs.xfs writes all of it, up to 2 GiB.
	xfsLog = 128 << 20
	// xfsLogFrom is the size of a filesystem, in bytes, from which mkfs.xfs
	// makes a larger log: one 2048th of it (mkfs/xfs_mkfs.c).
	xfsLogFrom = xfsLog * 2048
	// lazy has the guest's kernel write what is only zeros, where the volume
	// doesn't read as zeros already: mke2fs(8), -E.
	lazy = "nodiscard,lazy_itable_init=1,lazy_journal_init=1"
)

// formatArgs are the options for a filesystem's program: the caller's, and ours
// that keep it from writing more than it must. Where both set the same, the
// caller's holds.
func formatArgs(kind string, size int64, args []string) []string {
	switch kind {
	case "ext2", "ext3", "ext4":
		return extArgs(args)
	case "xfs":
		return xfsArgs(size, args)
	}
	return slices.Clone(args)
}

// extArgs puts our extended options before the caller's: mke2fs takes only the
// last -E, and of an option in it the last value.
func extArgs(args []string) []string {
	extended := []string{lazy}
	ours := []string{"-q", "-F"}
	for i := 0; i < len(args); i++ {
		if args[i] == "-E" && i+1 < len(args) {
			i++
			extended = append(extended, args[i])
			continue
		}
		ours = append(ours, args[i])
	}
	return append(ours, "-E", strings.Join(extended, ","))
}

// xfsArgs bounds the log unless the caller says how large it is.
func xfsArgs(size int64, args []string) []string {
	ours := append([]string{"-q", "-f", "-K"}, args...)
	at := slices.Index(args, "-l")
	said := at >= 0 && at+1 < len(args) && strings.Contains(","+args[at+1], ",size=")
	if size > xfsLogFrom && !said {
		ours = append(ours, "-l", fmt.Sprintf("size=%d", xfsLog))
	}
	return ours
}
