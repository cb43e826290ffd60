package ovf_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/ovf"
)

// gnuTar runs tar in a folder and returns the archive.
func gnuTar(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	program, err := exec.LookPath("tar")
	if err != nil {
		t.Skip("no tar program")
	}
	cmd := exec.CommandContext(t.Context(), program, append([]string{"-C", dir, "-cf", "-"}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestArchivesOfGNUTar(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("n", 140) + ".vmdk"
	files := map[string]string{
		"x.ovf": "<Envelope/>", "disk 1.vmdk": strings.Repeat("d", 100_000), "sub/dïsk.vmdk": "2",
	}
	write := func(name, data string) {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range files {
		write(name, data)
	}
	write(long, "long")
	for _, format := range []string{"v7", "ustar", "oldgnu", "gnu", "pax", "posix"} {
		for _, prefix := range []string{"", "./"} {
			t.Run(format+prefix, func(t *testing.T) {
				args := []string{"--format=" + format, prefix + "x.ovf", prefix + "disk 1.vmdk", prefix + "sub"}
				want := []string{"x.ovf", "disk 1.vmdk", "sub/dïsk.vmdk"}
				if format != "v7" && format != "ustar" {
					args, want = append(args, prefix+long), append(want, long)
				}
				names, _, err := readAll(bytes.NewReader(gnuTar(t, dir, args...)), -1)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, names); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
	t.Run("label", func(t *testing.T) {
		_, _, err := readAll(bytes.NewReader(gnuTar(t, dir, "--format=gnu", "-V", "volume", "x.ovf")), -1)
		checkRefusal(t, err, "unknown type")
	})
}

func TestSparseAndLinksOfGNUTar(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "disk.img"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("data"), 1<<20); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(f.Truncate(4<<20), f.Close(), os.Symlink("disk.img", filepath.Join(dir, "link.vmdk")),
		os.Link(filepath.Join(dir, "disk.img"), filepath.Join(dir, "hard.vmdk"))); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"-S", "--format=gnu"},
		{"-S", "--format=oldgnu"},
		{"-S", "--format=pax", "--sparse-version=0.0"},
		{"-S", "--format=pax", "--sparse-version=0.1"},
		{"-S", "--format=pax", "--sparse-version=1.0"},
	} {
		_, _, err := readAll(bytes.NewReader(gnuTar(t, dir, append(args, "disk.img")...)), -1)
		checkRefusal(t, err, "sparse")
	}
	_, _, err = readAll(bytes.NewReader(gnuTar(t, dir, "link.vmdk")), -1)
	checkRefusal(t, err, "symbolic link")
	_, _, err = readAll(bytes.NewReader(gnuTar(t, dir, "disk.img", "hard.vmdk")), -1)
	checkRefusal(t, err, "hard link")
}

// endless is a source of zeros.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestHugeMembers(t *testing.T) {
	for _, size := range []int64{8<<30 - 1, 8 << 30, 1 << 40, 1 << 62} {
		for _, format := range []tar.Format{tar.FormatGNU, tar.FormatPAX} {
			h := tar.Header{Name: "disk.vmdk", Size: size, Mode: 0o600, Format: format}
			var head bytes.Buffer
			if err := tar.NewWriter(&head).WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
			a := ovf.NewArchive(io.MultiReader(&head, endless{}), ovf.Options{Size: -1})
			m, err := a.Next()
			if err != nil {
				t.Fatal(err)
			}
			if m.Size != size {
				t.Errorf("%v: the size is %d, want %d", format, m.Size, size)
			}
			if _, err := io.CopyN(io.Discard, m, 3<<20); err != nil {
				t.Error(err)
			}
			if err := a.Close(); err != nil {
				t.Error(err)
			}
			if a.Offset() > 16<<20 {
				t.Errorf("%d bytes were read for 3 MiB", a.Offset())
			}
		}
	}
}

func TestSamplesArchives(t *testing.T) {
	for name, want := range map[string]string{
		"glance/glance/tests/var/testserver.ova":                  "",
		"glance/glance/tests/var/testserver-no-disk.ova":          "",
		"glance/glance/tests/var/testserver-bad-ovf.ova":          "",
		"glance/glance/tests/var/testserver-no-ovf.ova":           "",
		"glance/glance/tests/var/testserver-not-tar.ova":          "not a tar archive",
		"govmomi/vapi/library/testdata/ttylinux-pc_i486-16.1.ova": "",
		"vm-import-controller/pkg/source/ova/test.ova":            "",
	} {
		doc := readSample(t, name)
		_, v, err := readAll(bytes.NewReader(doc), int64(len(doc)))
		checkRefusal(t, err, want)
		if err == nil {
			checkRefusal(t, v.Refuse(false), "")
		}
	}
}

// BenchmarkArchive reads members of 256 MiB in all with the digests that are
// needed before the manifest is known, and after.
func BenchmarkArchive(b *testing.B) {
	const size = 256 << 20
	h := tar.Header{Name: "disk.vmdk", Size: size, Mode: 0o600}
	var head bytes.Buffer
	if err := tar.NewWriter(&head).WriteHeader(&h); err != nil {
		b.Fatal(err)
	}
	mf := pack(b, file{"x.mf", "SHA256(disk.vmdk)= 00\n"})
	for name, before := range map[string][]byte{"all digests": nil, "as the manifest says": mf[:1024]} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(size)
			for b.Loop() {
				r := io.MultiReader(bytes.NewReader(before), bytes.NewReader(head.Bytes()), io.LimitReader(endless{}, size))
				a := ovf.NewArchive(r, ovf.Options{Size: -1})
				for {
					if _, err := a.Next(); err != nil {
						break
					}
				}
				closeArchive(a)
			}
		})
	}
}
