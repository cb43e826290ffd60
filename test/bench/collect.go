package bench

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// smallest is the size in bytes of the smallest file worth taking.
const smallest = 16 << 10

// collect puts the content of distinct ELF files found below the roots, want
// bytes in all. The order is that of the paths, so that one machine always gives
// the same data.
func collect(ctx context.Context, roots []string, want int64, put func([]byte) error) error {
	c := collector{left: want, put: put, seen: map[[sha256.Size]byte]bool{}}
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || ctx.Err() != nil || !d.Type().IsRegular() {
				return ctx.Err() // what can't be read is left out
			}
			return c.take(path)
		})
		if errors.Is(err, fs.SkipAll) || c.left == 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("the binaries below %v are %d bytes too few", roots, c.left)
}

type collector struct {
	left int64
	put  func([]byte) error
	seen map[[sha256.Size]byte]bool
}

// take puts a file's content, if it is a binary that wasn't there before.
func (c *collector) take(path string) error {
	data, err := readBinary(path)
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

// readBinary returns the content of an ELF file, nil for any other.
func readBinary(path string) ([]byte, error) {
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
	if _, err := io.ReadFull(f, magic); err != nil || string(magic) != "\x7fELF" {
		return nil, err
	}
	rest, err := io.ReadAll(f)
	return append(magic, rest...), err
}
