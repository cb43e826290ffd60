package disk_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spliced/disk"
)

// TestSampleImages holds what VMware, VirtualBox and others wrote against what
// qemu-img reads from it, where qemu-img can.
func TestSampleImages(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]error{
		"cot/COT/tests/blank.vmdk":                     nil,
		"cot/COT/tests/input.vmdk":                     nil,
		"cot/COT/tests/ubuntu.2.0-disk1.vmdk":          nil,
		"vmdk-rs/data/monolithicSparse.vmdk":           nil,
		"vmdk-rs/data/streamOptimized.vmdk":            nil,
		"vmdk-rs/data/streamOptimizedWithMarkers.vmdk": nil,
		"vmdk-rs/data/vmfs_thick-flat.vmdk":            nil,
		// The sample was cut to its first MiB.
		"govmomi/vapi/library/testdata/ttylinux-pc_i486-16.1-disk1.vmdk": disk.ErrDamaged,
		"vmdk-rs/data/monolithicFlat.vmdk":                               disk.ErrUnsupported,
		"vmdk-rs/data/twoGbMaxExtentFlat.vmdk":                           disk.ErrUnsupported,
		"vmdk-rs/data/twoGbMaxExtentSparse.vmdk":                         disk.ErrUnsupported,
		"vmdk-rs/data/twoGbMaxExtentSparse-s001.vmdk":                    disk.ErrUnsupported,
		"vmdk-rs/data/vmfs_thick.vmdk":                                   disk.ErrUnsupported,
		"vmdk-rs/data/vmfs_thick-000001.vmdk":                            disk.ErrUnsupported,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := corpus(t, name)
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = f.Close() })
			err = drain(t, f, disk.Options{Size: -1})
			if !errors.Is(err, want) {
				t.Fatalf("got %v, want %v", err, want)
			}
			if err != nil {
				t.Log(err)
				return
			}
			if strings.HasSuffix(name, "-flat.vmdk") {
				compare(t, path, path)
				return
			}
			ours := filepath.Join(t.TempDir(), "ours")
			decodeFile(t, path, ours)
			qemuImg(t, "compare", "-f", "raw", "-F", "vmdk", ours, path)
		})
	}
}

// decodeFile decodes an image into a sparse file.
func decodeFile(t *testing.T, image, to string) {
	t.Helper()
	f, err := os.Open(image)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = out.Close() })
	reader, err := disk.Open(f, disk.Options{Size: -1})
	if err != nil {
		t.Fatal(err)
	}
	for {
		e, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if e.Data == nil {
			continue
		}
		b := make([]byte, e.Length)
		if err := e.Data.DecodeTo(b); err != nil {
			t.Fatal(err)
		}
		e.Data.Release()
		if _, err := out.WriteAt(b, e.Offset); err != nil {
			t.Fatal(err)
		}
	}
	if err := out.Truncate(reader.Size()); err != nil {
		t.Fatal(err)
	}
}
