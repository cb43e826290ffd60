package bench

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// smallest is the size in bytes of the smallest file worth taking.
const smallest = 16 << 10

// collect puts the content of distinct files found below the roots, want bytes in
// all: programs and libraries (ELF) first, others only where those are too few.
// The order is that of the paths, so that one machine always gives the same data.
func collect(ctx context.Context, roots []string, want int64, put func([]byte) error) error {
	c := collector{left: want, put: put, seen: map[[sha256.Size]byte]bool{}}
	for _, c.binaries = range []bool{true, false} {
		for _, root := range roots {
			err := c.walk(ctx, root)
			if err != nil || c.left == 0 {
				return err
			}
		}
	}
	return fmt.Errorf("the files below %v are %d bytes too few", roots, c.left)
}

type collector struct {
	binaries bool // what is looked for now: binaries, or all the rest
	left     int64
	put      func([]byte) error
	seen     map[[sha256.Size]byte]bool
}

// walk takes what lies below a root.
func (c *collector) walk(ctx context.Context, root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil || !d.Type().IsRegular() {
			return ctx.Err() // what can't be read is left out
		}
		return c.take(path)
	})
}

// take puts a file's content, if it is what is looked for and wasn't there before.
func (c *collector) take(path string) error {
	data, err := c.read(path)
	if err != nil || data == nil {
		return nil //nolint:nilerr // what can't be read is left out
	}
	sum := sha256.Sum256(data)
	if c.seen[sum] {
		return nil
	}
	c.seen[sum] = true
	data = data[:min(int64(len(data)), c.left)]
	c.left -= int64(len(data))
	if err := c.put(data); err != nil {
		return err
	}
	if c.left == 0 {
		return fs.SkipAll
	}
	return nil
}

// read returns the content of a file of the kind that is looked for, else nil.
func (c *collector) read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read from
	st, err := f.Stat()
	if err != nil || st.Size() < smallest {
		return nil, err
	}
	magic := make([]byte, 4)
	if _, err := io.ReadFull(f, magic); err != nil || (string(magic) == "\x7fELF") != c.binaries {
		return nil, err
	}
	rest, err := io.ReadAll(f)
	return append(magic, rest...), err
}
