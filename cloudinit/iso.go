package cloudinit

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kdomanski/iso9660"
)

const (
	sectorSize = 2048

	// maxFile bounds each file of an image, which is made in memory.
	maxFile = 1 << 20

	// maxFiles bounds the files of an image: as many as surely fit into one
	// sector of a directory.
	maxFiles = 8
)

// The sectors of an image. Sixteen are left to the system (ECMA-119, 6.2.1).
const (
	primarySector      = 16
	jolietSector       = 17
	terminatorSector   = 18
	primaryPathsSector = 19 // two tables, one in each byte order
	jolietPathsSector  = 21
	primaryRootSector  = 23
	jolietRootSector   = 24
	continuationSector = 25
	filesSector        = 26
)

// A file is a file of an image, with the sector where its content begins.
type file struct {
	name    string
	content []byte
	sector  int32
}

// ISO makes a CD image (ECMA-119) with files in its root folder, which guests
// see under exactly their names: by Rock Ridge those that follow POSIX, by
// Joliet the others. The label is in the image as it is given, in the case that
// it is given in. The same files give the same bytes; there is no date of today.
//
// It is for the small images by which a VM is told things: up to 8 files of up
// to 1 MiB.
func ISO(label string, files map[string][]byte) ([]byte, error) {
	if !regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_ -]{0,14}[A-Za-z0-9_])?$`).MatchString(label) {
		return nil, fmt.Errorf("cannot make a CD image: %q is no label of up to 16 letters, digits, _, - and spaces", label)
	}
	placed, err := place(files)
	if err == nil {
		return render(label, placed)
	}
	return nil, fmt.Errorf("cannot make the CD image %q: %w", label, err)
}

// place checks the files and gives each its sectors.
func place(files map[string][]byte) ([]file, error) {
	if len(files) == 0 || len(files) > maxFiles {
		return nil, fmt.Errorf("it has %d files, and can have 1 to %d", len(files), maxFiles)
	}
	var placed []file
	next := int32(filesSector)
	identifiers := make(map[string]string)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		content := files[name]
		switch other, taken := identifiers[identifier(name)]; {
		case !regexp.MustCompile(`^[a-z0-9_-]{1,20}(\.[a-z0-9_-]{1,8})?$`).MatchString(name):
			return nil, fmt.Errorf("%q is no name of a file that every guest sees as it is", name)
		case taken:
			return nil, fmt.Errorf("the names %q and %q are one to guests that know neither Rock Ridge nor Joliet", other, name)
		case len(content) > maxFile:
			return nil, fmt.Errorf("the file %q has %d bytes, and may have %d", name, len(content), maxFile)
		}
		identifiers[identifier(name)] = name
		placed = append(placed, file{name, content, next})
		next += sectors(content)
	}
	return placed, nil
}

func sectors(content []byte) int32 {
	return int32((len(content) + sectorSize - 1) / sectorSize) //nolint:gosec // G115: maxFile bounds it
}

// identifier is a file's name for those who know the plain standard alone
// (ECMA-119, 7.5).
func identifier(name string) string {
	base, extension, _ := strings.Cut(strings.ToUpper(strings.ReplaceAll(name, "-", "_")), ".")
	return base + "." + extension + ";1"
}

// render puts the sectors of an image one after the other.
func render(label string, files []file) ([]byte, error) {
	last := files[len(files)-1]
	size := last.sector + sectors(last.content)
	out := &image{bytes: make([]byte, int(size)*sectorSize)}
	for _, t := range []tree{primary(files), joliet(files)} {
		out.tree(t, label, size)
	}
	out.put(terminatorSector, header(255), nil)
	out.put(continuationSector, extensions(), nil)
	for _, f := range files {
		copy(out.bytes[int(f.sector)*sectorSize:], f.content)
	}
	return out.bytes, out.failure
}

// An image is what is rendered so far.
type image struct {
	bytes   []byte
	failure error // the first
}

// put puts content at the beginning of a sector.
func (i *image) put(sector int32, content []byte, err error) {
	if err == nil && len(content) > sectorSize {
		err = errors.New("cannot make a CD image: what belongs into one sector is larger")
	}
	if i.failure == nil {
		i.failure = err
	}
	if i.failure == nil {
		copy(i.bytes[int(sector)*sectorSize:], content)
	}
}

// header begins a volume descriptor (ECMA-119, 8.1).
func header(kind byte) []byte {
	return append([]byte{kind}, "CD001\x01"...)
}

// record is an entry of a folder (ECMA-119, 9.1).
func record(identifier string, sector int32, size uint32, systemUse []byte) *iso9660.DirectoryEntry {
	if len(systemUse)%2 != 0 {
		systemUse = append(systemUse, 0) // 9.1.13
	}
	return &iso9660.DirectoryEntry{
		ExtentLocation:       sector,
		ExtentLength:         size,
		RecordingDateTime:    iso9660.RecordingTimestamp(epoch()),
		VolumeSequenceNumber: 1,
		Identifier:           identifier,
		SystemUse:            systemUse,
	}
}

// folder is the entry of the root folder under one of its names.
func folder(identifier string, sector int32, systemUse []byte) *iso9660.DirectoryEntry {
	r := record(identifier, sector, sectorSize, systemUse)
	r.FileFlags = 1 << 1 // a directory: ECMA-119, 9.1.6
	return r
}

// epoch is the date of everything in an image.
func epoch() time.Time { return time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC) }

// listing is a folder's sector: entries one after the other.
func listing(records []*iso9660.DirectoryEntry) ([]byte, error) {
	var b bytes.Buffer
	for _, r := range records {
		one, err := r.MarshalBinary()
		if err != nil {
			return nil, fmt.Errorf("cannot make a CD image: %w", err)
		}
		b.Write(one)
	}
	return b.Bytes(), nil
}
