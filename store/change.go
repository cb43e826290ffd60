package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
)

// A change is what is to happen to one file. Its methods are called by who holds
// the right to write.
type change struct {
	folder *folder
	name   string
	data   []byte
	action action

	// With held set the file must have the generation expected up to the moment
	// of the change. Then revise, where it is set, makes data of what it says.
	held     bool
	expected string
	revise   func(now []byte) ([]byte, error)
	idle     bool // what revise made stands there already

	done func(*change) // is told of the change once it is made; may be nil
}

type action int

const (
	replace action = iota
	create
	remove
)

func (c *change) expect(generation string) { c.held, c.expected = true, generation }

// meet holds the file against what the change expects of it, and makes its data.
func (c *change) meet() error {
	if !c.held {
		return nil
	}
	now, err := c.read()
	if err != nil {
		return err
	}
	if c.revise != nil {
		data, err := c.revise(now)
		if err != nil {
			return err
		}
		c.data, c.idle = data, bytes.Equal(data, now)
	}
	return c.compare(now)
}

// stillMet reads the file once more: between meet and the change lies the time
// that the disk took for the new content, and somebody may have edited it.
func (c *change) stillMet() error {
	if !c.held {
		return nil
	}
	now, err := c.read()
	if err != nil {
		return err
	}
	return c.compare(now)
}

func (c *change) read() ([]byte, error) {
	path := c.folder.file(c.name)
	now, _, err := c.folder.store.disk.read(path, MaxRecord)
	switch {
	case errors.Is(err, errChanging):
		return nil, ErrChanged
	case err == nil || errors.Is(err, fs.ErrNotExist):
		return now, err
	default:
		return nil, &CorruptError{Kind: c.folder.kind, Name: c.name, Path: path, Err: err}
	}
}

func (c *change) compare(now []byte) error {
	if generationOf(now) != c.expected {
		return ErrChanged
	}
	return nil
}

// told says which change of a batch fails, unless err says so.
func (c *change) told(err error) error {
	if _, told := errors.AsType[*CorruptError](err); told {
		return err
	}
	return fmt.Errorf("cannot change %q of %s: %w", c.name, c.folder.kind, err)
}

// took tells who asked for it that the change is made.
func (c *change) took() {
	if c.done != nil {
		c.done(c)
	}
}
