package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"

	"spliced/block"
)

const (
	// maxFormatted bounds what a filesystem's program writes, in bytes, since it
	// stays in memory until it is in the volume. Measured with mke2fs 1.47.0,
	// mkfs.xfs 6.1.0 and mkfs.fat 4.2: ext4 takes 16 MiB at 1 TiB and 232 MiB at
	// 16 TiB, ext3 and ext2 77 MiB for each TiB, XFS hardly more than its log,
	// which formatArgs bounds, vfat 256 MiB at 1 TiB.
	maxFormatted = 256 << 20
	// formatTimeout is ten times what the largest takes.
	formatTimeout = time.Minute
	// maxFormatSaid is how much of what a program said is told, in bytes.
	maxFormatSaid = 500
)

// A formatter is a program that makes filesystems of one kind.
type formatter struct {
	program string
	pkg     string // Debian's, that has it
	largest int64  // bytes, for which maxFormatted is enough
}

func formatters() map[string]formatter {
	const gib, tib = int64(1) << 30, int64(1) << 40
	return map[string]formatter{
		"ext2": {"mkfs.ext2", "e2fsprogs", 3 * tib},
		"ext3": {"mkfs.ext3", "e2fsprogs", 3 * tib},
		"ext4": {"mkfs.ext4", "e2fsprogs", 16 * tib},
		"xfs":  {"mkfs.xfs", "xfsprogs", 64 * tib},
		"vfat": {"mkfs.vfat", "dosfstools", 512 * gib},
		"swap": {"mkswap", "util-linux", 64 * tib},
	}
}

// checkFilesystem refuses what can't be made, before anything is.
func checkFilesystem(kind string, size int64) error {
	f, known := formatters()[kind]
	if !known {
		return fmt.Errorf("there is no filesystem %.40q: %w", kind, fs.ErrInvalid)
	}
	if size > f.largest {
		return refuse(TooLarge, "a filesystem %s of %d bytes takes more memory to make than the %d MiB that it may; the largest has %d bytes",
			kind, size, maxFormatted>>20, f.largest).
			withHint("Make the filesystem in the guest, or choose another kind.")
	}
	if _, err := f.path(); err != nil {
		return err
	}
	return nil
}

// path finds the program. Services often have no PATH with the folders of the
// administrator's programs.
func (f formatter) path() (string, error) {
	for _, dir := range []string{"/usr/sbin/", "/sbin/", "/usr/bin/", "/bin/"} {
		if path, err := exec.LookPath(dir + f.program); err == nil {
			return path, nil
		}
	}
	return "", refuse(Unsupported, "this host has no %s, which makes that filesystem", f.program).
		withHint(fmt.Sprintf("Install it; Debian has it in the package %s.", f.pkg))
}

// format has a filesystem made in a file in memory, and copies what was written
// into the volume.
func (m *maker) format(ctx context.Context) (v block.Volume, err error) {
	file, err := newMemFile(m.order.Size)
	if err != nil {
		return nil, fmt.Errorf("cannot make a file in memory: %w", err)
	}
	m.progress("formatting", 0, 1, "filesystems")
	f := formatters()[m.order.Filesystem]
	err = file.within(ctx, maxFormatted, func(ctx context.Context) error {
		return f.run(ctx, file.File, formatArgs(m.order.Filesystem, m.order.Size, m.order.Args))
	})
	if err == nil {
		m.progress("formatting", 1, 1, "filesystems")
		v, err = m.create(ctx, m.order.Size, func(ctx context.Context, v block.Volume) error { return m.transfer(ctx, v, file) })
	}
	if errors.Is(err, ErrAbandoned) { // the file is still in use
		return nil, err
	}
	if err := errors.Join(err, file.Close()); err != nil {
		if v != nil {
			err = errors.Join(err, v.Close())
		}
		return nil, err
	}
	return v, nil
}

// run runs the program on the file, as its descriptor 3, and kills it when ctx
// ends, or this process does.
func (f formatter) run(ctx context.Context, file *os.File, args []string) error {
	path, err := f.path()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, formatTimeout, refuse(Stalled, "%s took more than %v", f.program, formatTimeout))
	defer cancel()
	cmd := exec.CommandContext(ctx, path, append(args, "--", "/proc/self/fd/3")...) //nolint:gosec // one of formatters, with checked options
	cmd.Env = []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	cmd.Dir = "/"
	cmd.ExtraFiles = []*os.File{file}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	cmd.WaitDelay = time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	runtime.LockOSThread() // the child's death signal is tied to the thread that makes it
	err = cmd.Run()
	runtime.UnlockOSThread()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case context.Cause(ctx) != nil:
		return context.Cause(ctx)
	case errors.As(err, &exit) && exit.Exited():
		return refuse(Unsupported, "%s refuses: %s", f.program, oneLine(said.String())).because(err)
	}
	return fmt.Errorf("cannot run %s: %w", f.program, err)
}

// oneLine is the end of what a program said.
func oneLine(said string) string {
	said = strings.Join(strings.Fields(said), " ")
	return strings.ToValidUTF8(said[max(0, len(said)-maxFormatSaid):], "")
}
