package daemon

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// stale leaves a socket file that nobody serves, as a killed daemon does.
func stale(t *testing.T, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	_ = l.Close()
}

func mustDial(t *testing.T, path string) {
	t.Helper()
	c, err := (&net.Dialer{}).DialContext(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
}

func TestListen(t *testing.T) {
	own, err := user.LookupGroupId("0")
	if os.Getuid() != 0 || err != nil {
		own = &user.Group{}
	}
	tests := map[string]struct {
		before func(t *testing.T, path string)
		group  string
	}{
		"fresh":           {},
		"stale":           {before: stale},
		"no such group":   {group: "no-such-group-here"},
		"group":           {group: own.Name},
		"own umask is 0":  {before: func(t *testing.T, _ string) { t.Helper(); umask(t, 0) }},
		"own umask is 77": {before: func(t *testing.T, _ string) { t.Helper(); umask(t, 0o77) }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			if tt.before != nil {
				tt.before(t, path)
			}
			fds := openFDs(t)
			l, err := Listen(t.Context(), path, tt.group)
			if err != nil {
				t.Fatal(err)
			}
			fi, err := os.Stat(path)
			if err != nil || fi.Mode() != fs.ModeSocket|0o660 {
				t.Errorf("mode %v, %v", fi.Mode(), err)
			}
			mustDial(t, path)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the file stayed: %v", err)
			}
			if now := openFDs(t); now != fds {
				t.Errorf("%d descriptors, were %d", now, fds)
			}
		})
	}
}

func umask(t *testing.T, mask int) {
	t.Helper()
	old := syscall.Umask(mask)
	t.Cleanup(func() { syscall.Umask(old) })
}

// The socket goes to the group that was asked for; only root can show it.
func TestListenGivesSocketToGroup(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root gives files away")
	}
	g, err := user.LookupGroup("daemon")
	if err != nil {
		t.Skip("no group daemon here")
	}
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(t.Context(), path, "daemon")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	var st syscall.Stat_t
	if err := syscall.Stat(path, &st); err != nil {
		t.Fatal(err)
	}
	if id, _ := lookupGroup("daemon"); int(st.Gid) != id {
		t.Errorf("group %d, want %s", st.Gid, g.Gid)
	}
}

func TestListenRefuses(t *testing.T) {
	tests := map[string]struct {
		before func(t *testing.T, path string)
		want   error
	}{
		"regular file": {func(t *testing.T, path string) {
			t.Helper()
			if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, fs.ErrExist},
		"folder": {func(t *testing.T, path string) { t.Helper(); _ = os.Mkdir(path, 0o700) }, fs.ErrExist},
		"link to a stale socket": {func(t *testing.T, path string) {
			t.Helper()
			stale(t, path+".real")
			_ = os.Symlink(path+".real", path)
		}, fs.ErrExist},
		"socket that is served": {func(t *testing.T, path string) {
			t.Helper()
			l, err := Listen(t.Context(), path, "")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = l.Close() })
		}, syscall.EADDRINUSE},
		"datagram socket that is served": {func(t *testing.T, path string) {
			t.Helper()
			c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
		}, syscall.EADDRINUSE},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "s")
			tt.before(t, path)
			was, fds := lstat(t, path), openFDs(t)
			if l, err := Listen(t.Context(), path, ""); !errors.Is(err, tt.want) {
				t.Errorf("got %v, %v; want %v", l, err, tt.want)
			}
			if !os.SameFile(was, lstat(t, path)) {
				t.Error("what was there is gone")
			}
			if now := openFDs(t); now != fds {
				t.Errorf("%d descriptors, were %d", now, fds)
			}
		})
	}
}

func lstat(t *testing.T, path string) fs.FileInfo {
	t.Helper()
	fi, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return fi
}

func TestListenPath(t *testing.T) {
	dir := t.TempDir()
	if _, err := Listen(t.Context(), filepath.Join(dir, "none", "s"), ""); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	long := filepath.Join(dir, strings.Repeat("x", maxSocketPath-len(dir)))
	if _, err := Listen(t.Context(), long, ""); err == nil || !strings.Contains(err.Error(), "at most 107") {
		t.Errorf("108 bytes: %v", err)
	}
	l, err := Listen(t.Context(), long[:maxSocketPath], "")
	if err != nil {
		t.Fatalf("107 bytes: %v", err)
	}
	_ = l.Close()
}

// Of many that find the same stale file, one gets the path, and what it got is
// not taken away again by the next.
func TestListenRace(t *testing.T) {
	for range 20 {
		path := filepath.Join(t.TempDir(), "s")
		stale(t, path)
		var won atomic.Pointer[net.UnixListener]
		var wins atomic.Int32
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if l, err := Listen(t.Context(), path, ""); err == nil {
					wins.Add(1)
					won.Store(l)
				}
			})
		}
		all.Wait()
		if wins.Load() != 1 {
			t.Fatalf("%d listeners for one path", wins.Load())
		}
		mustDial(t, path)
		_ = won.Load().Close()
	}
}
