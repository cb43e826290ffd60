package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
)

// ErrChanged says that a record is not the generation that its change was made
// from: somebody else changed it meanwhile.
var ErrChanged = errors.New("the record was changed meanwhile")

// A Version is a record as its file has it. When the file can't be used, Problem
// says why, and the rest is what it said when it last could be.
type Version[T any] struct {
	Name       string
	Value      T
	Generation string // of the file's content: equal ones are the same bytes
	Problem    *CorruptError
}

// generationOf is the generation of a file with that content.
func generationOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:8])
}

// Look returns the record name with its generation; fs.ErrNotExist, and a
// *CorruptError where the file can't be used and never could.
func (c *Collection[T]) Look(name string) (Version[T], error) {
	v, err := c.Get(name)
	if err != nil {
		return Version[T]{}, err
	}
	data, _, err := c.folder.store.disk.read(c.folder.file(name), MaxRecord)
	return Version[T]{Name: name, Value: v, Generation: generationOf(data)}, c.wrap("read", name, err)
}

// Versions returns all records that can be used, or once could, sorted by name,
// and what can't be served at all.
func (c *Collection[T]) Versions() ([]Version[T], []*CorruptError, error) {
	items, corrupt, err := c.All()
	versions := make([]Version[T], 0, len(items))
	for _, item := range items {
		v, err := c.Look(item.Name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		versions = append(versions, v)
	}
	return versions, corrupt, err
}

// Update replaces the record name, which must still be of that generation, by v,
// and returns the new generation. Comments and the order of keys stay as they
// are in the file. fs.ErrNotExist, ErrChanged, a *CorruptError for a file that
// can't be used, and what Put answers.
func (c *Collection[T]) Update(name, generation string, v T) (string, error) {
	now, err := c.Look(name)
	if err == nil && now.Generation != generation {
		err = fmt.Errorf("cannot write the record %q of %s: %w", name, c.folder.kind, ErrChanged)
	}
	if err != nil {
		return "", err
	}
	if err := c.Put(name, v); err != nil {
		return "", err
	}
	now, err = c.Look(name)
	return now.Generation, err
}

// DeleteVersion removes the record name, which must still be of that generation;
// fs.ErrNotExist, ErrChanged.
func (c *Collection[T]) DeleteVersion(name, generation string) error {
	now, err := c.Look(name)
	if err == nil && now.Generation != generation {
		err = fmt.Errorf("cannot remove the record %q of %s: %w", name, c.folder.kind, ErrChanged)
	}
	if err != nil {
		return err
	}
	return c.Delete(name)
}
