// Package script is a provisioning script, run confined: one process tree that
// is given a VM's plan and its disks and can reach nothing else, and the NBD
// servers by which it reaches those disks.
//
// It knows neither records nor pools: what a plan says, and which volumes are a
// VM's, is told by the caller. It isn't for programs of our own, which need no
// cage.
//
// # The cage
//
// bubblewrap (bwrap, 0.8 or newer) makes it, out of what the kernel (5.11 or
// newer) gives to anybody: user, mount, PID, IPC, UTS, cgroup and, unless the network is asked
// for, network namespaces, and no_new_privs. Inside, the script is the user
// nobody without any capability, and can't make user namespaces of its own. To
// the outside it is the daemon's user; when that is root, it is nobody there as
// well. It sees /usr and what of /etc programs need, read-only, a /tmp and a
// /dev/shm in memory of bounded size, a fresh /proc and /dev, its own text, and
// its disks' sockets.
//
// All of it ends with the script: background processes are killed with the PID
// namespace's init, which in turn is killed when this process dies.
//
// A kernel, container or systemd unit that allows no user namespaces
// (user.max_user_namespaces, kernel.unprivileged_userns_clone,
// kernel.apparmor_restrict_unprivileged_userns; RestrictNamespaces= and a
// SystemCallFilter= without @mount) or no fresh /proc (ProtectKernelTunables=,
// ProtectKernelLogs=, ProtectHostname=) can't run scripts: Run answers
// ErrUnconfined, and never runs one outside of the cage.
//
// Limits of memory and of descriptors are of each process (setrlimit(2)), that
// of processes is of them all; a bound on the memory of all together is the
// cgroup's that this process is in.
package script
