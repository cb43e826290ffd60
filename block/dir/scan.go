package dir

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"spliced/block"
)

// An entry is a volume as a scan of the folder finds it.
type entry struct {
	name string
	marks
}

// findings is what a scan of the folder found.
type findings struct {
	volumes  []entry // sorted by name
	staged   []string
	metadata []string // names of files
	unread   bool     // some file can't be read and might be a volume
}

// scan reads the whole folder. The caller holds the lock, without which a
// volume that is being renamed could be missed.
func (p *Pool) scan() (findings, error) {
	var found findings
	names, err := p.regular()
	if err != nil {
		return found, err
	}
	for _, name := range names {
		if isStaged(name) {
			found.staged = append(found.staged, name)
		}
		if isMetadata(name) {
			found.metadata = append(found.metadata, name)
		}
		if !block.ValidName(name) {
			continue
		}
		m, err := p.marksOf(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case errors.Is(err, fs.ErrPermission):
			found.unread = true
		case err != nil:
			return found, err
		default:
			found.volumes = append(found.volumes, entry{name, m})
		}
	}
	return found, nil
}

// regular names the folder's regular files, sorted.
func (p *Pool) regular() ([]string, error) {
	folder, err := p.openAt(".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	entries, err := folder.ReadDir(-1)
	if err := errors.Join(err, folder.Close()); err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

// marksOf reads the marks of the volume of that name.
func (p *Pool) marksOf(name string) (marks, error) {
	f, m, err := p.openVolume(name, unix.O_RDONLY)
	if err != nil {
		return marks{}, err
	}
	return m, f.Close()
}

// openVolume opens the file of a volume and reads its marks. What isn't a
// volume doesn't exist for it, and isn't even opened: opening a device may do
// something.
func (p *Pool) openVolume(name string, flags int) (*os.File, marks, error) {
	var st unix.Stat_t
	err := again(func() error { return unix.Fstatat(p.fd(), name, &st, unix.AT_SYMLINK_NOFOLLOW) })
	if err != nil {
		return nil, marks{}, p.pathError("stat", name, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, marks{}, p.pathError("stat", name, fs.ErrNotExist)
	}
	f, err := p.openAt(name, flags)
	if errors.Is(err, syscall.ELOOP) {
		err = p.pathError("openat", name, fs.ErrNotExist) // became a symbolic link
	}
	if err != nil {
		return nil, marks{}, err
	}
	m, err := readMarks(f)
	if err == nil && m.id == "" {
		err = p.pathError("read the identity of", name, fs.ErrNotExist)
	}
	if err != nil {
		return nil, marks{}, errors.Join(err, f.Close())
	}
	return f, m, nil
}

// openAt opens a file of the folder, never through a symbolic link.
func (p *Pool) openAt(name string, flags int) (*os.File, error) {
	fd := -1
	err := again(func() (err error) {
		fd, err = unix.Openat(p.fd(), name, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, newMode)
		return err
	})
	if err != nil {
		return nil, p.pathError("openat", name, err)
	}
	return os.NewFile(uintptr(fd), filepath.Join(p.folder.Name(), name)), nil
}

// pathError names the file that something failed on, unless it didn't fail.
func (p *Pool) pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: filepath.Join(p.folder.Name(), name), Err: err}
}

// children names the volumes that were cloned from the one with that identity.
func (f findings) children(id string) []string {
	var names []string
	for _, e := range f.volumes {
		if e.parent == id {
			names = append(names, e.name)
		}
	}
	return names
}

// nameOf is the present name of the volume with that identity, "" when there
// is none.
func (f findings) nameOf(id string) string {
	for _, e := range f.volumes {
		if e.id == id {
			return e.name
		}
	}
	return ""
}

// sweep removes what processes that are no more left half made or half
// removed: staged files that nobody has locked, metadata of volumes that are
// gone.
func (p *Pool) sweep(ctx context.Context) error {
	unlock, err := p.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	found, err := p.scan()
	if err != nil {
		return err
	}
	for _, name := range found.staged {
		if err := p.removeAbandoned(name); err != nil {
			return err
		}
	}
	if found.unread {
		return nil
	}
	for _, name := range found.metadata {
		if found.nameOf(strings.TrimPrefix(name, metadataPrefix)) != "" {
			continue
		}
		if err := p.unlink(name); err != nil {
			return err
		}
	}
	return nil
}
