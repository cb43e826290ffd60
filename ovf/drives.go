package ovf

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// MaxDisks is how many disks a system may have.
const MaxDisks = 256

// drive is a disk before it has its place.
type drive struct {
	disk  Disk
	item  *item
	rank  int
	bus   int
	order int
}

// hostRef takes a HostResource apart: "ovf:/disk/X", "/disk/X", "ovf://disk/X"
// and "ovf:/file/X" name what they refer to, anything else is an id alone.
func hostRef(s string) (kind, id string) {
	s = strings.TrimSpace(s)
	path := strings.TrimLeft(strings.TrimPrefix(s, "ovf:"), "/")
	for _, kind := range []string{"disk", "file"} {
		if rest, ok := strings.CutPrefix(path, kind+"/"); ok {
			return kind, rest
		}
	}
	return "", s
}

// drive reads a hard disk's item.
func (b *builder) drive(i *item) error {
	d := drive{disk: Disk{Address: i.onParent, Controller: i.parent}, item: i, rank: 99, order: len(b.drives)}
	if c := b.controllers[i.parent]; c != nil {
		d.disk.Bus, d.rank, d.bus = c.Bus, busRank(c.Bus), c.Number
	} else if strings.Trim(i.parent, "0-") != "" { // oVirt writes a UUID of zeros
		b.out.warn(i.at, "the disk %s is on the controller %s, which is not there", i.label(), Display(i.parent))
	}
	if d.disk.Address < 0 {
		d.disk.Address = citrixAddress(i)
	}
	d.disk.BootIndex = b.bootIndex(i)
	ok, err := b.backing(&d.disk, i)
	if err != nil || !ok {
		return err
	}
	b.drives = append(b.drives, d)
	return nil
}

// citrixAddress reads the place of a disk from XenServer's connection string,
// "device=0,bootable=true,mode=w"; -1 without one.
func citrixAddress(i *item) int {
	for _, c := range i.connections {
		rest, ok := strings.CutPrefix(c, "device=")
		place, _, _ := strings.Cut(rest, ",")
		if n, err := strconv.Atoi(place); ok && err == nil && n >= 0 {
			return n
		}
	}
	return -1
}

// backing finds what a disk is made of. false: nothing, it is left out.
func (b *builder) backing(d *Disk, i *item) (bool, error) {
	kind, id := hostRef(i.hostResource)
	disk, file := b.app.disk(id), b.app.file(id)
	switch {
	case kind != "file" && disk != nil:
		return true, b.fromDisk(d, disk)
	case kind != "disk" && file != nil:
		d.FileID, d.Href, d.Compression = file.ID, file.Href, file.Compression
		return true, nil
	case id != "":
		return false, refuseAt(BadDescriptor, i.at, "the disk %s is made of %s, which the descriptor does not have", i.label(), Display(id))
	}
	if size, ok, err := ownCapacity(i); ok {
		d.Capacity, d.Blank = size, true
		return true, err
	}
	b.out.warn(i.at, "the disk %s refers to nothing and is left out", i.label())
	return false, nil
}

// ownCapacity reads the size of a disk that refers to nothing, thus is blank:
// its quantity, or in vCloud's way an attribute of an empty HostResource, in
// MiB.
func ownCapacity(i *item) (size int64, ok bool, err error) {
	amount, unit, otherwise := i.quantity, i.unit, int64(1)
	if host := i.at.child("HostResource"); host != nil && host.get("capacity") != "" {
		amount, unit, otherwise = host.get("capacity"), "", 1<<20
	}
	if amount == "" {
		return 0, false, nil
	}
	size, err = quantity(amount, unit, otherwise)
	if err != nil || size == 0 {
		return 0, true, refuseAt(BadDescriptor, i.at, "the capacity %s of the disk %s is wrong", Display(amount+" "+unit), i.label())
	}
	return size, true, nil
}

// fromDisk fills in what the disk section says.
func (p *planner) fromDisk(d *Disk, v *VirtualDisk) error {
	capacity, err := p.capacity(v)
	if err != nil {
		return err
	}
	d.DiskID, d.Capacity, d.Parent, d.Blank = v.ID, capacity, v.Parent, v.FileRef == ""
	if d.Bus == "" {
		d.Bus = v.bus
	}
	if d.Blank && capacity == 0 {
		return refuseAt(BadDescriptor, v.at, "the disk %s has neither a capacity nor a file", Display(v.ID))
	}
	if f := p.app.file(v.FileRef); f != nil {
		d.FileID, d.Href, d.Compression = f.ID, f.Href, f.Compression
	}
	return nil
}

// capacity is a disk's size in bytes, which may stand in a property.
func (p *planner) capacity(v *VirtualDisk) (int64, error) {
	amount := v.amount
	if amount == "" {
		return 0, nil
	}
	if key, ok := strings.CutPrefix(amount, "${"); ok && strings.HasSuffix(key, "}") {
		key = strings.TrimSuffix(key, "}")
		found := p.app.findProperty(key, p.config)
		if len(found) == 0 {
			return 0, refuseAt(BadDescriptor, v.at, "the capacity of the disk %s stands in the property %s, which is not there", Display(v.ID), Display(key))
		}
		value := p.values.value(found[0])
		if value == nil || value.value == "" {
			return 0, refuseAt(BadChoice, v.at, "the capacity of the disk %s needs a value for the property %s", Display(v.ID), Display(key))
		}
		amount = value.value
		if found[0].Password && !digitsOnly(amount) {
			return 0, refuseAt(BadChoice, v.at, "the capacity of the disk %s stands in the property %s, whose value is no number", Display(v.ID), Display(key))
		}
	}
	size, err := quantity(amount, v.unit, v.unitSize)
	if err != nil {
		return 0, refuseAt(BadDescriptor, v.at, "the capacity of the disk %s is wrong: %v", Display(v.ID), err)
	}
	return size, nil
}

// placeDisks orders the disks by controller and address and names them.
func (b *builder) placeDisks() error {
	if len(b.drives) > MaxDisks {
		return refuseAt(TooLarge, b.sys.hardware, "the virtual system %s has %d disks; %d are the most", Display(b.out.Name), len(b.drives), MaxDisks)
	}
	slices.SortStableFunc(b.drives, func(x, y drive) int {
		return cmp.Or(
			cmp.Compare(x.rank, y.rank), cmp.Compare(x.bus, y.bus), compareIDs(x.disk.Controller, y.disk.Controller),
			cmp.Compare(x.disk.Address, y.disk.Address), cmp.Compare(x.order, y.order))
	})
	here := map[string]bool{}
	for n := range b.drives {
		d := b.drives[n].disk
		key := b.identity(&d)
		if key != "" && here[key] {
			b.out.warn(b.drives[n].item.at, "the disk %s is attached a second time, which is ignored", b.drives[n].item.label())
			continue
		}
		here[key] = true
		d.ID = diskName(len(b.out.Disks))
		b.share(&d, b.drives[n].item)
		b.out.Disks = append(b.out.Disks, d)
	}
	return nil
}

// share notes who has a disk first, and that it is shared.
func (b *builder) share(d *Disk, i *item) {
	if d.DiskID == "" {
		return
	}
	if v := b.app.disk(d.DiskID); d.Blank && !v.shared {
		b.attached[d.DiskID] = "" // there is one for each
		return
	}
	if first, ok := b.attached[d.DiskID]; ok {
		d.SharedWith = first
		b.out.warn(i.at, "the disk %s is shared with %s", Display(d.DiskID), Display(first))
		return
	}
	b.attached[d.DiskID] = b.out.Key + "/" + d.ID
}

// identity tells disks of one system apart; "" for one that is no other's.
// Blank disks are: vCenter's descriptor lists one of each size and attaches it
// as often as disks of that size are needed.
func (b *builder) identity(d *Disk) string {
	if v := b.app.disk(d.DiskID); d.Blank && (v == nil || !v.shared) {
		return ""
	}
	if d.DiskID != "" {
		return "disk " + d.DiskID
	}
	return "file " + d.FileID
}

// compareIDs orders instance ids: as numbers where both are.
func compareIDs(a, b string) int {
	x, errX := strconv.Atoi(a)
	y, errY := strconv.Atoi(b)
	if errX == nil && errY == nil {
		return cmp.Compare(x, y)
	}
	return strings.Compare(a, b)
}

// unattached lists the disks that no system got. Blank ones need not be made
// for nobody.
func (p *planner) unattached() error {
	var blank []string
	taken := 0
	if len(p.plan.Systems) == 1 {
		taken = len(p.plan.Systems[0].Disks) // one name space for all of them
	}
	for i := range p.app.Disks {
		v := &p.app.Disks[i]
		if _, ok := p.attached[v.ID]; ok {
			continue
		}
		d := Disk{Address: -1}
		if err := p.fromDisk(&d, v); err != nil {
			return err
		}
		if p.isParent(v.ID) {
			p.plan.Parents = append(p.plan.Parents, d)
			continue
		}
		if d.Blank {
			blank = note(blank, v.ID)
			continue
		}
		d.ID = diskName(taken)
		taken++
		p.plan.Unattached = append(p.plan.Unattached, d)
		p.plan.Warnings = addWarning(p.plan.Warnings, v.at, "the disk %s is attached to no system in this configuration", Display(v.ID))
	}
	if len(blank) > 0 {
		p.plan.Warnings = addWarning(p.plan.Warnings, nil, "blank disks that no system has in this configuration are not made: %s", summary(blank))
	}
	return nil
}

// isParent reports whether a disk is only there for others to be deltas to.
func (p *planner) isParent(id string) bool {
	return slices.ContainsFunc(p.app.Disks, func(d VirtualDisk) bool { return d.Parent == id })
}
