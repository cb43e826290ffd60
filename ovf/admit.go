package ovf

import (
	"archive/tar"
	"io"
	"path"
	"strings"
)

// checkHead tells an archive from other kinds of files, by its first block.
func (a *Archive) checkHead() error {
	head, err := a.src.r.Peek(512)
	switch {
	case err != nil && err != io.EOF:
		a.src.failed = err
		return a.brokenHeader(0, err)
	case len(head) == 0:
		return refuseArchive(BadArchive, 0, "the source is empty")
	}
	if name, hint := nameFormat(head); name != "" {
		return refuseArchive(BadArchive, 0, "it is %s, not a tar archive; %s", name, hint)
	}
	if len(head) < 512 || !isHeader(head) {
		return refuseArchive(BadArchive, 0, "it is not a tar archive")
	}
	return nil
}

// isHeader reports whether a block is a tar header, or the zeros of an end.
func isHeader(b []byte) bool {
	var sum, zero int64
	for i, c := range b {
		if c == 0 {
			zero++
		}
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int64(c)
	}
	if zero == int64(len(b)) {
		return true
	}
	var said int64
	for _, c := range b[148:156] {
		if c >= '0' && c <= '7' {
			said = said<<3 | int64(c-'0')
		}
	}
	return said == sum || said == signedSum(b)
}

// signedSum is the checksum as some old writers made it, over signed bytes.
func signedSum(b []byte) int64 {
	var sum int64
	for i, c := range b {
		if i >= 148 && i < 156 {
			c = ' '
		}
		sum += int64(int8(c))
	}
	return sum
}

// admit judges a header: a member, nothing (skip it), or a refusal.
func (a *Archive) admit(h *tar.Header) (*Member, error) {
	name := strings.TrimPrefix(h.Name, "./")
	at := a.src.offset
	if skip, err := a.admitType(h, name); skip || err != nil {
		return nil, err
	}
	switch {
	case name == "" || strings.HasSuffix(name, "/"):
		return nil, refuseMember(BadArchive, name, at, "has no file name")
	case len(name) > MaxName:
		return nil, refuseMember(TooLarge, name, at, "has a name of %d bytes; %d are the most", len(name), MaxName)
	case isAppleDouble(name):
		return nil, nil //nolint:nilnil // neither a member nor a refusal
	case len(a.members) >= MaxMembers:
		return nil, refuseArchive(TooLarge, at, "it holds more than %d files", MaxMembers)
	case a.size > 0 && h.Size > a.size-at:
		return nil, refuseMember(BadArchive, name, at, "should be %d bytes long, but only %d bytes of the archive follow", h.Size, max(0, a.size-at))
	}
	m := &Member{Name: name, Index: len(a.members), Size: h.Size, Offset: at, Kind: kindOf(name), archive: a, left: h.Size}
	if err := a.admitName(m); err != nil {
		return nil, err
	}
	a.current = m
	a.hashers = startHashers(a.algorithms(name))
	return m, nil
}

// admitType refuses what is no plain file, and tells what to skip.
func (a *Archive) admitType(h *tar.Header, name string) (skip bool, err error) {
	at := a.src.offset
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return false, refuseMember(Unsupported, name, at, "is stored as a sparse file; pack the archive without --sparse")
		}
	}
	var what string
	switch h.Typeflag {
	case tar.TypeReg, '\x00', tar.TypeCont:
		return false, nil
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return true, nil
	case tar.TypeGNUSparse:
		return false, refuseMember(Unsupported, name, at, "is stored as a sparse file; pack the archive without --sparse")
	case tar.TypeSymlink:
		what = "a symbolic link"
	case tar.TypeLink:
		what = "a hard link"
	case tar.TypeChar, tar.TypeBlock:
		what = "a device"
	case tar.TypeFifo:
		what = "a named pipe"
	default:
		return false, refuseMember(BadArchive, name, at, "is of the unknown type %s", Display(string(rune(h.Typeflag))))
	}
	return false, refuseMember(BadArchive, name, at, "is %s; an OVA holds plain files only", what)
}

// admitName refuses a name that came before, and second documents.
func (a *Archive) admitName(m *Member) error {
	folded := strings.ToLower(m.Name)
	if first, ok := a.seen[folded]; ok {
		return refuseMember(BadArchive, m.Name, m.Offset, "has the same name as the member %s before it", Display(first))
	}
	a.seen[folded] = m.Name
	if m.Kind == Other {
		return nil
	}
	for _, before := range a.members {
		if before.kind == m.Kind {
			return refuseMember(BadArchive, m.Name, m.Offset, "is a second %s beside %s", m.Kind, Display(before.name))
		}
	}
	return nil
}

// isAppleDouble reports whether a name is of the shadow files that macOS's tar
// stores beside the real ones.
func isAppleDouble(name string) bool {
	return strings.HasPrefix(path.Base(name), "._") || strings.HasPrefix(name, "__MACOSX/")
}
