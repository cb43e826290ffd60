package cloudinit_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/kdomanski/iso9660"

	"spliced/cloudinit"
)

// tool finds a program; without it the test is skipped, or fails where
// SPLICED_REQUIRE names what it belongs to.
func tool(t *testing.T, name, need string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		lacking(t, need, err)
	}
	return path
}

// lacking ends a test that can't be done here.
func lacking(t *testing.T, need string, why error) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("SPLICED_REQUIRE"), ","), need) {
		t.Fatalf("SPLICED_REQUIRE wants %s: %v", need, why)
	}
	t.Skip(why)
}

func run(ctx context.Context, t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// write puts an image into a file.
func write(t *testing.T, image []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image.iso")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func example(t *testing.T) (label string, files map[string][]byte, image []byte) {
	t.Helper()
	files = map[string][]byte{
		"user-data": []byte("#cloud-config\n{}\n"), "meta-data": bytes.Repeat([]byte("0123456789abcdef"), 300),
		"network-config": {}, "ovf-env.xml": make([]byte, 2048),
	}
	image, err := cloudinit.ISO("OVF ENV", files)
	if err != nil {
		t.Fatal(err)
	}
	return "OVF ENV", files, image
}

func TestImageIsReadBack(t *testing.T) {
	t.Parallel()
	label, files, image := example(t)
	i, err := iso9660.OpenImage(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	if l, err := i.Label(); l != label || err != nil {
		t.Errorf("the label is %q, %v", l, err)
	}
	root, err := i.RootDir()
	if err != nil {
		t.Fatal(err)
	}
	children, err := root.GetChildren()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]byte{}
	for _, c := range children {
		content, err := io.ReadAll(c.Reader())
		if err != nil || c.Mode() != 0o400 {
			t.Errorf("%s: mode %v, %v", c.Name(), c.Mode(), err)
		}
		got[c.Name()] = content
	}
	if d := cmp.Diff(files, got); d != "" {
		t.Error(d)
	}
}

func TestImageStandsWhereItIsLookedFor(t *testing.T) {
	t.Parallel()
	_, files, image := example(t)
	if got := string(image[32808:32840]); strings.TrimRight(got, " ") != "OVF ENV" {
		t.Errorf("the label is %q", got)
	}
	if size := binary.LittleEndian.Uint32(image[32768+80:]); int(size)*2048 != len(image) || len(image) > 64<<10 {
		t.Errorf("%d bytes, said to be %d sectors", len(image), size)
	}
	again, err := cloudinit.ISO("OVF ENV", files)
	if err != nil || !bytes.Equal(again, image) {
		t.Errorf("a second image of the same files differs, %v", err)
	}
}

// TestOthersReadImages reads both trees with libarchive, and the label with what
// udev and cloud-init find volumes by.
func TestOthersReadImages(t *testing.T) {
	t.Parallel()
	bsdtar, blkid := tool(t, "bsdtar", "cloud-init"), tool(t, "blkid", "cloud-init")
	label, files, image := example(t)
	path := write(t, image)
	for _, without := range []string{"joliet", "rockridge"} {
		folder := t.TempDir()
		run(t.Context(), t, bsdtar, "-x", "--no-same-permissions", "-C", folder, "--options", "iso9660:!"+without, "-f", path)
		for name, want := range files {
			if got, err := os.ReadFile(filepath.Join(folder, name)); err != nil || !bytes.Equal(got, want) {
				t.Errorf("without %s, %s: %d bytes, %v", without, name, len(got), err)
			}
		}
	}
	if got := run(t.Context(), t, blkid, "-p", "-o", "export", path); !strings.Contains(got, "\nTYPE=iso9660\n") ||
		!strings.Contains(strings.ReplaceAll(got, `\`, ""), "LABEL="+label+"\n") {
		t.Errorf("blkid says %q", got)
	}
}

// TestKernelReadsImages mounts an image as guests do.
func TestKernelReadsImages(t *testing.T) {
	t.Parallel()
	_, files, image := example(t)
	path := write(t, image)
	for _, option := range []string{"ro,loop", "ro,loop,norock", "ro,loop,nojoliet"} {
		mount := tool(t, "mount", "mount")
		folder := t.TempDir()
		if out, err := exec.CommandContext(t.Context(), mount, "-t", "iso9660", "-o", option, path, folder).CombinedOutput(); bytes.Contains(out, []byte("unknown filesystem type")) {
			t.Skip("this kernel knows no CD images") // whatever is installed
		} else if bytes.Contains(out, []byte("must be superuser")) {
			lacking(t, "mount", errors.New("only root may mount"))
		} else if err != nil {
			t.Fatalf("cannot mount: %v, %s", err, out)
		}
		t.Cleanup(func() { run(context.Background(), t, "umount", folder) })
		for name, want := range files {
			if got, err := os.ReadFile(filepath.Join(folder, name)); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s, %s: %d bytes, %v", option, name, len(got), err)
			}
		}
	}
}

func TestImagesThatAreRefused(t *testing.T) {
	t.Parallel()
	one := map[string][]byte{"a": nil}
	many := map[string][]byte{}
	for _, n := range "abcdefghi" {
		many[string(n)] = nil
	}
	for name, c := range map[string]struct {
		label string
		files map[string][]byte
		says  string
	}{
		"no label":        {"", one, "no label"},
		"long label":      {"seventeen_letters", one, "no label"},
		"no files":        {"a", nil, "it has 0 files"},
		"many files":      {"a", many, "it has 9 files"},
		"folder":          {"a", map[string][]byte{"a/b": nil}, `"a/b" is no name`},
		"upper case":      {"a", map[string][]byte{"A": nil}, `"A" is no name`},
		"one for some":    {"a", map[string][]byte{"a-b": nil, "a_b": nil}, "are one to guests"},
		"too large":       {"a", map[string][]byte{"a": make([]byte, 1<<20+1)}, "has 1048577 bytes"},
		"a name too long": {"a", map[string][]byte{strings.Repeat("a", 21): nil}, "is no name"},
	} {
		if image, err := cloudinit.ISO(c.label, c.files); err == nil || image != nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
