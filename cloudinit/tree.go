package cloudinit

import (
	"encoding/binary"
	"slices"
	"strings"
	"unicode/utf16"

	"github.com/kdomanski/iso9660"
)

// A tree is one of the two views that an image offers of the same files.
type tree struct {
	kind    byte  // of the descriptor: 1 primary, 2 supplementary
	sector  int32 // of the descriptor
	paths   int32 // sector of the path table; the one in the other byte order comes next
	root    int32 // sector of the folder
	escapes string
	text    func(s string, size int) string // s as this tree has its texts, filled up to size bytes; 0 is without filling
	records []*iso9660.DirectoryEntry       // of the folder, in order
}

// primary is the tree that everybody knows, with the names of POSIX in its
// system use fields.
func primary(files []file) tree {
	t := tree{
		kind: 1, sector: primarySector, paths: primaryPathsSector, root: primaryRootSector,
		text: func(s string, size int) string { return s + strings.Repeat(" ", max(0, size-len(s))) },
	}
	for _, f := range files {
		t.records = append(t.records, record(identifier(f.name), f.sector, uint32(len(f.content)), rockRidge(f.name))) //nolint:gosec // G115: maxFile bounds it
	}
	t.finish(rockRidgeRoot(), posix(modeFolder))
	return t
}

// joliet is the tree with names in UCS-2: Joliet Specification, Microsoft 1995.
func joliet(files []file) tree {
	t := tree{
		kind: 2, sector: jolietSector, paths: jolietPathsSector, root: jolietRootSector,
		escapes: "%/E", text: ucs2,
	}
	for _, f := range files {
		t.records = append(t.records, record(ucs2(f.name+";1", 0), f.sector, uint32(len(f.content)), nil)) //nolint:gosec // G115: maxFile bounds it
	}
	t.finish(nil, nil)
	return t
}

// finish puts the entries in order, after the two by which the folder names
// itself and its parent, which is itself as well (ECMA-119, 6.8.2.2, 9.3).
func (t *tree) finish(self, parent []byte) {
	slices.SortFunc(t.records, func(a, b *iso9660.DirectoryEntry) int { return strings.Compare(a.Identifier, b.Identifier) })
	t.records = append([]*iso9660.DirectoryEntry{folder("\x00", t.root, self), folder("\x01", t.root, parent)}, t.records...)
}

// ucs2 is s in the characters of Joliet: two bytes each, the high one first.
func ucs2(s string, size int) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune(s)) {
		b = binary.BigEndian.AppendUint16(b, unit)
	}
	for len(b)+1 < size {
		b = append(b, 0, ' ')
	}
	return string(b)
}

// tree renders a tree: its descriptor, its path tables, its folder.
func (i *image) tree(t tree, label string, size int32) {
	table := pathTable(t.root, binary.LittleEndian)
	d, err := t.descriptor(label, size, int32(len(table))).MarshalBinary() //nolint:gosec // G115: it has 10 bytes
	if err == nil {
		copy(d, header(t.kind))
		copy(d[88:120], t.escapes) // Joliet Specification, "SVD Escape Sequences Field"
	}
	i.put(t.sector, d, err)
	i.put(t.paths, table, nil)
	i.put(t.paths+1, pathTable(t.root, binary.BigEndian), nil)
	folder, err := listing(t.records)
	i.put(t.root, folder, err)
}

// descriptor is the volume descriptor (ECMA-119, 8.4 and 8.5, which is laid out
// alike).
func (t *tree) descriptor(label string, size, table int32) iso9660.PrimaryVolumeDescriptorBody {
	date := iso9660.VolumeDescriptorTimestampFromTime(epoch())
	return iso9660.PrimaryVolumeDescriptorBody{
		SystemIdentifier: t.text("", 32), VolumeIdentifier: t.text(label, 32), VolumeSetIdentifier: t.text("", 128),
		PublisherIdentifier: t.text("", 128), DataPreparerIdentifier: t.text("", 128), ApplicationIdentifier: t.text("SPLICED", 128),
		CopyrightFileIdentifier: t.text("", 38), AbstractFileIdentifier: t.text("", 36), BibliographicFileIdentifier: t.text("", 36),
		VolumeSpaceSize: size, VolumeSetSize: 1, VolumeSequenceNumber: 1, LogicalBlockSize: sectorSize,
		PathTableSize: table, TypeLPathTableLoc: t.paths, TypeMPathTableLoc: t.paths + 1,
		RootDirectoryEntry:        folder("\x00", t.root, nil),
		VolumeCreationDateAndTime: date, VolumeModificationDateAndTime: date, VolumeEffectiveDateAndTime: date,
		FileStructureVersion: 1,
	}
}

// pathTable lists the root folder, the only one (ECMA-119, 9.4). Windows finds
// folders by it.
func pathTable(root int32, order binary.AppendByteOrder) []byte {
	b := []byte{1, 0}                       // length of the name, no extended attributes
	b = order.AppendUint32(b, uint32(root)) //nolint:gosec // G115: a constant
	b = order.AppendUint16(b, 1)            // the parent: itself
	return append(b, 0, 0)                  // the name, and a byte to make it even
}
