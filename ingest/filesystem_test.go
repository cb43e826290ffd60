package ingest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"spliced/block/dir"
	"spliced/block/mem"
	"spliced/ingest"
)

// need skips a test without the programs, or fails it where SPLICED_REQUIRE
// lists "mkfs".
func need(tb testing.TB, programs ...string) {
	tb.Helper()
	for _, program := range programs {
		if _, err := exec.LookPath(program); err == nil {
			continue
		} else if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), "mkfs") {
			tb.Fatal(err)
		} else {
			tb.Skipf("needs the program %s: %v", program, err)
		}
	}
}

// TestFilesystems has the programs of each filesystem check what came out.
func TestFilesystems(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kind  string
		size  int64
		args  []string
		check []string // the volume's path comes last
		says  string
	}{
		{"ext2", 100 * mib, []string{"-L", "data"}, []string{"e2fsck", "-f", "-n"}, "data: "},
		{"ext3", 100 * mib, []string{"-m", "1"}, []string{"e2fsck", "-f", "-n"}, ""},
		{"ext4", tib, []string{"-L", "large", "-E", "stride=16"}, []string{"dumpe2fs", "-h"}, "RAID stride:              16"},
		{"ext4", 100*mib + 7, nil, []string{"e2fsck", "-f", "-n"}, ""},
		{"xfs", 400 * mib, []string{"-L", "xdata"}, []string{"xfs_repair", "-n", "-f"}, ""},
		{"xfs", 2 * tib, nil, []string{"xfs_repair", "-n", "-f"}, ""},
		{"vfat", 64 * mib, []string{"-n", "CIDATA"}, []string{"fsck.vfat", "-n"}, ""},
		{"swap", 64 * mib, []string{"-L", "swapper"}, []string{"swaplabel"}, "swapper"},
	} {
		t.Run(test.kind, func(t *testing.T) {
			t.Parallel()
			need(t, "mkfs.xfs", "mkfs.vfat", test.check[0])
			path := filepath.Join(t.TempDir(), "pool")
			p, err := dir.Open(t.Context(), path)
			ok(t, err)
			defer func() { ok(t, p.Close()) }()
			staged, err := makeVolume(t.Context(), p, nil, ingest.VolumeOrder{Size: test.size, Filesystem: test.kind, Args: test.args}, nil)
			ok(t, err)
			if staged.Size != test.size || staged.Allocated > 200*mib {
				t.Errorf("staged: %+v", staged)
			}
			out, err := exec.CommandContext(t.Context(), test.check[0], append(test.check[1:], filepath.Join(path, staging()))...).CombinedOutput()
			if err != nil || !strings.Contains(string(out), test.says) {
				t.Errorf("%v: %v\n%s", test.check, err, out)
			}
		})
	}
}

// The program would go on for minutes: these are twelve million groups.
func TestFormattingIsGivenUp(t *testing.T) {
	t.Parallel()
	p := mem.New(room)
	stopped := errors.New("stopped")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 300*time.Millisecond, stopped)
	defer cancel()
	_, err := makeVolume(ctx, p, nil, ingest.VolumeOrder{
		Size: 3 * tib, Filesystem: "ext4", Args: []string{"-b", "1024", "-g", "256"},
	}, nil)
	if !errors.Is(err, stopped) {
		t.Errorf("got %v", err)
	}
	undone(t, p, nil)
}
