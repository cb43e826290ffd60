package ingest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"

	"github.com/klauspost/compress/gzip"

	"spliced/disk"
	"spliced/ovf"
)

// mentions reports whether a file of the plan could be the member of that name:
// their last path elements agree. Whether it is the one, Plan.Resolve decides
// when all names are known.
func mentions(p *ovf.Plan, member string) bool {
	member = strings.ToLower(path.Base(chunkBase(member)))
	for _, href := range hrefs(p) {
		if plain, err := url.PathUnescape(href); err == nil && strings.ToLower(path.Base(plain)) == member {
			return true
		}
		if strings.ToLower(path.Base(href)) == member {
			return true
		}
	}
	return false
}

func hrefs(p *ovf.Plan) []string {
	var all []string
	for _, d := range p.Unattached {
		all = append(all, d.Href)
	}
	for _, s := range p.Systems {
		for _, d := range s.Disks {
			all = append(all, d.Href)
		}
		for _, m := range s.Media {
			all = append(all, m.Href)
		}
	}
	return all
}

// chunkDigits is the length of a chunk's number behind its file's name
// (DSP0243, ovf:chunkSize).
const chunkDigits = 9

func firstChunk(name string) bool {
	return strings.HasSuffix(name, "."+strings.Repeat("0", chunkDigits))
}

// chunkBase is the name without a chunk's number.
func chunkBase(name string) string {
	at := len(name) - chunkDigits - 1
	if at <= 0 || name[at] != '.' || strings.Trim(name[at+1:], "0123456789") != "" {
		return name
	}
	return name[:at]
}

// chunks reads the chunks of one file, which have to follow each other in the
// archive.
type chunks struct {
	ova     *ova
	base    string
	current *ovf.Member
	number  int // of chunks begun
}

func (c *chunks) Read(p []byte) (int, error) {
	for c.current != nil {
		n, err := c.current.Read(p)
		if n > 0 || !errors.Is(err, io.EOF) {
			return n, err
		}
		if err := c.advance(); err != nil {
			return 0, err
		}
	}
	return 0, io.EOF
}

func (c *chunks) advance() error {
	m, err := c.ova.archive.Next()
	if errors.Is(err, io.EOF) {
		c.current = nil
		return nil
	}
	if err != nil {
		return err
	}
	if m.Name != fmt.Sprintf("%s.%0*d", c.base, chunkDigits, c.number) {
		c.ova.next, c.current = m, nil
		return nil
	}
	c.number++
	c.current = m
	return nil
}

// allChunks returns nil when the chunks that were read are all that the archive
// has of the file. What is missing at its end, no chunk tells.
func allChunks(archive []string, base string, read int) error {
	has := 0
	for _, name := range archive {
		if name != base && chunkBase(name) == base {
			has++
		}
	}
	if has == read {
		return nil
	}
	return refuse(BadOVA, "the archive has %d chunks of %s, of which only the first %d follow each other", has, ovf.Display(base), read).
		withHint("Pack them again, in the order of their numbers and without a gap.")
}

// gzipMagic begins each gzip member (RFC 1952, section 2.3.1).
const gzipMagic = "\x1f\x8b"

// decompress looks through ovf:compression="gzip": the bytes decide, since the
// descriptor may come later. The size of what was compressed isn't known.
func decompress(r io.Reader, size int64) (io.Reader, int64, error) {
	head := bufio.NewReaderSize(r, 1<<18)
	magic, err := head.Peek(len(gzipMagic))
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, 0, err
	}
	if string(magic) != gzipMagic {
		return head, size, nil
	}
	in := &input{r: head}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, 0, in.blame(err)
	}
	return &unzipped{z: z, in: in}, -1, nil
}

// unzipped reads what gzip packed, and tells damage from a source that failed.
type unzipped struct {
	z  *gzip.Reader
	in *input
}

func (u *unzipped) Read(p []byte) (int, error) {
	n, err := u.z.Read(p)
	return n, u.in.blame(err)
}

// input remembers how reading r failed.
type input struct {
	r   *bufio.Reader
	err error
}

func (i *input) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	i.err = err
	return n, err
}

// ReadByte keeps package gzip from buffering once more.
func (i *input) ReadByte() (byte, error) {
	b, err := i.r.ReadByte()
	i.err = err
	return b, err
}

// blame returns what decompressing failed with: the input's own failure, or that
// what came from it is no whole gzip file.
func (i *input) blame(err error) error {
	switch {
	case err == nil, errors.Is(err, io.EOF):
		return err
	case i.err != nil && !errors.Is(i.err, io.EOF):
		return i.err
	}
	return &disk.FormatError{
		Format: "gzip", Offset: -1, Kind: disk.ErrDamaged,
		Reason: fmt.Sprintf("its gzip compression is damaged or cut off (%v)", err),
	}
}
