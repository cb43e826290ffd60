package script

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

// nobody is the user that the script is, inside and, if this process is root,
// outside as well.
const nobody = 65534

// Descriptors of bwrap, after the standard ones.
const (
	argumentsFD = 3 + iota
	contentFD
	statusFD
	holdFD
)

// arguments are those of bwrap: bwrap(1). They reach it by a descriptor, since
// everybody on the host can read a command line.
func (t Task) arguments() ([]string, error) {
	args := []string{
		"--unshare-all", "--unshare-user", "--disable-userns",
		"--uid", strconv.Itoa(nobody), "--gid", strconv.Itoa(nobody), "--cap-drop", "ALL",
		"--die-with-parent", "--new-session",
		"--json-status-fd", strconv.Itoa(statusFD), "--block-fd", strconv.Itoa(holdFD),
	}
	if t.Network {
		args = append(args, "--share-net")
	}
	system, err := system()
	if err != nil {
		return nil, err
	}
	args = slices.Concat(args, system, t.etc(), t.own())
	env, err := t.environment()
	if err != nil {
		return nil, err
	}
	args = append(args, "--clearenv")
	for _, name := range slices.Sorted(maps.Keys(env)) {
		args = append(args, "--setenv", name, env[name])
	}
	return args, nil
}

// system shows the programs of the host: /usr, and the folders beside it, which
// are links into it where the file system is merged.
func system() ([]string, error) {
	args := []string{"--ro-bind", "/usr", "/usr"}
	for _, path := range []string{"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"} {
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			continue
		case err != nil:
			return nil, fmt.Errorf("cannot look at the system's folders: %w", err)
		case info.Mode().Type() != fs.ModeSymlink:
			args = append(args, "--ro-bind", path, path)
			continue
		}
		target, err := os.Readlink(path)
		if err != nil {
			return nil, fmt.Errorf("cannot look at the system's folders: %w", err)
		}
		args = append(args, "--symlink", target, path)
	}
	return args, nil
}

// etc shows what of /etc programs need to work at all, none of it secret.
func (t Task) etc() []string {
	names := []string{
		"alternatives", "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "nsswitch.conf", "passwd", "group",
		"mke2fs.conf", "ssl/certs", "ssl/openssl.cnf",
	}
	if t.Network {
		names = append(names, "resolv.conf", "hosts", "services", "protocols", "gai.conf")
	}
	var args []string
	for _, name := range names {
		args = append(args, "--ro-bind-try", "/etc/"+name, "/etc/"+name)
	}
	return args
}

// own is what is made for this script. What isn't given a size here is made
// read-only: bwrap puts the root and /dev on file systems in memory.
func (t Task) own() []string {
	scratch := strconv.FormatInt(t.Limits.Scratch, 10)
	args := []string{
		"--proc", "/proc", "--dev", "/dev",
		"--size", scratch, "--tmpfs", "/dev/shm", "--remount-ro", "/dev",
		"--size", scratch, "--tmpfs", "/tmp",
		"--perms", "0555", "--ro-bind-data", strconv.Itoa(contentFD), folder + "/script",
	}
	for _, d := range t.Disks {
		args = append(args, "--bind", d.Socket, inside(d))
	}
	return append(args, "--remount-ro", "/", "--chdir", "/tmp")
}

// command runs the script under its limits: prlimit(1) sets them inside, where
// processes are counted by the user namespace (Linux 5.14; by the user before).
func (t Task) command() []string {
	l := t.Limits
	return []string{
		"/usr/bin/prlimit", "--core=0", fmt.Sprintf("--as=%d", l.Memory),
		fmt.Sprintf("--nproc=%d", l.Processes), fmt.Sprintf("--nofile=%d", l.Files), "--", folder + "/script",
	}
}

// joined are arguments as bwrap reads them from a descriptor.
func joined(args []string) string { return strings.Join(args, "\x00") + "\x00" }
