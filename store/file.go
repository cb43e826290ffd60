package store

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"golang.org/x/sys/unix"
)

const (
	folderMode = 0o750
	fileMode   = 0o640
)

// disk is what the store does to files, made of system's calls.
type disk struct{ sys system }

// writeTemp writes a new file under a dot-name in folder, durably but for the
// folder's entry, and returns its base name. A failure leaves nothing behind,
// unless the removal fails as well; the sweep takes care of that.
func (d disk) writeTemp(folder string, data []byte) (string, error) {
	name := tempName()
	path := filepath.Join(folder, name)
	fd, err := d.open(path, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW)
	if err != nil {
		return "", fmt.Errorf("cannot make a file in %s: %w", folder, err)
	}
	err = d.writeAll(fd, data)
	if err == nil {
		err = again(func() error { return d.sys.fsync(fd) })
	}
	// Close may tell of a write that failed late (NFS, quota); EINTR doesn't.
	if closeErr := d.sys.close(fd); err == nil && !errors.Is(closeErr, unix.EINTR) {
		err = closeErr
	}
	if err != nil {
		_ = d.unlink(path)
		return "", fmt.Errorf("cannot write a file in %s: %w", folder, err)
	}
	return name, nil
}

func (d disk) writeAll(fd int, data []byte) error {
	for len(data) > 0 {
		var n int
		err := again(func() (err error) {
			n, err = d.sys.write(fd, data)
			return err
		})
		switch {
		case err != nil:
			return err
		case n <= 0:
			return io.ErrShortWrite
		}
		data = data[n:]
	}
	return nil
}

// read returns a file's content, of at most limit bytes, and the mark of just
// that content. It neither follows a symbolic link nor waits on a FIFO.
func (d disk) read(path string, limit int) (data []byte, m mark, err error) {
	fd, err := d.open(path, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY)
	switch {
	case errors.Is(err, unix.ELOOP): // O_NOFOLLOW met a symbolic link (open(2))
		return nil, mark{}, errNotRegular
	case err != nil:
		return nil, mark{}, err
	}
	defer d.sys.close(fd) //nolint:errcheck // nothing was written
	var st unix.Stat_t
	if err := again(func() error { return d.sys.fstat(fd, &st) }); err != nil {
		return nil, mark{}, err
	}
	m = markOf(&st)
	switch {
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		return nil, m, errNotRegular
	case st.Size > int64(limit):
		return nil, m, fmt.Errorf("%w of %d bytes", ErrTooLarge, limit)
	}
	// One byte more than the size shows a file that grows: who gets less than was
	// asked for is at the end (read(2)).
	data = make([]byte, st.Size+1)
	n, err := d.readAll(fd, data, int(st.Size))
	switch {
	case err != nil:
		return nil, m, err
	case int64(n) != st.Size:
		return nil, m, errChanging
	}
	return data[:n], m, nil
}

var (
	errNotRegular = errors.New("it is not a regular file")
	errChanging   = errors.New("it changed while it was read")
)

// readAll reads until buf holds enough, or the file ends.
func (d disk) readAll(fd int, buf []byte, enough int) (int, error) {
	total := 0
	for total < enough || total == 0 {
		var n int
		err := again(func() (err error) {
			n, err = d.sys.read(fd, buf[total:])
			return err
		})
		if err != nil || n <= 0 {
			return total, err
		}
		total += n
	}
	return total, nil
}

// syncFolder makes a folder's entries durable.
func (d disk) syncFolder(path string) error {
	fd, err := d.open(path, unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return fmt.Errorf("cannot open the folder %s to make it durable: %w", path, err)
	}
	defer d.sys.close(fd) //nolint:errcheck // nothing was written by this descriptor
	if err := again(func() error { return d.sys.fsync(fd) }); err != nil {
		return fmt.Errorf("cannot make the folder %s durable: %w", path, err)
	}
	return nil
}

func (d disk) open(path string, flags int) (fd int, err error) {
	err = again(func() (err error) {
		fd, err = d.sys.open(path, flags, fileMode)
		return err
	})
	return fd, err
}

func (d disk) rename(from, to string, flags uint) error {
	return again(func() error { return d.sys.rename(from, to, flags) })
}

// unlink removes a file; one that isn't there is removed already.
func (d disk) unlink(path string) error {
	err := again(func() error { return d.sys.unlink(path) })
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

func (d disk) lstat(path string) (st unix.Stat_t, err error) {
	err = again(func() error { return d.sys.lstat(path, &st) })
	return st, err
}

func (d disk) statAt(folder int, name string, st *unix.Stat_t) error {
	return again(func() error { return d.sys.statAt(folder, name, st) })
}

// tempName matches tempGrammar. crypto/rand.Read never fails.
func tempName() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return ".tmp-" + hex.EncodeToString(b[:])
}
