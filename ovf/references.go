package ovf

import (
	"strconv"
	"strings"
)

// references reads the References section.
func (p *parser) references(n *node) error {
	for _, f := range n.all("File") {
		if err := full(f, len(p.app.Files), maxFiles, "files"); err != nil {
			return err
		}
		file, err := p.file(f)
		if err != nil {
			return err
		}
		p.app.Files = append(p.app.Files, file)
	}
	return nil
}

func (p *parser) file(n *node) (File, error) {
	f := File{ID: n.get("id"), Href: n.get("href"), Size: -1, at: n}
	switch {
	case f.ID == "":
		return f, refuseAt(BadDescriptor, n, "a file has no id")
	case f.Href == "":
		return f, refuseAt(BadDescriptor, n, "the file %s has no href", Display(f.ID))
	case p.app.file(f.ID) != nil:
		return f, refuseAt(BadDescriptor, n, "the file id %s is used twice", Display(f.ID))
	}
	if said, ok := n.attr("size"); ok {
		size, err := strconv.ParseInt(said, 10, 64)
		if err != nil || size <= 0 {
			p.warn(n, "the size %s of the file %s is ignored; the archive's own counts", Display(said), Display(f.ID))
		} else {
			f.Size = size
		}
	}
	switch c := n.get("compression"); c {
	case "", "identity":
	case "gzip":
		f.Compression = c
	default:
		return f, refuseAt(Unsupported, n, "the file %s is compressed by %s, which is not known", Display(f.ID), Display(c))
	}
	if said, ok := n.attr("chunkSize"); ok {
		size, err := strconv.ParseInt(said, 10, 64)
		if err != nil || size <= 0 {
			return f, refuseAt(BadDescriptor, n, "the chunk size %s of the file %s is no number of bytes", Display(said), Display(f.ID))
		}
		f.ChunkSize = size
	}
	return f, nil
}

// file returns the file of that id, or nil.
func (a *Appliance) file(id string) *File {
	for i := range a.Files {
		if a.Files[i].ID == id {
			return &a.Files[i]
		}
	}
	return nil
}

// disk returns the virtual disk of that id, or nil.
func (a *Appliance) disk(id string) *VirtualDisk {
	for i := range a.Disks {
		if a.Disks[i].ID == id {
			return &a.Disks[i]
		}
	}
	return nil
}

// diskSection reads the disks.
func (p *parser) diskSection(n *node, shared bool) error {
	for _, d := range n.all("Disk") {
		if err := full(d, len(p.app.Disks), maxFiles, "disks"); err != nil {
			return err
		}
		disk, err := p.disk(d)
		if err != nil {
			return err
		}
		disk.shared = shared
		p.app.Disks = append(p.app.Disks, disk)
	}
	return nil
}

// ovirtBus maps oVirt's names of disk buses.
func ovirtBus(name string) string {
	switch strings.ToLower(name) {
	case "virtio":
		return "virtio"
	case "virtio_scsi":
		return "scsi"
	case "ide", "sata":
		return strings.ToLower(name)
	}
	return ""
}

func (p *parser) disk(n *node) (VirtualDisk, error) {
	d := VirtualDisk{
		ID: n.get("diskId"), FileRef: n.get("fileRef"), Parent: n.get("parentRef"),
		Format: n.get("format"), amount: n.get("capacity"), unit: n.get("capacityAllocationUnits"),
		unitSize: 1, bus: ovirtBus(n.get("disk-interface")), at: n,
	}
	if size := n.get("size"); d.amount == "" && size != "" {
		d.amount, d.unitSize = size, 1<<30 // oVirt's storage domains: whole GiB
	}
	switch {
	case d.ID == "":
		return d, refuseAt(BadDescriptor, n, "a disk has no diskId")
	case p.app.disk(d.ID) != nil:
		return d, refuseAt(BadDescriptor, n, "the disk id %s is used twice", Display(d.ID))
	case d.amount == "" && d.FileRef == "":
		return d, refuseAt(BadDescriptor, n, "the disk %s has neither a capacity nor a file", Display(d.ID))
	case d.amount == "":
		p.warn(n, "the disk %s has no capacity; its file decides", Display(d.ID))
	}
	return d, nil
}

// checkReferences refuses ids that nothing has. Disks are checked against the
// files here, items against disks and files when a system is planned.
func (p *parser) checkReferences() error {
	hrefs := map[string]string{}
	for _, f := range p.app.Files {
		if first, ok := hrefs[f.Href]; ok {
			p.warn(f.at, "the files %s and %s are the same %s", Display(first), Display(f.ID), Display(f.Href))
		}
		hrefs[f.Href] = f.ID
	}
	for _, d := range p.app.Disks {
		if d.FileRef != "" && p.app.file(d.FileRef) == nil {
			return refuseAt(BadDescriptor, d.at, "the disk %s is on the file %s, which is not among the references", Display(d.ID), Display(d.FileRef))
		}
		if d.Parent != "" && p.app.disk(d.Parent) == nil {
			return refuseAt(BadDescriptor, d.at, "the disk %s is a delta to the disk %s, which is not in the descriptor", Display(d.ID), Display(d.Parent))
		}
	}
	return nil
}
