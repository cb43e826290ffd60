package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spliced/worker"
)

func configFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "spliced.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, text string) config {
	t.Helper()
	c, err := readConfig(configFile(t, text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// The file that is installed says what applies without it, and says all of it.
func TestPackagedConfigurationIsTheDefault(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "packaging", "spliced.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := read(t, "")
	if diff := cmp.Diff(want, read(t, string(text))); diff != "" {
		t.Error(diff)
	}
	for _, key := range []string{"state_dir", "pools", "limits", "jobs", "max_virtual_size", "stall", "access", "read", "write", "admin"} {
		if !strings.Contains("\n"+strings.ReplaceAll(string(text), "  ", ""), "\n"+key+":") {
			t.Errorf("it doesn't mention %s", key)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	c := read(t, "# nothing\n")
	if c.StateDir != "/var/lib/spliced" || c.Limits.Jobs != 4 || c.Limits.MaxVirtualSize != 64<<40 || c.Limits.Stall != duration(5*time.Minute) {
		t.Errorf("got %+v", c)
	}
	want := []worker.PoolSpec{{Name: "local", Driver: "dir", Path: "/var/lib/spliced/pools/local"}}
	if diff := cmp.Diff(want, c.specs()); diff != "" {
		t.Error(diff)
	}
}

func TestPools(t *testing.T) {
	t.Parallel()
	c := read(t, "pools:\n  vms: {driver: rbd}\n  b: {driver: rbd, conf: /c, user: u, pool: p, namespace: n}\n  a: {driver: dir, path: /a}\n")
	want := []worker.PoolSpec{
		{Name: "a", Driver: "dir", Path: "/a"},
		{Name: "b", Driver: "rbd", Conf: "/c", User: "u", Pool: "p", Namespace: "n"},
		{Name: "vms", Driver: "rbd", Conf: "/etc/ceph/ceph.conf", User: "spliced", Pool: "vms"},
	}
	if diff := cmp.Diff(want, c.specs()); diff != "" {
		t.Error(diff)
	}
}

// What is wrong is refused, and told with where it stands.
func TestBadConfigurations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		says []string
	}{
		{"state_dir: /s\ncolour: red\n", []string{"line 2", "colour"}},
		{"limits:\n  jobs: 4\n  job: 5\n", []string{"line 3", "job "}},
		{"pools:\n  a: {driver: dir, path: /a, pth: /b}\n", []string{"line 2", "pth"}},
		{"state_dir: /s\nstate_dir: /t\n", []string{"line 2", "state_dir"}},
		{"colour: red\nlimits: {jobs: many}\n", []string{"line 1: colour is no known key; line 2:", "many"}},
		{"state_dir: spliced\n", []string{"state_dir", "absolute"}},
		{"state_dir: ''\n", []string{"state_dir", "absolute"}},
		{"limits: {jobs: 0}\n", []string{"limits.jobs", "0"}},
		{"limits: {jobs: many}\n", []string{"line 1", "many"}},
		{"limits: {max_virtual_size: 0}\n", []string{"limits.max_virtual_size"}},
		{"limits: {max_virtual_size: 1.5TiB}\n", []string{"1.5TiB"}},
		{"limits: {stall: 300}\n", []string{"300", "length of time"}},
		{"limits: {stall: -5s}\n", []string{"-5s"}},
		{"pools: {Upper: {driver: dir, path: /a}}\n", []string{"pools.Upper", "lower-case"}},
		{"pools: {a: {driver: dir, path: relative}}\n", []string{"pools.a", "absolute"}},
		{"pools: {a: {driver: dir, path: /a, user: x}}\n", []string{"pools.a"}},
		{"pools: {a: {driver: rbd, path: /a}}\n", []string{"pools.a", "no path"}},
		{"pools: {a: {driver: zfs}}\n", []string{"pools.a", "zfs"}},
		{"pools: {a: {}}\n", []string{"pools.a", "driver"}},
		{"state_dir: /s\n---\nstate_dir: /t\n", []string{"more than one document"}},
		{"state_dir: [\n", []string{"line"}},
		{strings.Repeat("# long\n", 200_000), []string{"longer"}},
	} {
		path := configFile(t, c.text)
		_, err := readConfig(path)
		if err == nil {
			t.Errorf("%.40q was taken", c.text)
			continue
		}
		for _, never := range []string{"error", "main.config", "\n"} {
			if strings.Contains(err.Error(), never) {
				t.Errorf("%.40q: %q says %q", c.text, err, never)
			}
		}
		for _, part := range append(c.says, path) {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%.40q: %q doesn't say %q", c.text, err, part)
			}
		}
	}
	if _, err := readConfig(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a configuration that isn't there was taken")
	}
}

// What --show-config prints gives the same configuration again.
func TestShowConfig(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "state_dir: /s\nlimits: {jobs: 7, max_virtual_size: 5GiB, stall: 1m30s}\naccess: {read: [nobody, '@4'], write: []}\n" +
			"pools: {vms: {driver: rbd, namespace: x}, a: {driver: dir, path: /a}}\n",
	} {
		path := configFile(t, text)
		var out, errs bytes.Buffer
		if err := run(t.Context(), []string{"--config", path, "--show-config"}, &out, &errs); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(read(t, text), read(t, out.String())); diff != "" || errs.Len() > 0 {
			t.Errorf("%s%s\n%s", diff, errs.String(), out.String())
		}
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	var out, errs bytes.Buffer
	if err := run(t.Context(), []string{"--version"}, &out, &errs); err != nil || !strings.HasPrefix(out.String(), "spliced ") {
		t.Errorf("--version: %q, %v", out.String(), err)
	}
	for _, args := range [][]string{{"serve"}, {"--colour"}, {"--config"}, {"worker", "now"}} {
		if err := run(t.Context(), args, &out, &errs); err == nil {
			t.Errorf("%q was understood", args)
		}
	}
}
