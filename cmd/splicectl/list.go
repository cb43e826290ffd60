package main

import (
	"context"
	"errors"
	"io"
	"regexp"
	"regexp/syntax"

	"spliced/client"
)

// A tableOf writes a value in rows.
type tableOf[T any] = func(w io.Writer, value T)

// listing calls a method that lists, and writes the list. An empty one is
// written as nothing at all, which is what a program counts, and remarked upon
// on stderr for people.
func listing[T any](ctx context.Context, c *cli, method string, params any, match, what string, table tableOf[[]T]) error {
	var broken *syntax.Error
	if _, err := regexp.Compile(match); errors.As(err, &broken) {
		return misuse("", "Cannot use --match: %s: %q.", broken.Code, broken.Expr)
	}
	return c.daemon(ctx, func(conn *client.Client) error {
		list, err := ask[[]T](ctx, conn, method, params)
		if err != nil {
			return err
		}
		if len(list.value) > 0 || c.format != formatTable {
			return write(c, list, table)
		}
		if match != "" {
			c.note("No %s match %s.", what, clean(match))
		} else {
			c.note("No %s.", what)
		}
		return nil
	})
}
