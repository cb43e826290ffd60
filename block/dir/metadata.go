package dir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"strings"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// metadataPrefix and a volume's identity name the file of its metadata.
const metadataPrefix = ".spliced.meta."

// maxMetadata bounds that file in bytes: far above what is ever stored, far
// below what would hurt to have in memory.
const maxMetadata = 1 << 20

func isMetadata(name string) bool {
	id, found := strings.CutPrefix(name, metadataPrefix)
	return found && validID(id)
}

// readMetadata reads what is kept for a volume, an empty map where nothing is.
func (p *Pool) readMetadata(id string) (map[string]string, error) {
	values := map[string]string{}
	f, err := p.openAt(metadataPrefix+id, unix.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return values, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxMetadata+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	if len(text) > maxMetadata {
		return nil, fmt.Errorf("%s has more than %d bytes", f.Name(), maxMetadata)
	}
	if err := json.Unmarshal(text, &values); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", f.Name(), err)
	}
	return values, nil
}

// addMetadata merges values into what is kept for a volume, durably and at
// once. Files are read, written anew and renamed under the folder's lock.
func (p *Pool) addMetadata(ctx context.Context, id string, values map[string]string) error {
	for key, value := range values {
		if !utf8.ValidString(key) || !utf8.ValidString(value) {
			return fmt.Errorf("key %q or its value is not UTF-8: %w", key, fs.ErrInvalid)
		}
	}
	unlock, err := p.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	have, err := p.readMetadata(id)
	if err != nil {
		return err
	}
	maps.Copy(have, values)
	text, err := json.MarshalIndent(have, "", "  ")
	if err != nil {
		return err
	}
	if len(text) > maxMetadata {
		return fmt.Errorf("%d bytes of metadata, more than %d: %w", len(text), maxMetadata, fs.ErrInvalid)
	}
	return p.replace(metadataPrefix+id, append(text, '\n'))
}

// replace makes text the content of a file, whole or not at all. The caller
// holds the lock; a crash leaves a staged file for the next sweep.
func (p *Pool) replace(name string, text []byte) error {
	staging := stagedPrefix + newID()
	f, err := p.openAt(staging, unix.O_WRONLY|unix.O_CREAT|unix.O_EXCL)
	if err != nil {
		return noSpace(err)
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return errors.Join(noSpace(err), p.unlink(staging))
	}
	err = again(func() error { return unix.Renameat(p.fd(), staging, p.fd(), name) })
	if err != nil {
		return errors.Join(p.pathError("renameat", name, err), p.unlink(staging))
	}
	return p.folder.Sync()
}
