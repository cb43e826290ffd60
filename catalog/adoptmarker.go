package catalog

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"

	"spliced/api"
	"spliced/ingest"
	"spliced/store"
	"spliced/worker"
)

// A pooled is what a pool keeps of an OVA beside its disks, in a volume that is
// an archive of two files: what tar makes of a copy of the volume is what the
// state folder has, but for passwords.
type pooled struct {
	record     []byte // the record's file
	descriptor []byte
}

const (
	pooledRecord     = "record.yaml"
	pooledDescriptor = "descriptor.ovf"
	// maxPooled bounds the archive: two files with their headers and padding, and
	// the two blocks of zeros at its end.
	maxPooled = store.MaxRecord + store.MaxBlob + 6*512
)

// encode makes the archive: there is exactly one of the same files.
func (p pooled) encode() ([]byte, error) {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for _, file := range []struct {
		name string
		data []byte
	}{{pooledRecord, p.record}, {pooledDescriptor, p.descriptor}} {
		header := &tar.Header{Name: file.name, Size: int64(len(file.data)), Mode: 0o640, Format: tar.FormatUSTAR}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(file.data); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return archive.Bytes(), err
}

// decodePooled takes only what encode makes, to the byte.
func decodePooled(archive []byte) (pooled, error) {
	var p pooled
	r := tar.NewReader(bytes.NewReader(archive))
	for _, file := range []struct {
		name string
		most int64
		data *[]byte
	}{{pooledRecord, store.MaxRecord, &p.record}, {pooledDescriptor, store.MaxBlob, &p.descriptor}} {
		header, err := r.Next()
		if errors.Is(err, io.EOF) || err == nil && (header.Name != file.name || header.Size > file.most) {
			return p, fmt.Errorf("it is no archive of %s and %s", pooledRecord, pooledDescriptor)
		}
		if err == nil {
			*file.data, err = io.ReadAll(io.LimitReader(r, file.most))
		}
		if err != nil {
			return p, fmt.Errorf("it is a broken archive: %w", err)
		}
	}
	again, err := p.encode()
	if err == nil && !bytes.Equal(again, archive) {
		err = errors.New("its archive holds more than its two files")
	}
	return p, err
}

// stageRecord puts an OVA's record and descriptor, without its passwords, into a
// staging volume, and says where that is to go: ahead of all disks, since of
// several hosts the one that puts it there has the name.
func (c *Catalog) stageRecord(ctx context.Context, w *worker.Worker, in Intent, o *api.OVA, descriptor string) (ingest.Move, error) {
	shown := *o
	shown.Secrets = nil
	record, err := c.ovas.Text(o.Name, shown)
	if err != nil {
		return ingest.Move{}, err
	}
	archive, err := pooled{record, []byte(descriptor)}.encode()
	if err != nil {
		return ingest.Move{}, err
	}
	file, err := inMemory(archive)
	if err != nil {
		return ingest.Move{}, err
	}
	defer file.Close() //nolint:errcheck // only memory
	staged, err := w.StageRecord(ctx, c.pools[in.Pool], ingest.StagingPrefix(in.Job)+"0", file, int64(len(archive)))
	m := c.move(in, staged, ingest.RecordVolume(o.Name), "")
	m.Metadata[ingest.MetaDigest] = digestOf(archive)
	m.Metadata[ingest.MetaDisks] = strconv.Itoa(len(o.Volumes()))
	return m, err
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
