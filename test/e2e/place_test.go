package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"spliced/test/cephnode"
)

// A place is a pool as seen from outside of spliced.
type place interface {
	config() string // of the pool, a YAML flow mapping
	// volumes lists everything in the pool whose name holds part: volumes, and
	// whatever else lies about.
	volumes(t *testing.T, part string) []string
	read(t *testing.T, volume string) []byte
	size(t *testing.T, volume string) int64
	used(t *testing.T) int64 // bytes that are stored
	// qemu is the volume as qemu-img names it.
	qemu(volume string) string
	// lingers says that what a killed client had open stays in use for a while.
	lingers() bool
}

// dirPlace is a folder.
type dirPlace struct{ path string }

func newDir(t *testing.T) place {
	t.Helper()
	return dirPlace{filepath.Join(t.TempDir(), "pool")}
}

func (p dirPlace) config() string { return fmt.Sprintf("{driver: dir, path: %q}", p.path) }

func (p dirPlace) volumes(t *testing.T, part string) []string {
	t.Helper()
	entries, err := os.ReadDir(p.path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		// Dot-files carry a random identity, so they are everybody's.
		if strings.Contains(e.Name(), part) || strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	return names
}

func (p dirPlace) read(t *testing.T, volume string) []byte {
	t.Helper()
	data, err := os.ReadFile(p.qemu(volume))
	must(t, err)
	return data
}

func (p dirPlace) size(t *testing.T, volume string) int64 {
	t.Helper()
	info, err := os.Stat(p.qemu(volume))
	must(t, err)
	return info.Size()
}

func (p dirPlace) used(t *testing.T) int64 {
	t.Helper()
	return diskUsage(t, p.path)
}

func (p dirPlace) qemu(volume string) string { return filepath.Join(p.path, volume) }

func (p dirPlace) lingers() bool { return false }

// cephPlace is an RBD pool.
type cephPlace struct{ conf, pool string }

func newCeph(t *testing.T) place {
	t.Helper()
	conf, pool := cephnode.Pool(t)
	return cephPlace{conf, pool}
}

func (p cephPlace) config() string {
	return fmt.Sprintf("{driver: rbd, conf: %q, user: %s, pool: %s}", p.conf, cephnode.User, p.pool)
}

func (p cephPlace) command(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, append([]string{"--conf", p.conf}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, stderr.Bytes())
	}
	return out
}

func (p cephPlace) rbd(t *testing.T, args ...string) []byte {
	t.Helper()
	return p.command(t, "rbd", append([]string{"--id", cephnode.User, "--pool", p.pool}, args...)...)
}

func (p cephPlace) volumes(t *testing.T, part string) []string {
	t.Helper()
	var names []string
	for name := range strings.FieldsSeq(string(p.rbd(t, "ls"))) {
		if strings.Contains(name, part) {
			names = append(names, name)
		}
	}
	for line := range strings.Lines(string(p.rbd(t, "trash", "ls", "--all"))) {
		if strings.Contains(line, part) {
			names = append(names, "trash: "+strings.TrimSpace(line))
		}
	}
	return names
}

func (p cephPlace) read(t *testing.T, volume string) []byte {
	t.Helper()
	return p.rbd(t, "export", "--no-progress", volume, "-")
}

func (p cephPlace) size(t *testing.T, volume string) int64 {
	t.Helper()
	var info struct{ Size int64 }
	must(t, json.Unmarshal(p.rbd(t, "info", "--format", "json", volume), &info))
	return info.Size
}

// parent is what an image is a clone of, as image@snapshot.
func (p cephPlace) parent(t *testing.T, volume string) string {
	t.Helper()
	var info struct {
		Parent struct{ Image, Snapshot string }
	}
	must(t, json.Unmarshal(p.rbd(t, "info", "--format", "json", volume), &info))
	return info.Parent.Image + "@" + info.Parent.Snapshot
}

func (p cephPlace) used(t *testing.T) int64 {
	t.Helper()
	var df struct {
		Pools []struct {
			Name  string
			Stats struct{ Stored int64 }
		}
	}
	must(t, json.Unmarshal(p.command(t, "ceph", "df", "--format", "json"), &df))
	for _, pool := range df.Pools {
		if pool.Name == p.pool {
			return pool.Stats.Stored
		}
	}
	t.Fatalf("no pool %s in %v", p.pool, df)
	return 0
}

func (p cephPlace) qemu(volume string) string {
	return fmt.Sprintf("rbd:%s/%s:id=%s:conf=%s", p.pool, volume, cephnode.User, p.conf)
}

func (p cephPlace) lingers() bool { return true }

// diskUsage is what a folder's files take, in bytes.
func diskUsage(t *testing.T, dir string) int64 {
	t.Helper()
	var sum int64
	must(t, filepath.Walk(dir, func(_ string, info os.FileInfo, err error) error {
		if err != nil {
			if os.IsNotExist(err) {
				return nil // gone between listing and looking
			}
			return err
		}
		sum += blocks(info) * 512
		return nil
	}))
	return sum
}

// onBoth runs a test on a folder and on Ceph.
func onBoth(t *testing.T, test func(t *testing.T, p place)) {
	t.Helper()
	t.Run("dir", func(t *testing.T) {
		t.Parallel()
		test(t, newDir(t))
	})
	t.Run("ceph", func(t *testing.T) {
		t.Parallel()
		test(t, newCeph(t))
	})
}
