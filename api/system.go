package api

import (
	"fmt"
	"net/netip"
	"regexp"
)

// Bounds of a system template. 255 processors have an APIC id of 8 bits; more
// need an IOMMU that remaps interrupts (libvirt's <iommu>, eim), which no VM here
// has. A VM beyond 16 TiB no host has.
const (
	maxVCPUs = 255
	maxVRAM  = 16 << 20 // MiB
	maxNodes = 256
)

// selectorGrammar is what managers name hosts and their ways to choose one with.
var selectorGrammar = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,252}$`)

// Validate returns a *FieldError for the first key that can't be.
func (s *SystemTemplate) Validate() error {
	return firstOf(
		s.vcpus(),
		between("vram", s.VRAM, 1, maxVRAM),
		s.VNC.validate(),
		word("firmware", s.Firmware, "bios", "efi"),
		s.secureBoot(),
		word("machine", s.Machine, "q35", "pc"),
		word("disk_bus", s.DiskBus, "scsi", "virtio", "sata", "ide"),
		word("scsi_model", s.SCSIModel, "virtio-scsi", "lsisas1068", "lsilogic", "vmpvscsi"),
		s.scsiModel(),
		word("nic_model", s.NICModel, "virtio", "e1000e", "e1000", "rtl8139", "vmxnet3", "pcnet"),
		s.nodes(),
		word("migration_method", s.MigrationMethod, "none", "live", "shutdown"),
		checkOrigin(s.Origin),
	)
}

func (s *SystemTemplate) vcpus() error {
	if s.VCPUs > maxVCPUs {
		return wrong("vcpus", "is %d; QEMU's machines have at most %d without an IOMMU that remaps interrupts", s.VCPUs, maxVCPUs)
	}
	return between("vcpus", s.VCPUs, 1, maxVCPUs)
}

func (v *VNC) validate() error {
	if v == nil || v.Bind == "" {
		return nil
	}
	if addr, err := netip.ParseAddr(v.Bind); err != nil || addr.Zone() != "" {
		return wrong("vnc.bind", "is %q, which is no IP address", v.Bind)
	}
	return nil
}

// secureBoot wants what the firmware's build for it wants: UEFI, and the
// protected memory of q35 (OVMF's README, "SMM").
func (s *SystemTemplate) secureBoot() error {
	switch {
	case !s.SecureBoot:
		return nil
	case s.Firmware != "efi":
		return wrong("secure_boot", "needs the firmware efi")
	case s.Machine == "pc":
		return wrong("secure_boot", "needs the machine q35")
	}
	return nil
}

func (s *SystemTemplate) scsiModel() error {
	if s.SCSIModel != "" && s.DiskBus != "" && s.DiskBus != "scsi" {
		return wrong("scsi_model", "needs the disk_bus scsi, which is %s", s.DiskBus)
	}
	return nil
}

func (s *SystemTemplate) nodes() error {
	if len(s.NodeLimit) > maxNodes {
		return wrong("node_limit", "has %d hosts, %d are allowed", len(s.NodeLimit), maxNodes)
	}
	seen := map[string]bool{}
	for i, node := range s.NodeLimit {
		field := fmt.Sprintf("node_limit[%d]", i)
		if !selectorGrammar.MatchString(node) {
			return wrong(field, "is %.80q, which is no name of a host", node)
		}
		if seen[node] {
			return wrong(field, "names the host %s a second time", node)
		}
		seen[node] = true
	}
	if s.NodeSelector != "" && !selectorGrammar.MatchString(s.NodeSelector) {
		return wrong("node_selector", "is %.80q, which is no selector's name", s.NodeSelector)
	}
	return nil
}
