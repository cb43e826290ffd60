package ingest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"spliced/block"
	"spliced/disk"
	"spliced/ovf"
)

// chooseFirmware lets the first disk of each system decide what its descriptor
// doesn't say. The disks are staged by now.
func (o *ova) chooseFirmware(ctx context.Context, staged []OVADisk) error {
	for i := range o.plan.Systems {
		s := &o.plan.Systems[i]
		if s.Firmware != "" {
			continue
		}
		l, found, err := o.layout(ctx, s, staged)
		if err != nil {
			return err
		}
		if !found {
			s.SetFirmware("bios", "it has no disk with content that could ask for another")
			continue
		}
		s.SetFirmware(firmware(l))
	}
	return nil
}

// layout reads the partition table of the disk that a system boots from.
func (o *ova) layout(ctx context.Context, s *ovf.SystemPlan, staged []OVADisk) (l disk.Layout, found bool, err error) {
	first := bootDisk(s)
	if first == nil || first.Blank {
		return l, false, nil
	}
	system, id := s.Key, first.ID
	if first.SharedWith != "" {
		system, id, _ = strings.Cut(first.SharedWith, "/")
	}
	at := slices.IndexFunc(staged, func(d OVADisk) bool { return d.System == system && d.ID == id })
	if at < 0 {
		return l, false, nil
	}
	err = with(ctx, o.pool, staged[at].Volume, func(v block.Volume) error {
		l, err = disk.ReadLayout(v, v.Size())
		return err
	})
	if err != nil {
		return l, false, fmt.Errorf("cannot look how the disk %s of system %q boots: %w", first.ID, s.Key, err)
	}
	return l, true, nil
}

// bootDisk is the disk that the descriptor boots first, else the first one; nil
// when there is none.
func bootDisk(s *ovf.SystemPlan) *ovf.Disk {
	if len(s.Disks) == 0 {
		return nil
	}
	order := func(d ovf.Disk) int { return cmp.Or(d.BootIndex, len(s.Disks)+len(s.Media)+len(s.NICs)+1) }
	first := slices.MinFunc(s.Disks, func(a, b ovf.Disk) int { return cmp.Compare(order(a), order(b)) })
	return &first
}

// firmware decides by a disk's layout what boots it, and says why. A disk that
// both can boot gets BIOS: VMware's products, for which nearly all appliances
// are made, take BIOS when the descriptor doesn't name EFI, so that is what its
// maker has seen it boot with. For a disk that neither seems to boot the same
// holds.
func firmware(l disk.Layout) (firmware, why string) {
	switch {
	case l.EFI && l.BIOS:
		return "bios", "the descriptor does not say, and the first disk boots by BIOS, though it has an EFI system partition as well"
	case l.EFI:
		return "efi", "the descriptor does not say, and the first disk has an EFI system partition and nothing that a BIOS would boot"
	case l.BIOS:
		return "bios", "the descriptor does not say, and the first disk has no EFI system partition, but what a BIOS boots"
	case l.Flaw != "":
		return "bios", "the descriptor does not say, and the GPT of the first disk cannot be used: " + l.Flaw
	case l.Table == "":
		return "bios", "the descriptor does not say, and the first disk has no partition table"
	}
	return "bios", "the descriptor does not say, and the first disk has no EFI system partition"
}
