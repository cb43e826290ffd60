package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// withSource gives use the file that is to be passed to the daemon: the named
// one, or stdin for "-" and no name. Nothing is read from it here.
func (c *cli) withSource(ctx context.Context, args []string, use func(source *os.File) error) error {
	if len(args) == 0 || args[0] == "-" {
		if _, ok := terminal(c.stdin); ok || c.stdin == nil {
			return misuse("Name a file, or send one in: … | splicectl … NAME, or: splicectl … NAME <FILE",
				"Cannot read the upload from stdin: it is a terminal.")
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
