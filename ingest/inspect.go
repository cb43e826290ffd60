package ingest

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"spliced/disk"
	"spliced/ovf"
)

// maxDescriptor bounds a bare descriptor, as in an archive.
const maxDescriptor = ovf.MaxDescriptor

// InspectImage reads the head of an image.
func InspectImage(src *Source, l Limits) (disk.Info, error) {
	r, err := disk.Open(src, disk.Options{Size: src.Size(), MaxVirtualSize: l.MaxVirtualSize, ChunkSize: chunkSize})
	if err != nil {
		return disk.Info{}, err
	}
	return r.Info(), nil
}

// InspectOVA reads an archive as far as its descriptor, or a bare descriptor,
// and plans what an import with the default choices would make.
func InspectOVA(src *Source) (*ovf.Plan, error) {
	doc, err := findDescriptor(bufio.NewReaderSize(src, 1<<18), src.Size())
	if err != nil {
		return nil, err
	}
	appliance, err := ovf.Parse(doc)
	if err != nil {
		return nil, err
	}
	return appliance.Plan(ovf.Choice{})
}

func findDescriptor(r *bufio.Reader, size int64) ([]byte, error) {
	head, err := r.Peek(64)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if looksLikeXML(head) {
		doc, err := io.ReadAll(io.LimitReader(r, maxDescriptor+1))
		if len(doc) > maxDescriptor {
			return nil, refuse(TooLarge, "the descriptor is longer than %d bytes", maxDescriptor)
		}
		return doc, err
	}
	a := ovf.NewArchive(r, ovf.Options{Size: size})
	for {
		m, err := a.Next()
		if errors.Is(err, io.EOF) {
			return nil, errors.Join(noDescriptor(), a.Close())
		}
		if err != nil {
			return nil, errors.Join(err, a.Close())
		}
		if m.Kind == ovf.Descriptor {
			return m.Content, a.Close()
		}
	}
}

func looksLikeXML(head []byte) bool {
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	return bytes.HasPrefix(bytes.TrimLeft(head, " \t\r\n"), []byte("<"))
}

func noDescriptor() error {
	return refuse(BadOVA, "it has no descriptor (.ovf)").
		withHint("An OVA is a tar archive with an .ovf file in it; import a bare disk with image upload.")
}
