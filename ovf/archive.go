package ovf

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Limits of an archive. Appliances have two to twenty members; documents were
// never seen above 1.7 MB.
const (
	// MaxMembers is how many members, and apart from them how many folders and
	// the like, an archive may hold.
	MaxMembers = 256
	// MaxDescriptor is the largest descriptor, in bytes.
	MaxDescriptor = 4 << 20
	// MaxManifest is the largest manifest, in bytes.
	MaxManifest = 1 << 20
	// MaxCertificate is the largest certificate file, in bytes.
	MaxCertificate = 1 << 20
	// MaxName is the longest name of a member, in bytes.
	MaxName = 4096
)

// Options say what is known of an archive before it is read.
type Options struct {
	Size int64 // of the input in bytes, 0 or less when unknown
}

// An Archive reads an OVA front to back, once. It belongs to one goroutine and
// must be closed.
type Archive struct {
	src      *source
	tar      *tar.Reader
	size     int64
	blocks   chan *block
	hashers  *hashers // of the current member, nil between members
	current  *Member
	members  []record
	seen     map[string]string // folded name to the name as it came
	skipped  int
	manifest *Manifest
	folder   string // of the manifest, "" or with a slash at its end
	cert     []byte
	trailer  bool  // the end was proven by the archive's own trailer
	failure  error // sticky; io.EOF after a proven end
}

// record is what is kept of a member that was read.
type record struct {
	name    string
	kind    Kind
	size    int64
	digests map[Algorithm][]byte
}

// NewArchive starts to read an archive from r. Nothing is read before Next.
func NewArchive(r io.Reader, o Options) *Archive {
	src := newSource(r)
	return &Archive{
		src: src, tar: tar.NewReader(src), size: o.Size,
		blocks: newBlocks(), seen: map[string]string{},
	}
}

// Next reads what is left of the current member and goes on to the next one.
// io.EOF means that the archive is complete: the input was read to its end, and
// either the archive's trailer or a manifest that names every member proves that
// nothing was cut off. A *Refusal says what is wrong with the archive; any other
// failure wraps the input's own. All failures are final.
func (a *Archive) Next() (*Member, error) {
	if a.failure == nil {
		a.failure = a.finishMember()
	}
	if a.failure == nil && len(a.members) == 0 && a.skipped == 0 {
		a.failure = a.checkHead()
	}
	if a.failure != nil {
		return nil, a.failure
	}
	m, err := a.nextMember()
	if err != nil {
		return nil, a.fail(err)
	}
	if m.Kind != Other {
		if err := a.readDocument(m); err != nil {
			return nil, a.fail(err)
		}
	}
	return m, nil
}

// Close ends the reading of the current member. It may be called at any time
// and more than once; the input is not closed.
func (a *Archive) Close() error {
	a.abandon()
	if a.failure == nil {
		a.failure = errClosed
	}
	return nil
}

// errClosed is what a closed archive answers.
var errClosed = errors.New("the archive was closed")

// Offset is how many bytes of the input were read.
func (a *Archive) Offset() int64 { return a.src.offset }

// Manifest is the archive's manifest, nil until it was met.
func (a *Archive) Manifest() *Manifest { return a.manifest }

// Certificate is the archive's certificate file as it came, nil until it was
// met. Nothing in it is checked here.
func (a *Archive) Certificate() []byte { return a.cert }

// Names lists the members read so far, in stream order.
func (a *Archive) Names() []string {
	names := make([]string, 0, len(a.members))
	for _, m := range a.members {
		names = append(names, m.name)
	}
	return names
}

// fail makes err the answer to everything that follows.
func (a *Archive) fail(err error) error {
	a.abandon()
	if a.failure == nil {
		a.failure = err
	}
	return a.failure
}

// abandon ends the current member without reading it.
func (a *Archive) abandon() {
	if a.current != nil {
		a.current.drop()
		a.current.over = true
		a.current = nil
	}
	if a.hashers != nil {
		a.hashers.sums()
		a.hashers = nil
	}
}

// finishMember reads the rest of the current member and keeps its digests.
func (a *Archive) finishMember() error {
	m := a.current
	if m == nil {
		return nil
	}
	if err := m.drain(); err != nil {
		return err
	}
	m.over, a.current = true, nil
	a.members = append(a.members, record{m.Name, m.Kind, m.Size, a.hashers.sums()})
	a.hashers = nil
	return nil
}

// nextMember goes to the next header that stands for a file.
func (a *Archive) nextMember() (*Member, error) {
	for {
		start := a.src.offset
		aligned := (start + 511) &^ 511
		a.src.startMeter()
		h, err := a.tar.Next()
		a.src.metered = false
		switch {
		case err == io.EOF: //nolint:errorlint // archive/tar's bare end
			return nil, a.finish(aligned)
		case err != nil && !errors.Is(err, tar.ErrInsecurePath):
			return nil, a.brokenHeader(start, err)
		}
		m, err := a.admit(h)
		if m != nil || err != nil {
			return m, err
		}
		if a.skipped++; a.skipped > MaxMembers {
			return nil, refuseArchive(TooLarge, start, "it holds more than %d folders and other entries without data of the appliance", MaxMembers)
		}
		if _, err := io.Copy(io.Discard, a.tar); err != nil {
			return nil, a.brokenHeader(start, err)
		}
	}
}

// readDocument reads a descriptor, manifest or certificate whole.
func (a *Archive) readDocument(m *Member) error {
	limit := map[Kind]int64{Descriptor: MaxDescriptor, ManifestDoc: MaxManifest, Certificate: MaxCertificate}[m.Kind]
	if m.Size > limit {
		return refuseMember(TooLarge, m.Name, m.Offset, "is %d bytes long; a %s may have %d at most", m.Size, m.Kind, limit)
	}
	doc := make([]byte, m.Size)
	if _, err := io.ReadFull(m, doc); err != nil {
		return err
	}
	m.Content, m.used = doc, 0
	switch m.Kind {
	case ManifestDoc:
		a.manifest = ParseManifest(doc)
		a.folder = m.Name[:strings.LastIndexByte(m.Name, '/')+1]
	case Certificate:
		a.cert = doc
	case Descriptor, Other:
	}
	return nil
}

// algorithms are the digests that a member needs: all as long as the manifest
// may still come, and what it says once it is known.
func (a *Archive) algorithms(name string) []Algorithm {
	if a.manifest == nil {
		return []Algorithm{SHA256, SHA1, SHA512}
	}
	needed := []Algorithm{SHA256}
	for _, other := range []Algorithm{SHA1, SHA512} {
		if a.manifest.uses(name, other) || a.manifest.uses(strings.TrimPrefix(name, a.folder), other) {
			needed = append(needed, other)
		}
	}
	return needed
}

// brokenData words why a member's data can't be read on.
func (a *Archive) brokenData(m *Member, err error) error {
	if a.src.failed != nil {
		return fmt.Errorf("cannot read the archive at byte %d: %w", a.src.offset, a.src.failed)
	}
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return refuseMember(BadArchive, m.Name, a.src.offset,
			"is cut off: the archive ends at byte %d, %d bytes before the member does", a.src.offset, m.left)
	}
	return refuseMember(BadArchive, m.Name, a.src.offset, "cannot be read: %v", strings.TrimPrefix(err.Error(), "archive/tar: "))
}

// brokenHeader words why no member follows.
func (a *Archive) brokenHeader(start int64, err error) error {
	switch {
	case a.src.failed != nil:
		return fmt.Errorf("cannot read the archive at byte %d: %w", a.src.offset, a.src.failed)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return refuseArchive(BadArchive, a.src.offset, "the archive is cut off at byte %d, inside a header", a.src.offset)
	}
	return refuseArchive(BadArchive, start, "the archive is damaged: the header at byte %d cannot be read", start)
}
