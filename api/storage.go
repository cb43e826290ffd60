package api

import (
	"cmp"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// diskID is how disks are named: sda to sdz, then sdaa to sdzz.
var diskID = regexp.MustCompile(`^sd[a-z]{1,2}$`)

const (
	// sector is what sizes of disks are whole numbers of: QEMU would round others
	// up, and the guest see bytes that the volume doesn't have.
	sector = 512
	// maxMountpoint bounds a path far below the kernel's PATH_MAX.
	maxMountpoint = 255
)

// CompareDiskIDs orders sda … sdz, sdaa ….
func CompareDiskIDs(a, b string) int {
	return cmp.Or(cmp.Compare(len(a), len(b)), strings.Compare(a, b))
}

// Sort brings the disks into the order of their ids, in new memory. A file may
// have them in any.
func (s *StorageTemplate) Sort() {
	s.Disks = append([]DiskTemplate{}, s.Disks...)
	slices.SortStableFunc(s.Disks, func(a, b DiskTemplate) int { return CompareDiskIDs(a.ID, b.ID) })
}

// Image is the pool and the name of the image that the disk is a clone of.
func (d DiskTemplate) Image() (pool, name string) {
	if pool, name, other := strings.Cut(d.SourceVolume, "/"); other {
		return pool, name
	}
	return d.Pool, d.SourceVolume
}

// Validate returns a *FieldError for the first key that can't be.
func (s *StorageTemplate) Validate() error {
	ids, mounts := map[string]int{}, map[string]int{}
	for i, d := range s.Disks {
		field := fmt.Sprintf("disks[%d]", i)
		if err := d.validate(field + "."); err != nil {
			return err
		}
		if before, again := ids[d.ID]; again {
			return wrong(field+".id", "is %s, as that of disks[%d]", d.ID, before)
		}
		if before, again := mounts[d.Mountpoint]; again && d.Mountpoint != "" {
			return wrong(field+".mountpoint", "is %s, as that of disks[%d]", d.Mountpoint, before)
		}
		ids[d.ID], mounts[d.Mountpoint] = i, i
	}
	return checkOrigin(s.Origin)
}

// validate checks one disk, whose keys stand behind at.
func (d DiskTemplate) validate(at string) error {
	if !diskID.MatchString(d.ID) {
		return wrong(at+"id", "is %.80q; disks are sda to sdz, then sdaa to sdzz", d.ID)
	}
	if d.Pool == "" {
		return wrong(at+"pool", "is empty")
	}
	return firstOf(
		optionalName(at+"pool", d.Pool),
		d.content(at),
		word(at+"filesystem", d.Filesystem, filesystems()...),
		d.mount(at+"mountpoint"),
		d.arguments(at+"filesystem_args"),
	)
}

// content wants the disk to be either a clone, or a new one that may be formatted.
func (d DiskTemplate) content(at string) error {
	switch {
	case d.Size == nil && d.SourceVolume == "":
		return wrong(at+"size", "is missing; a disk has a size or a source_volume")
	case d.Size != nil && d.SourceVolume != "":
		return wrong(at+"size", "can't stand beside source_volume: a clone has the size of its source")
	case d.Size != nil && (*d.Size <= 0 || *d.Size%sector != 0):
		return wrong(at+"size", "is %d bytes; a disk has whole sectors of %d, at least one", int64(*d.Size), sector)
	case d.SourceVolume != "" && d.Filesystem != "":
		return wrong(at+"filesystem", "can't stand beside source_volume: it would destroy what the clone has")
	}
	pool, name := d.Image()
	if d.SourceVolume != "" && (CheckName(pool) != nil || CheckName(name) != nil) {
		return wrong(at+"source_volume", "is %.160q; it can be the name of an image, or POOL/IMAGE", d.SourceVolume)
	}
	return nil
}

func (d DiskTemplate) mount(field string) error {
	switch {
	case d.Mountpoint == "":
		return nil
	case d.Filesystem == "":
		return wrong(field, "needs a filesystem")
	case d.Filesystem == "swap":
		return wrong(field, "needs a filesystem that can be mounted, which swap is not")
	case !path.IsAbs(d.Mountpoint) || path.Clean(d.Mountpoint) != d.Mountpoint || len(d.Mountpoint) > maxMountpoint:
		return wrong(field, "is %.80q, which is no absolute path in its shortest form", d.Mountpoint)
	case strings.ContainsFunc(d.Mountpoint, func(c rune) bool { return c <= ' ' || c > '~' }):
		return wrong(field, "is %.80q; it can have printable ASCII without spaces", d.Mountpoint)
	}
	return nil
}

func (d DiskTemplate) arguments(field string) error {
	if len(d.FilesystemArgs) == 0 {
		return nil
	}
	if d.Filesystem == "" {
		return wrong(field, "needs a filesystem")
	}
	return checkMkfs(field, d.Filesystem, d.FilesystemArgs)
}
