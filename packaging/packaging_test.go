// Package packaging_test installs into an empty tree and lets systemd's own
// tools judge what is there.
package packaging_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spliced/daemon"
)

// need skips a test on a machine without the tool, unless the run demands what
// provides it.
func need(t *testing.T, tool, provider string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err == nil {
		return path
	}
	if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), provider) {
		t.Fatalf("%v, SPLICED_REQUIRE demands %s", err, provider)
	}
	t.Skip(err)
	return ""
}

// run returns what the command said, both streams together.
func run(t *testing.T, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "MAKEFLAGS=", "MAKELEVEL=")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// standIn does what the installation wants of splicectl.
const standIn = `case $1 in
completion) echo "completes for $2" ;;
man) echo page >"$2/splicectl.1" && echo page >"$2/splicectl-ova.1" ;;
*) exit 1 ;;
esac
`

// installed returns a tree into which stand-ins for the binaries were installed.
func installed(t *testing.T, vars ...string) string {
	t.Helper()
	bin, root := t.TempDir(), t.TempDir()
	for name, does := range map[string]string{"spliced": "", "splicectl": standIn} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte("#!/bin/sh\n# "+name+"\n"+does), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	args := append([]string{"-f", "install.mk", "install", "DESTDIR=" + root, "BIN=" + bin}, vars...)
	if out, err := run(t, need(t, "make", "make"), args...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return root
}

// tree lists what is below root, each with its kind and mode.
func tree(t *testing.T, root string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		fi, err := d.Info()
		if err == nil {
			all = append(all, fmt.Sprintf("%v %s", fi.Mode(), strings.TrimPrefix(path, root)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestInstallTree(t *testing.T) {
	// What is installed must not depend on who installs.
	for _, mask := range []int{0o022, 0o077, 0} {
		old := syscall.Umask(mask)
		root := installed(t)
		syscall.Umask(old)
		want := []string{
			"drwxr-xr-x /usr",
			"drwxr-xr-x /usr/bin",
			"-rwxr-xr-x /usr/bin/splicectl",
			"drwxr-xr-x /usr/lib",
			"drwxr-xr-x /usr/lib/systemd",
			"drwxr-xr-x /usr/lib/systemd/system",
			"-rw-r--r-- /usr/lib/systemd/system/spliced.service",
			"-rw-r--r-- /usr/lib/systemd/system/spliced.socket",
			"drwxr-xr-x /usr/lib/sysusers.d",
			"-rw-r--r-- /usr/lib/sysusers.d/spliced.conf",
			"drwxr-xr-x /usr/lib/tmpfiles.d",
			"-rw-r--r-- /usr/lib/tmpfiles.d/spliced.conf",
			"drwxr-xr-x /usr/sbin",
			"-rwxr-xr-x /usr/sbin/spliced",
			"drwxr-xr-x /usr/share",
			"drwxr-xr-x /usr/share/bash-completion",
			"drwxr-xr-x /usr/share/bash-completion/completions",
			"-rw-r--r-- /usr/share/bash-completion/completions/splicectl",
			"drwxr-xr-x /usr/share/doc",
			"drwxr-xr-x /usr/share/doc/spliced",
			"-rw-r--r-- /usr/share/doc/spliced/CATALOGUE.md",
			"-rw-r--r-- /usr/share/doc/spliced/LICENSE",
			"-rw-r--r-- /usr/share/doc/spliced/OPERATIONS.md",
			"-rw-r--r-- /usr/share/doc/spliced/PROTOCOL.md",
			"-rw-r--r-- /usr/share/doc/spliced/scripts.conf",
			"-rw-r--r-- /usr/share/doc/spliced/spliced.yaml",
			"drwxr-xr-x /usr/share/fish",
			"drwxr-xr-x /usr/share/fish/vendor_completions.d",
			"-rw-r--r-- /usr/share/fish/vendor_completions.d/splicectl.fish",
			"drwxr-xr-x /usr/share/man",
			"drwxr-xr-x /usr/share/man/man1",
			"-rw-r--r-- /usr/share/man/man1/splicectl-ova.1",
			"-rw-r--r-- /usr/share/man/man1/splicectl.1",
			"drwxr-xr-x /usr/share/zsh",
			"drwxr-xr-x /usr/share/zsh/site-functions",
			"-rw-r--r-- /usr/share/zsh/site-functions/_splicectl",
		}
		if d := cmp.Diff(want, tree(t, root)); d != "" {
			t.Errorf("umask %03o: %s", mask, d)
		}
	}
}

func TestInstallPutsEachBinaryInItsPlace(t *testing.T) {
	root := installed(t)
	for _, path := range []string{"usr/sbin/spliced", "usr/bin/splicectl"} {
		b, err := os.ReadFile(filepath.Join(root, path))
		if err != nil || !strings.Contains(string(b), "# "+filepath.Base(path)+"\n") {
			t.Errorf("%s holds %q, %v", path, b, err)
		}
	}
}

func TestInstallWithoutBinariesFails(t *testing.T) {
	root := t.TempDir()
	out, err := run(t, need(t, "make", "make"), "-f", "install.mk", "install", "DESTDIR="+root, "BIN="+t.TempDir())
	if err == nil {
		t.Errorf("nothing was built, and it was installed all the same:\n%s", out)
	}
}

// setting returns the only value of a key in an installed unit.
func setting(t *testing.T, root, unit, key string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "usr*", "lib/systemd/system", unit))
	if local, _ := filepath.Glob(filepath.Join(root, "usr/local/lib/systemd/system", unit)); len(local) > 0 {
		found = local
	}
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v, %v", unit, found, err)
	}
	b, err := os.ReadFile(found[0])
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, key+"="); ok {
			values = append(values, strings.TrimSpace(v))
		}
	}
	if len(values) != 1 {
		t.Fatalf("%s: %s is %q", unit, key, values)
	}
	return values[0]
}

func TestUnitsFollowPrefix(t *testing.T) {
	for prefix, want := range map[string]string{"/usr": "/usr/sbin/spliced", "/usr/local": "/usr/local/sbin/spliced"} {
		root := installed(t, "PREFIX="+prefix)
		if got := setting(t, root, "spliced.service", "ExecStart"); got != want {
			t.Errorf("ExecStart=%s, want %s", got, want)
		}
		if _, err := os.Stat(filepath.Join(root, want)); err != nil {
			t.Error(err)
		}
	}
}

// The manager must not lose patience before the daemon does.
func TestStopTimeoutFitsDrain(t *testing.T) {
	root := installed(t)
	limit, err := time.ParseDuration(setting(t, root, "spliced.service", "TimeoutStopSec") + "s")
	if err != nil {
		t.Fatal(err)
	}
	if needed := daemon.DefaultDrainTimeout + daemon.DefaultStopTimeout; limit <= needed {
		t.Errorf("TimeoutStopSec is %v, draining and ending take up to %v", limit, needed)
	}
}

// addTargets puts the host's targets beside the installed units: a unit
// can't be verified without those that every unit depends on.
func addTargets(t *testing.T, root string) {
	t.Helper()
	targets, err := filepath.Glob("/usr/lib/systemd/system/*.target")
	if err != nil || len(targets) == 0 {
		t.Fatalf("no targets on this host: %v", err)
	}
	for _, from := range targets {
		b, err := os.ReadFile(from)
		if err != nil {
			continue // a link to nowhere
		}
		if err := os.WriteFile(filepath.Join(root, "usr/lib/systemd/system", filepath.Base(from)), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestUnitsVerify(t *testing.T) {
	analyze := need(t, "systemd-analyze", "systemd")
	root := installed(t)
	addTargets(t, root)
	verify := func(unit string) string {
		out, err := run(t, analyze, "--root="+root, "--man=no", "verify", unit)
		if err != nil {
			out += err.Error()
		}
		return out
	}
	for _, unit := range []string{"spliced.service", "spliced.socket"} {
		if complaint := verify(unit); complaint != "" {
			t.Errorf("%s: %s", unit, complaint)
		}
	}
	allowScripts(t, root)
	if complaint := verify("spliced.service"); complaint != "" {
		t.Errorf("with scripts.conf: %s", complaint)
	}
	// That there was no complaint means something only if there can be one.
	if err := os.Remove(filepath.Join(root, "usr/sbin/spliced")); err != nil {
		t.Fatal(err)
	}
	if verify("spliced.service") == "" {
		t.Error("no complaint about a daemon that isn't there")
	}
}

// allowScripts installs the example with what scripts need.
func allowScripts(t *testing.T, root string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "usr/share/doc/spliced/scripts.conf"))
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(root, "usr/lib/systemd/system/spliced.service.d")
	if err := errors.Join(os.Mkdir(folder, 0o700), os.WriteFile(filepath.Join(folder, "scripts.conf"), text, 0o600)); err != nil {
		t.Fatal(err)
	}
}

// What "systemd-analyze security" may say at most, in tenths: a hardening line
// that gets lost shows here.
const (
	exposureLimit        = "19"
	scriptsExposureLimit = "31"
)

func TestServiceIsConfined(t *testing.T) {
	analyze := need(t, "systemd-analyze", "systemd")
	root := installed(t)
	addTargets(t, root)
	within := func(limit string) {
		out, err := run(t, analyze, "--root="+root, "--offline=yes", "--threshold="+limit, "--no-pager", "security", "spliced.service")
		if err != nil {
			t.Errorf("%v\n%s", err, out)
		}
	}
	within(exposureLimit)
	allowScripts(t, root)
	within(scriptsExposureLimit)
}

func TestUserGroupAndFolders(t *testing.T) {
	sysusers, tmpfiles := need(t, "systemd-sysusers", "systemd"), need(t, "systemd-tmpfiles", "systemd")
	if os.Getuid() != 0 {
		t.Skip("only root gives files to users")
	}
	root := installed(t)
	if err := os.Mkdir(filepath.Join(root, "etc"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, cmd := range [][]string{{sysusers, "--root=" + root}, {tmpfiles, "--root=" + root, "--create"}} {
		for range 2 { // as every upgrade does it again
			if out, err := run(t, cmd[0], cmd[1:]...); err != nil {
				t.Fatalf("%v: %v\n%s", cmd, err, out)
			}
		}
	}
	user := account(t, filepath.Join(root, "etc/passwd"))
	group := account(t, filepath.Join(root, "etc/group"))
	if user[3] != group[2] || user[6] != "/usr/sbin/nologin" {
		t.Errorf("user %q, group %q", user, group)
	}
	owned(t, filepath.Join(root, "run/spliced"), "0", "0", 0o755)
	owned(t, filepath.Join(root, "var/lib/spliced"), user[2], group[2], 0o711)
}

// account returns the fields of spliced in a passwd(5) or group(5) file.
func account(t *testing.T, path string) []string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Split(strings.TrimSpace(line), ":"); f[0] == "spliced" {
			return f
		}
	}
	t.Fatalf("no spliced in %s:\n%s", path, b)
	return nil
}

func owned(t *testing.T, path, uid, gid string, mode fs.FileMode) {
	t.Helper()
	fi, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok || fmt.Sprint(st.Uid) != uid || fmt.Sprint(st.Gid) != gid || fi.Mode().Perm() != mode {
		t.Errorf("%s is %v of %d:%d, want %v of %s:%s", path, fi.Mode(), st.Uid, st.Gid, mode, uid, gid)
	}
}
