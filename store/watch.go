package store

import (
	"time"

	"golang.org/x/sys/unix"
)

// trusted is how long a scan is believed on the kernel's word that nothing
// happened. It bounds what inotify(7) never tells: writes through a memory map,
// through another name of the file elsewhere, by another host.
const trusted = time.Second

// A watch asks the kernel whether anything happened in a folder: one call for
// what else takes one for each file. Where there is no watch (their number is
// limited) the files are looked at.
type watch struct {
	disk     disk
	fd       int // 0 for none
	dev, ino uint64
	buf      [4096]byte
	closed   bool
}

// changes are all events by which a file's content or name may become another.
const changes = unix.IN_MODIFY | unix.IN_ATTRIB | unix.IN_CLOSE_WRITE | unix.IN_CREATE | unix.IN_DELETE |
	unix.IN_MOVE | unix.IN_DELETE_SELF | unix.IN_MOVE_SELF | unix.IN_ONLYDIR

// quiet tells whether nothing has happened, since it was called last, in the
// folder at path, which has the mark m. An event is queued before the call returns
// that makes the change: what was done before quiet is called is never missed.
func (w *watch) quiet(path string, m mark) bool {
	if w.fd > 0 && w.dev == m.dev && w.ino == m.ino {
		n, err := w.disk.sys.read(w.fd, w.buf[:])
		if err == unix.EAGAIN { //nolint:errorlint // a bare errno
			return true
		}
		for err == nil && n > 0 {
			n, err = w.disk.sys.read(w.fd, w.buf[:])
		}
		if err == unix.EAGAIN { //nolint:errorlint // a bare errno
			return false
		}
	}
	w.begin(path, m)
	return false
}

// begin watches the folder anew. Where another has taken its path meanwhile, the
// next mark tells.
func (w *watch) begin(path string, m mark) {
	w.end()
	if w.closed {
		return
	}
	fd, err := w.disk.sys.watch(path, changes)
	if err == nil {
		w.fd, w.dev, w.ino = fd, m.dev, m.ino
	}
}

func (w *watch) end() {
	if w.fd > 0 {
		_ = w.disk.sys.close(w.fd)
	}
	w.fd = 0
}
