package bundle_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"spliced/test/appliance/bundle"
)

func machine() bundle.Machine {
	return bundle.Machine{
		Name: "demo", Product: "A test", VCPUs: 2, MemoryMiB: 512, Network: "VM Network",
		DiskFile: "disk.vmdk", DiskSize: 3<<30 + 512,
	}
}

// pack writes a bundle around a disk of those bytes and returns its folder.
func pack(t *testing.T, m bundle.Machine, disk []byte) string {
	t.Helper()
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, m.DiskFile), disk, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := bundle.Write(folder, m); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestArchiveHoldsDescriptorManifestDisk(t *testing.T) {
	disk := bytes.Repeat([]byte("grain"), 1000)
	folder := pack(t, machine(), disk)
	f, err := os.Open(filepath.Join(folder, "demo.ova"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read from
	var names []string
	content := map[string][]byte{}
	for tr := tar.NewReader(f); ; {
		h, err := tr.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, h.Name)
		if content[h.Name], err = io.ReadAll(tr); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"demo.ovf", "demo.mf", "disk.vmdk"}, names); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if !bytes.Equal(content["disk.vmdk"], disk) {
		t.Error("the disk's member differs from the disk")
	}
	want := fmt.Sprintf("SHA256(demo.ovf)= %x\nSHA256(disk.vmdk)= %x\n",
		sha256.Sum256(content["demo.ovf"]), sha256.Sum256(disk))
	if diff := cmp.Diff(want, string(content["demo.mf"])); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
}

func TestEqualInputGivesEqualArchive(t *testing.T) {
	var archives [2][]byte
	for i := range archives {
		var err error
		folder := pack(t, machine(), []byte("same"))
		if archives[i], err = os.ReadFile(filepath.Join(folder, "demo.ova")); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(archives[0], archives[1]) {
		t.Error("two archives of the same disk differ")
	}
}

func TestDescriptorStatesTheMachine(t *testing.T) {
	for _, c := range []struct {
		name            string
		size            int64
		efi             bool
		capacity, units string
		firmware        string
	}{
		{"whole GiB", 8 << 30, false, "8", "byte * 2^30", "bios"},
		{"odd size", 8<<30 + 512, true, "8589935104", "byte", "efi"},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := machine()
			m.DiskSize, m.EFI, m.DiskStored = c.size, c.efi, 77
			var buf bytes.Buffer
			if err := bundle.WriteDescriptor(&buf, m); err != nil {
				t.Fatal(err)
			}
			var got envelope
			if err := xml.Unmarshal(buf.Bytes(), &got); err != nil {
				t.Fatal(err)
			}
			want := envelope{
				File: file{"disk.vmdk", "file1", 77},
				Disk: disk{c.capacity, c.units, "file1"},
				Types: []item{
					{3, "2"}, {4, "512"}, {6, ""}, {17, ""}, {10, ""},
				},
				Config: config{"firmware", c.firmware},
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(envelope{})); diff != "" {
				t.Errorf("descriptor (-want +got):\n%s", diff)
			}
		})
	}
}

type (
	file struct {
		Href string `xml:"href,attr"`
		ID   string `xml:"id,attr"`
		Size int64  `xml:"size,attr"`
	}
	disk struct {
		Capacity string `xml:"capacity,attr"`
		Units    string `xml:"capacityAllocationUnits,attr"`
		FileRef  string `xml:"fileRef,attr"`
	}
	item struct {
		Type     int    `xml:"ResourceType"`
		Quantity string `xml:"VirtualQuantity"`
	}
	config struct {
		Key   string `xml:"key,attr"`
		Value string `xml:"value,attr"`
	}
	envelope struct {
		File   file   `xml:"References>File"`
		Disk   disk   `xml:"DiskSection>Disk"`
		Types  []item `xml:"VirtualSystem>VirtualHardwareSection>Item"`
		Config config `xml:"VirtualSystem>VirtualHardwareSection>Config"`
	}
)
