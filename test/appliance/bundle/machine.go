package bundle

import (
	_ "embed"
	"fmt"
	"io"
	"text/template"
)

// A Machine is what a descriptor tells of its one virtual machine. Strings are
// written as they are and must not need escaping in XML.
type Machine struct {
	Name       string // the virtual system's id and name; the archive's members are named after it
	Product    string // one sentence for people
	VCPUs      int
	MemoryMiB  int
	EFI        bool   // firmware: efi, else bios
	Network    string // the one network's name
	DiskFile   string // name of the disk's member
	DiskStored int64  // bytes of that member
	DiskSize   int64  // bytes of the virtual disk
}

// Capacity is the disk's size in CapacityUnits.
func (m Machine) Capacity() int64 {
	if m.DiskSize%gib == 0 {
		return m.DiskSize / gib
	}
	return m.DiskSize
}

// CapacityUnits is the programmatic unit (DSP0004, annex C) that gives the
// disk's size as a whole number: GiB where it can be, else bytes.
func (m Machine) CapacityUnits() string {
	if m.DiskSize%gib == 0 {
		return "byte * 2^30"
	}
	return "byte"
}

const gib = 1 << 30

//go:embed descriptor.ovf
var descriptor string

// WriteDescriptor writes an OVF 1.0 descriptor (DSP0243) for m in the style of
// VMware's exports. Its failures are those of w.
func WriteDescriptor(w io.Writer, m Machine) error {
	t, err := template.New("descriptor").Parse(descriptor)
	if err != nil {
		return fmt.Errorf("parse the descriptor's template: %w", err)
	}
	return t.Execute(w, m)
}
