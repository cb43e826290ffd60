package ovf

import (
	"fmt"
	"io"
)

// trailerSize is the two blocks of zeros that end an archive (POSIX.1, pax,
// "ustar Interchange Format").
const trailerSize = 1024

// finish proves that the archive ends here. archive/tar says io.EOF for a
// trailer, for half a trailer and for none at all; what it read since the last
// member's padded end tells them apart. It answers io.EOF or a failure.
func (a *Archive) finish(aligned int64) error {
	got, zeros := a.src.offset-aligned, a.src.zeros
	switch {
	case len(a.members) == 0:
		return refuseArchive(BadArchive, a.src.offset, "the archive is empty")
	case got == trailerSize && zeros >= trailerSize:
		a.trailer = true
		if err := a.readPadding(); err != nil {
			return err
		}
	case got < 0, got > trailerSize, got != zeros && got > 0:
		return refuseArchive(BadArchive, a.src.offset, "the archive is cut off at byte %d, inside a header", a.src.offset)
	}
	switch {
	case a.src.offset%512 != 0:
		return refuseArchive(BadArchive, a.src.offset, "the archive ends at byte %d, which is no multiple of 512", a.src.offset)
	case a.size > 0 && a.src.offset != a.size:
		return refuseArchive(BadArchive, a.src.offset, "the archive ends at byte %d, but was said to have %d", a.src.offset, a.size)
	case !a.trailer && !a.manifestNamesAll():
		return refuseArchive(BadArchive, a.src.offset,
			"the archive ends at byte %d without its end mark, and no manifest proves that it is whole; it may be cut off", a.src.offset)
	}
	return io.EOF
}

// readPadding reads the zeros that fill up the archive's last record.
func (a *Archive) readPadding() error {
	buf := make([]byte, 32<<10)
	for {
		a.src.startMeter()
		n, err := a.src.Read(buf)
		a.src.metered = false
		if a.src.zeros != int64(n) {
			return refuseArchive(BadArchive, a.src.offset-a.src.zeros-1, "something follows the archive's end, at byte %d at the latest", a.src.offset-a.src.zeros-1)
		}
		switch {
		case err == io.EOF: //nolint:errorlint // source hands it through bare
			return nil
		case err != nil:
			return fmt.Errorf("cannot read the archive at byte %d: %w", a.src.offset, err)
		}
	}
}

// manifestNamesAll reports whether the manifest vouches for the archive's
// completeness: every member that it can name is verified, and every name in it
// is a member. What neither it nor the descriptor names could still be missing,
// and wouldn't be missed.
func (a *Archive) manifestNamesAll() bool {
	if a.manifest == nil {
		return false
	}
	v := a.verdicts()
	if len(v.Absent) > 0 {
		return false
	}
	for _, m := range v.Members {
		if m.State != Verified && m.Kind != ManifestDoc && m.Kind != Certificate {
			return false
		}
	}
	return true
}
