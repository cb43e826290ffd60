package ovf

import (
	"errors"
	"io"
	"strings"
)

// A Kind tells what a member of an archive is for, by its name.
type Kind string

// The kinds of members.
const (
	Descriptor  Kind = "descriptor"  // .ovf
	ManifestDoc Kind = "manifest"    // .mf
	Certificate Kind = "certificate" // .cert
	Other       Kind = "other"       // disks, media, message bundles, anything else
)

// errMemberOver is what a member answers after the archive went on.
var errMemberOver = errors.New("the archive has gone on to its next member")

// kindOf tells the kind from a member's name.
func kindOf(name string) Kind {
	lower := strings.ToLower(name)
	switch {
	case strings.HasSuffix(lower, ".ovf"):
		return Descriptor
	case strings.HasSuffix(lower, ".mf"):
		return ManifestDoc
	case strings.HasSuffix(lower, ".cert"):
		return Certificate
	}
	return Other
}

// A Member is a file in an archive. Reading it is optional: what was not read
// when Archive.Next is called is read then, because digests are over the whole.
// It belongs to one goroutine, and to the time until the next call of Next.
type Member struct {
	Name   string // without a leading "./"; content is hostile: see Display
	Index  int    // 0 for the archive's first member
	Size   int64  // bytes
	Offset int64  // byte of the archive at which the data begins
	Kind   Kind

	// Content is the whole of a descriptor, manifest or certificate, which
	// are read before Next returns; nil for other kinds. It must not be
	// changed.
	Content []byte

	archive *Archive
	current *block // what Read takes from; nil when used up
	used    int    // bytes of current, or else of Content, that were read
	left    int64  // bytes not yet taken from the archive
	broken  error  // what reading the archive on fails with
	over    bool
}

// Read is io.Reader over the member's data. io.EOF comes only after exactly
// Size bytes; a cut archive answers a *Refusal, and what the archive's own
// input failed with is wrapped as it is.
func (m *Member) Read(p []byte) (int, error) {
	if m.over {
		return 0, errMemberOver
	}
	if m.Content != nil {
		return m.readContent(p)
	}
	if len(p) == 0 {
		return 0, nil
	}
	if m.current == nil {
		if err := m.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, m.current.data[m.used:])
	m.used += n
	if m.used == len(m.current.data) {
		m.drop()
	}
	return n, nil
}

// readContent is Read for a document that the archive holds whole.
func (m *Member) readContent(p []byte) (int, error) {
	if m.used == len(m.Content) {
		return 0, io.EOF
	}
	n := copy(p, m.Content[m.used:])
	m.used += n
	return n, nil
}

// fill takes the next block of data from the archive and hands it to the
// digests as well. io.EOF when there is none.
func (m *Member) fill() error {
	a := m.archive
	if a.failure != nil {
		return a.failure
	}
	if m.left == 0 {
		return io.EOF
	}
	b := <-a.blocks
	if b.data == nil {
		b.data = make([]byte, blockSize)
	}
	b.data = b.data[:min(blockSize, m.left)]
	n, err := 0, m.broken
	if err == nil {
		n, err = io.ReadAtLeast(a.tar, b.data, min(leastRead, len(b.data)))
	}
	if n == 0 {
		a.blocks <- b
		return a.fail(a.brokenData(m, err))
	}
	m.broken = err
	b.data = b.data[:n]
	m.left -= int64(n)
	m.current, m.used = b, 0
	a.hashers.feed(b)
	return nil
}

// drop gives the current block back.
func (m *Member) drop() {
	if m.current != nil {
		m.current.release()
		m.current = nil
	}
}

// drain reads what is left, for the digests alone.
func (m *Member) drain() error {
	for {
		m.drop()
		switch err := m.fill(); {
		case err == io.EOF: //nolint:errorlint // fill's own
			return nil
		case err != nil:
			return err
		}
	}
}
