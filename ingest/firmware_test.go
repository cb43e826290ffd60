package ingest_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"spliced/ovf"
	"spliced/test/ovatest"
)

// withMBR makes a disk whose table has partitions of these types; the first is
// active, with code to start it, if it boots.
func withMBR(boots bool, kinds ...byte) []byte {
	b := make([]byte, 256<<10)
	for n, kind := range kinds {
		e := b[446+16*n:]
		e[4] = kind
		binary.LittleEndian.PutUint32(e[8:], uint32(64*(n+1)))
		binary.LittleEndian.PutUint32(e[12:], 64)
	}
	if boots {
		copy(b, "code")
		b[446] = 0x80
	}
	b[510], b[511] = 0x55, 0xAA
	return b
}

// firmwareOVA is an appliance whose systems have the disks that are named; more
// goes into the hardware of each, or ends it.
func firmwareOVA(more string, systems []string, disks map[string][]byte) []byte {
	a := ovatest.Appliance{}
	var members []ovatest.Member
	for name, data := range disks {
		d := ovatest.Disk{ID: name, Capacity: 256 << 10}
		if data != nil {
			d.File = name
			a.Files = append(a.Files, ovatest.File{ID: name, Href: name + ".vmdk"})
			members = append(members, member(name+".vmdk", ovatest.VMDK(data)))
		}
		a.Disks = append(a.Disks, d)
	}
	for n, s := range systems {
		a.Systems = append(a.Systems, ovatest.System{ID: fmt.Sprint("s", n), Disks: strings.Fields(s)})
	}
	end := "</VirtualHardwareSection>"
	if strings.HasPrefix(more, end) {
		end = ""
	}
	doc := strings.ReplaceAll(string(a.Descriptor()), "</VirtualHardwareSection>", more+end)
	return ovatest.Archive(append(members, member("a.ovf", []byte(doc)))...)
}

// The disk that a system boots from decides on the firmware that the descriptor
// leaves open, and the warnings say why.
func TestFirmwareByPartitionTable(t *testing.T) {
	t.Parallel()
	disks := map[string][]byte{
		"efi": withMBR(false, 0xEF), "bios": withMBR(true, 0x83), "both": withMBR(true, 0x83, 0xEF),
		"data": withMBR(false, 0x83), "none": small(), "gpt": withMBR(false, 0xEE), "blank": nil,
	}
	const says = `<Config xmlns="http://www.vmware.com/schema/ovf" key="firmware" value="%s"/>`
	const second = `<BootOrderSection xmlns="http://www.vmware.com/schema/ovf" instanceId="11"/>`
	for _, c := range []struct {
		name    string
		systems []string
		more    string
		want    string // firmware and machine of each system
		why     string
	}{
		{"efi", []string{"efi"}, "", "efi q35", "has an EFI system partition and nothing that a BIOS"},
		{"bios", []string{"bios"}, "", "bios q35", "what a BIOS boots"},
		{"both", []string{"both"}, "", "bios q35", "boots by BIOS, though it has an EFI system partition"},
		{"neither", []string{"data"}, "", "bios q35", "no EFI system partition"},
		{"no table", []string{"none"}, "", "bios q35", "has no partition table"},
		{"damaged", []string{"gpt"}, "", "bios q35", "GPT of the first disk cannot be used"},
		{"blank", []string{"blank"}, "", "bios q35", "no disk with content"},
		{"no disk", []string{""}, "", "bios q35", "no disk with content"},
		{"first of two", []string{"efi bios"}, "", "efi q35", ""},
		{"second of two", []string{"bios efi"}, "", "bios q35", ""},
		{"each its own", []string{"efi", "bios", "efi"}, "", "efi q35, bios q35, efi q35", ""},
		{"shared", []string{"bios efi", "efi"}, "", "bios q35, efi q35", ""},
		{"the descriptor says bios", []string{"efi"}, fmt.Sprintf(says, "bios"), "bios q35", ""},
		{"the descriptor says efi", []string{"bios"}, fmt.Sprintf(says, "efi"), "efi q35", ""},
		{"boot order", []string{"bios efi"}, `</VirtualHardwareSection>` + second, "efi q35", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			used := map[string][]byte{}
			for name, data := range disks {
				if strings.Contains(" "+strings.Join(c.systems, " ")+" ", " "+name+" ") {
					used[name] = data
				}
			}
			archive := firmwareOVA(c.more, c.systems, used)
			p := p0(t)
			staged, err := takeOVA(t.Context(), p, pipeSource(t, archive, 100_000), appliance())
			ok(t, err)
			var got []string
			for _, s := range staged.Plan.Systems {
				got = append(got, s.Firmware+" "+s.Machine)
			}
			if s := strings.Join(got, ", "); s != c.want {
				t.Errorf("got %s, want %s", s, c.want)
			}
			if !hasWarning(staged.Plan, c.why) {
				t.Errorf("no warning says %q: %+v", c.why, staged.Plan.Systems[0].Warnings)
			}
			undone(t, p, nil)
		})
	}
}

func hasWarning(p *ovf.Plan, words string) bool {
	for _, s := range p.Systems {
		for _, w := range s.Warnings {
			if strings.Contains(w.Text, words) {
				return true
			}
		}
	}
	return false
}
