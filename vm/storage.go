package vm

import (
	"slices"
	"strings"

	"spliced/api"
)

// templateDisks are the storage template's, in the order of their ids, behind
// those of the OVA.
func (w *work) templateDisks() error {
	if w.Storage == nil {
		return nil
	}
	disks, err := w.sortedDisks()
	if err != nil {
		return err
	}
	next, moved := w.firstFree(), []string(nil)
	for _, d := range disks {
		if w.system != nil {
			if next >= maxDisk {
				return w.badDisk(Unsupported, d.ID, "comes behind the last id of a disk")
			}
			id := "sd" + letters(next)
			moved = append(moved, d.ID+" is "+id)
			next++
			if err := w.templateDisk(d, id); err != nil {
				return err
			}
			continue
		}
		if err := w.templateDisk(d, d.ID); err != nil {
			return err
		}
	}
	if len(moved) > 0 {
		w.warn("the disks of storage template %q come behind those of the OVA: %s", w.Profile.StorageTemplate, strings.Join(moved, ", "))
	}
	return nil
}

// sortedDisks are the template's disks by their ids, each there once.
func (w *work) sortedDisks() ([]api.DiskTemplate, error) {
	for i, d := range w.Storage.Disks {
		if _, ok := diskIndex(d.ID); !ok {
			return nil, w.badDisk(Invalid, d.ID, "has no id of a disk: sda, sdb, … sdz, sdaa, … sdzz")
		}
		if slices.ContainsFunc(w.Storage.Disks[:i], func(other api.DiskTemplate) bool { return other.ID == d.ID }) {
			return nil, w.badDisk(Invalid, d.ID, "is there twice")
		}
	}
	return slices.SortedFunc(slices.Values(w.Storage.Disks), func(a, b api.DiskTemplate) int {
		i, _ := diskIndex(a.ID)
		j, _ := diskIndex(b.ID)
		return i - j
	}), nil
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
	if d.Pool == "" && w.pool(id, "") == "" {
		return w.badDisk(Invalid, d.ID, "has no pool")
	}
	if d.SourceVolume != "" {
		return w.cloned(d, id)
	}
	switch {
	case d.Size == nil:
		return w.badDisk(Invalid, d.ID, "has neither size nor source_volume")
	case *d.Size <= 0 || *d.Size%sector != 0:
		return w.badDisk(Invalid, d.ID, "has a size of %d bytes; it must be a multiple of %d, and more than nothing", *d.Size, sector)
	case d.Filesystem == "" && d.Mountpoint != "":
		return w.badDisk(Invalid, d.ID, "has the mountpoint %q and no filesystem", d.Mountpoint)
	case d.Filesystem == "" && len(d.FilesystemArgs) > 0:
		return w.badDisk(Invalid, d.ID, "has filesystem_args and no filesystem")
	}
	w.add(Drive{
		ID: id, Device: Disk, Size: *d.Size,
		Filesystem: d.Filesystem, FilesystemArgs: d.FilesystemArgs, Mountpoint: d.Mountpoint,
	}, d.Pool)
	return nil
}

// cloned takes a disk that begins as an image.
func (w *work) cloned(d api.DiskTemplate, id string) error {
	if d.Size != nil {
		return w.badDisk(Invalid, d.ID, "has both size and source_volume; a clone is as large as its source")
	}
	if d.Filesystem != "" || d.Mountpoint != "" || len(d.FilesystemArgs) > 0 {
		return w.badDisk(Invalid, d.ID, "has a source_volume, which brings its own filesystems")
	}
	source := Source{Pool: d.Pool, Volume: d.SourceVolume}
	if pool, volume, other := strings.Cut(d.SourceVolume, "/"); other {
		source = Source{Pool: pool, Volume: volume}
	}
	image, there := api.Volume{}, false
	if w.Image != nil {
		image, there = w.Image(source.Pool, source.Volume)
	}
	if !there {
		return w.badDisk(Missing, d.ID, "has the source %q in pool %q, where no such image is", source.Volume, source.Pool)
	}
	w.add(Drive{ID: id, Device: Disk, Size: image.Size, Source: &source}, d.Pool)
	return nil
}
