package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"unicode/utf8"

	"spliced/api"
)

// withSource gives use the file that is to be passed to the daemon: the named
// one, or stdin for "-" and no name. Nothing is read from it here.
func (c *cli) withSource(ctx context.Context, args []string, use func(source *os.File) error) error {
	if len(args) == 0 || args[0] == "-" {
		if _, ok := terminal(c.stdin); ok || c.stdin == nil {
			return misuse("Name a file, or send one in: … | splicectl … NAME, or: splicectl … NAME <FILE",
				"Cannot read from stdin: it is a terminal.")
		}
		return use(c.stdin)
	}
	source, err := openSource(ctx, args[0])
	if err != nil {
		return err
	}
	defer func() { _ = source.Close() }() // it was only read, and not by us
	return use(source)
}

// openSource opens a file. It doesn't insist on it when ctx ends: open(2) of a
// FIFO waits for whoever writes to it.
func openSource(ctx context.Context, path string) (*os.File, error) {
	type opened struct {
		file *os.File
		err  error
	}
	done := make(chan opened, 1)
	go func() {
		file, err := os.Open(path) //nolint:gosec // the caller's own rights, the caller's own choice
		done <- opened{file, err}
	}()
	select {
	case o := <-done:
		if cause, ok := errors.AsType[*fs.PathError](o.err); ok {
			return nil, &failure{exitNoInput, fmt.Sprintf("Cannot open %q: %v.", path, cause.Err), ""}
		}
		return o.file, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// isFile tells a regular file, whose end is known, from a stream.
func isFile(source *os.File) bool {
	info, err := source.Stat()
	return err == nil && info.Mode().IsRegular()
}

// readText reads the whole of a text file of at most so many bytes, "-" and ""
// being stdin. What isn't UTF-8 could not go over the wire as it is.
func (c *cli) readText(ctx context.Context, path string, most int64) (string, error) {
	var content []byte
	err := c.withSource(ctx, []string{cmp.Or(path, "-")}, func(source *os.File) (err error) {
		content, err = readAll(ctx, source, most)
		return err
	})
	if err != nil {
		return "", err
	}
	named := "stdin"
	if path != "" && path != "-" {
		named = fmt.Sprintf("%q", path)
	}
	switch {
	case int64(len(content)) > most:
		return "", misuse("", "Cannot use %s: it has more than %s.", named, human(api.Size(most)))
	case !utf8.Valid(content):
		return "", misuse("", "Cannot use %s: it is no UTF-8 text.", named)
	}
	return string(content), nil
}

// readAll reads a file to its end, or one byte more than the most. As with
// openSource, a sender that never comes to an end is left alone when ctx ends.
func readAll(ctx context.Context, source *os.File, most int64) ([]byte, error) {
	type result struct {
		content []byte
		err     error
	}
	done := make(chan result, 1)
	go func() {
		content, err := io.ReadAll(io.LimitReader(source, most+1))
		done <- result{content, err}
	}()
	select {
	case r := <-done:
		if r.err != nil {
			return nil, &failure{exitNoInput, fmt.Sprintf("Cannot read %q: %v.", source.Name(), r.err), ""}
		}
		return r.content, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
