package vm

import (
	"fmt"
	"strings"

	"spliced/api"
)

// templateDisks are the storage template's, in the order of their ids, behind
// those of the OVA.
func (w *work) templateDisks() error {
	if w.Storage == nil {
		return nil
	}
	template := *w.Storage
	template.Sort()
	next, moved := w.firstFree(), []string(nil)
	for _, d := range template.Disks {
		id := d.ID
		if w.system != nil {
			if next >= maxDisk {
				return w.badDisk(Unsupported, d.ID, "comes behind the last id of a disk")
			}
			id = "sd" + letters(next)
			next++
		}
		if id != d.ID {
			moved = append(moved, d.ID+" is "+id)
		}
		if err := w.templateDisk(d, id); err != nil {
			return err
		}
	}
	if len(moved) > 0 {
		w.warn("the disks of storage template %q come behind those of the OVA: %s", w.Profile.StorageTemplate, strings.Join(moved, ", "))
	}
	return nil
}

// firstFree is the index behind the last disk's.
func (w *work) firstFree() int {
	next := 0
	for _, d := range w.plan.Drives {
		if i, ok := diskIndex(d.ID); ok && d.Device == Disk {
			next = max(next, i+1)
		}
	}
	return next
}

// templateDisk takes a disk of the template into the plan, under that id.
func (w *work) templateDisk(d api.DiskTemplate, id string) error {
	if d.SourceVolume != "" {
		return w.cloned(d, id)
	}
	w.add(Drive{
		ID: id, Device: Disk, Size: *d.Size,
		Filesystem: d.Filesystem, FilesystemArgs: d.FilesystemArgs, Mountpoint: d.Mountpoint,
	}, d.Pool)
	return nil
}

// cloned takes a disk that begins as an image.
func (w *work) cloned(d api.DiskTemplate, id string) error {
	var source Source
	source.Pool, source.Volume = d.Image()
	image, there := w.Image(source.Pool, source.Volume)
	if !there {
		return w.badDisk(Missing, d.ID, "begins as the image %q of pool %q, which isn't there", source.Volume, source.Pool)
	}
	w.add(Drive{ID: id, Device: Disk, Size: image.Size, Source: &source}, d.Pool)
	return nil
}

// badDisk is the failure of a storage template's disk.
func (w *work) badDisk(kind Kind, id, format string, args ...any) error {
	return fail(kind, "storage_template", "disk %s of storage template %q %s", id, w.Profile.StorageTemplate, fmt.Sprintf(format, args...))
}
