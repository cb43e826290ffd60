package script

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// The wires are the descriptors between us and bwrap.
type wires struct {
	ours, theirs []*os.File
	failure      error // the first
}

// memory makes a file in memory for them to read.
func (w *wires) memory(name string, content []byte) *os.File {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		w.fail(fmt.Errorf("cannot make a file in memory: %w", err))
		return nil
	}
	f := os.NewFile(uintptr(fd), name)
	w.theirs = append(w.theirs, f)
	if _, err := f.WriteAt(content, 0); err != nil { // which leaves the position at the beginning
		w.fail(fmt.Errorf("cannot fill a file in memory: %w", err))
	}
	return f
}

// from makes a pipe on which they write.
func (w *wires) from() (ours, theirs *os.File) {
	return w.pipe(func(reading, writing *os.File) (ours, theirs *os.File) { return reading, writing })
}

// to makes a pipe on which we write.
func (w *wires) to() (ours, theirs *os.File) {
	return w.pipe(func(reading, writing *os.File) (ours, theirs *os.File) { return writing, reading })
}

func (w *wires) pipe(which func(reading, writing *os.File) (ours, theirs *os.File)) (ours, theirs *os.File) {
	reading, writing, err := os.Pipe()
	if err != nil {
		w.fail(fmt.Errorf("cannot make a pipe: %w", err))
		return nil, nil
	}
	ours, theirs = which(reading, writing)
	w.ours, w.theirs = append(w.ours, ours), append(w.theirs, theirs)
	if os.Geteuid() == 0 { // so that the script can open /dev/stderr
		if err := theirs.Chown(nobody, nobody); err != nil {
			w.fail(fmt.Errorf("root here can't hand things to the user nobody: %w", err))
		}
	}
	return ours, theirs
}

// fail keeps the first failure.
func (w *wires) fail(err error) {
	if w.failure == nil {
		w.failure = err
	}
}

// handOver closes their ends, which they have now, or never will.
func (w *wires) handOver() {
	for _, f := range w.theirs {
		_ = f.Close() // it has nothing to flush
	}
}

// close closes our ends.
func (w *wires) close() {
	for _, f := range w.ours {
		_ = f.Close() // what is lost here was not wanted
	}
}
