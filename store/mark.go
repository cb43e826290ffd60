package store

import (
	"time"

	"golang.org/x/sys/unix"
)

// settling is how long after a change a file's times may fail to show another
// one: they advance with the kernel's tick (10 ms at HZ=100), and longer steps
// cost no more than a second look.
const settling = 100 * time.Millisecond

// A mark tells whether a file or folder is still what it was. Two equal marks
// mean the same content once the mark has settled.
type mark struct {
	dev, ino     uint64
	size         int64
	mtime, ctime int64 // nanoseconds
}

func markOf(st *unix.Stat_t) mark {
	return mark{
		dev: st.Dev, ino: st.Ino, size: st.Size,
		mtime: st.Mtim.Nano(), ctime: st.Ctim.Nano(),
	}
}

// settled tells whether at the time now a further change would have shown. It
// goes by ctime, which nobody can set; one that lies in the future (the clock
// was set back) never counts as settled.
func (m mark) settled(now time.Time) bool {
	return now.UnixNano()-m.ctime > int64(settling)
}
