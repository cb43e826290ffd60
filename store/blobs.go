package store

import (
	"fmt"
	"slices"
)

// MaxBlob is the most bytes of a blob: what package ovf accepts of a descriptor.
const MaxBlob = 4 << 20

// Blobs are files kept byte for byte, such as the descriptors of OVAs. Nothing in
// a blob tells whether somebody changed it by hand: who must know keeps a digest
// in a record.
type Blobs struct {
	folder *folder
}

// NewBlobs returns the blobs of a kind, which is the name of their folder; their
// files end with ext, such as ".ovf". It panics when the kind is in use or no
// lower-case word, a fault of the program.
func NewBlobs(s *Store, kind, ext string) *Blobs {
	return &Blobs{folder: newFolder(s, kind, ext)}
}

// Put makes the blob name, or replaces it, with the promises of Collection.Put.
func (b *Blobs) Put(name string, data []byte) error {
	err := checkBlob(name, data)
	if err == nil {
		err = b.folder.put(&change{folder: b.folder, name: name, data: data})
	}
	return b.wrap("write", name, err)
}

// Get returns the blob name; fs.ErrNotExist, ErrTooLarge.
func (b *Blobs) Get(name string) ([]byte, error) {
	if err := CheckName(name); err != nil {
		return nil, b.wrap("read", name, err)
	}
	unlock, err := b.folder.store.beginRead()
	if err != nil {
		return nil, b.wrap("read", name, err)
	}
	defer unlock()
	data, _, err := b.folder.store.disk.read(b.folder.file(name), MaxBlob)
	return data, b.wrap("read", name, err)
}

// Delete removes the blob name; fs.ErrNotExist.
func (b *Blobs) Delete(name string) error {
	err := CheckName(name)
	if err == nil {
		err = b.folder.remove(&change{folder: b.folder, name: name, action: remove})
	}
	return b.wrap("remove", name, err)
}

// List names all blobs, sorted.
func (b *Blobs) List() ([]string, error) {
	unlock, err := b.folder.store.beginRead()
	if err != nil {
		return nil, err
	}
	defer unlock()
	names, err := b.folder.list()
	return slices.Clone(names), err
}

func checkBlob(name string, data []byte) error {
	if err := CheckName(name); err != nil {
		return err
	}
	if len(data) > MaxBlob {
		return fmt.Errorf("%w of %d bytes", ErrTooLarge, MaxBlob)
	}
	return nil
}

func (b *Blobs) wrap(verb, name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cannot %s %q of %s: %w", verb, name, b.folder.kind, err)
}
