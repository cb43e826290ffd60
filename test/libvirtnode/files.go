package libvirtnode

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// script is the first process of a node: it puts the folders under libvirt's
// fixed paths, starts the daemon, collects what dies, and ends with the daemon,
// which ends all others. The paths that are missing on the host are made there,
// empty, since a mount needs a place.
const script = `set -eu
mount --make-rprivate / 2>/dev/null || {
	echo "the root folder is no mount point, as in a chroot: bind it onto itself first (mount --bind DIR DIR), or use a container" >&2
	exit 1
}
mount -t proc proc /proc
for path in etc/libvirt run/libvirt var/lib/libvirt var/cache/libvirt var/log/libvirt var/log/swtpm var/lib/swtpm-localca; do
	mkdir -p "$1/$path" "/$path"
	mount --bind "$1/$path" "/$path"
done
for file in passwd group; do
	mount --bind "$1/etc/$file" "/etc/$file"
done
mkdir "$1/sock"
libvirtd --config /etc/libvirt/libvirtd.conf --pid-file "$1/libvirtd.pid" &
wait $!
`

// libvirtdConf is for a socket in the node's folder, without D-Bus and polkit.
const libvirtdConf = `unix_sock_dir = %q
unix_sock_rw_perms = "0700"
auth_unix_rw = "none"
auth_unix_ro = "none"
log_outputs = "3:stderr"
`

// qemuConf leaves out all that needs a system around libvirtd: security
// drivers, control groups, device nodes of their own, the log daemon.
const qemuConf = `user = "root"
group = "root"
swtpm_user = "root"
swtpm_group = "root"
security_driver = "none"
dynamic_ownership = 0
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
`

// The users whom the driver for QEMU looks up before it reads its configuration;
// Debian's libvirt-daemon-system would make them.
const (
	users  = "libvirt-qemu:x:64055:64055::/nonexistent:/usr/sbin/nologin\n"
	groups = "libvirt-qemu:x:64055:\nkvm:x:64054:\n"
)

// fill writes the files that the daemon starts from.
func fill(dir string, ports claim) error {
	if err := os.MkdirAll(filepath.Join(dir, "etc", "libvirt"), 0o700); err != nil {
		return err
	}
	passwd, err := extended("/etc/passwd", users)
	if err != nil {
		return err
	}
	group, err := extended("/etc/group", groups)
	if err != nil {
		return err
	}
	for name, text := range map[string]string{
		"etc/passwd":                passwd,
		"etc/group":                 group,
		"etc/libvirt/libvirtd.conf": fmt.Sprintf(libvirtdConf, filepath.Join(dir, "sock")),
		"etc/libvirt/qemu.conf":     qemuConf + ports.conf(),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil { //nolint:gosec // all programs in the node read /etc/passwd
			return err
		}
	}
	return nil
}

// extended is the text of a file of users or groups with those lines that it
// lacks.
func extended(path, lines string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	all := strings.TrimSuffix(string(text), "\n") + "\n"
	for line := range strings.Lines(lines) {
		name, _, _ := strings.Cut(line, ":")
		if !strings.Contains("\n"+all, "\n"+name+":") {
			all += line
		}
	}
	return all, nil
}
