package ingest

import (
	"errors"
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// pollInterval is how soon a blocked read notices that it is to stop.
	pollInterval = 200 * time.Millisecond
	// pipeSize is asked for on pipes: 16 times the default of pipe(7), so that
	// sender and reader meet less often.
	pipeSize = 1 << 20
)

// A Source is the descriptor that an upload comes from. Its open file
// description is shared with the caller, so neither its flags nor its position
// are touched: files are read by offset, pipes and sockets by poll(2) and
// read(2).
//
// Read is for one goroutine; the other methods are for any.
type Source struct {
	fd      int
	regular bool
	stat    unix.Stat_t
	stall   time.Duration
	offset  atomic.Int64
	stopped atomic.Pointer[error]
}

// NewSource takes over file. A source that gives nothing for as long as stall
// is given up (0: never).
func NewSource(file *os.File, stall time.Duration) (*Source, error) {
	fd, err := takeFD(file)
	if err != nil {
		return nil, refuse(SourceIO, "cannot take the source: %v", err).because(err)
	}
	s := &Source{fd: fd, stall: stall}
	if err := s.statInto(&s.stat); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.regular = s.stat.Mode&unix.S_IFMT == unix.S_IFREG
	if !s.regular {
		// Only a wish: fcntl(2) refuses it on sockets and beyond the user's limit.
		_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETPIPE_SZ, pipeSize)
	}
	return s, nil
}

// takeFD goes round os.File.Fd, which clears O_NONBLOCK in the description that
// is shared with the caller.
func takeFD(file *os.File) (int, error) {
	raw, err := file.SyscallConn()
	if err != nil {
		return -1, err
	}
	fd, dupErr := -1, error(nil)
	err = raw.Control(func(from uintptr) { fd, dupErr = unix.FcntlInt(from, unix.F_DUPFD_CLOEXEC, 0) })
	return fd, errors.Join(err, dupErr, file.Close())
}

func (s *Source) statInto(st *unix.Stat_t) error {
	if err := unix.Fstat(s.fd, st); err != nil {
		return refuse(SourceIO, "cannot look at the source: %v", err).because(err)
	}
	return nil
}

// Size is the source's size in bytes, -1 when only its end will tell.
func (s *Source) Size() int64 {
	if s.regular {
		return s.stat.Size
	}
	return -1
}

// Offset is the number of bytes read so far.
func (s *Source) Offset() int64 { return s.offset.Load() }

// Stop makes the read under way and all later ones fail with cause.
func (s *Source) Stop(cause error) { s.stopped.CompareAndSwap(nil, &cause) }

// Close gives the descriptor back.
func (s *Source) Close() error { return unix.Close(s.fd) }

// Read reads on, as io.Reader has it.
func (s *Source) Read(p []byte) (int, error) {
	if cause := s.stopped.Load(); cause != nil {
		return 0, *cause
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := s.read(p)
	if n > 0 {
		s.offset.Add(int64(n))
	}
	return n, err
}

func (s *Source) read(p []byte) (int, error) {
	if !s.regular {
		if err := s.await(); err != nil {
			return 0, err
		}
	}
	for {
		n, err := s.call(p)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			if err := s.await(); err != nil {
				return 0, err
			}
		case err != nil:
			return 0, refuse(SourceIO, "cannot read the source: %v", err).because(err)
		case n == 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

func (s *Source) call(p []byte) (int, error) {
	if s.regular {
		left := s.stat.Size - s.Offset()
		return unix.Pread(s.fd, p[:min(int64(len(p)), left)], s.Offset())
	}
	return unix.Read(s.fd, p)
}

// await returns when there is something to read, or an end.
func (s *Source) await() error {
	since := time.Now()
	fds := []unix.PollFd{{Fd: int32(s.fd), Events: unix.POLLIN}} //nolint:gosec // G115: a descriptor is small
	for {
		n, err := unix.Poll(fds, int(pollInterval.Milliseconds()))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return refuse(SourceIO, "cannot wait for the source: %v", err).because(err)
		}
		if n > 0 {
			return nil
		}
		if cause := s.stopped.Load(); cause != nil {
			return *cause
		}
		if s.stall > 0 && time.Since(since) > s.stall {
			return refuse(Stalled, "the source gave nothing for %v after %d bytes", s.stall, s.Offset()).
				withHint("Look whether its sender still runs, then upload again.")
		}
	}
}

// Unchanged returns nil when a file still is what it was when the upload began:
// same size, same times of change (stat(2)).
func (s *Source) Unchanged() error {
	if !s.regular {
		return nil
	}
	var now unix.Stat_t
	if err := s.statInto(&now); err != nil {
		return err
	}
	if now.Size != s.stat.Size || now.Mtim != s.stat.Mtim || now.Ctim != s.stat.Ctim {
		return refuse(BadSource, "the file was changed while it was being read").
			withHint("Upload it again once nobody writes to it.")
	}
	return nil
}
