package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"spliced/client"
)

// A removal is what the commands that remove have in common.
type removal struct {
	method string
	what   string // of which kind the objects are: "image"
	whats  string // and several of them
	names  []string
	params func(name string) any
	yes    bool // don't ask
}

// quick is how long a removal takes at most of which nobody wants to see progress.
const quick = 2 * time.Second

// remove removes one object after the other, says how each went, and returns
// the first failure.
func (c *cli) remove(ctx context.Context, conn *client.Client, r removal) error {
	if err := c.confirm(ctx, r); err != nil {
		return err
	}
	return c.each(ctx, r.names, func(name string) error {
		return c.work(ctx, conn, r.method, r.params(name), quick)
	})
}

// each does the same with one object after the other, prints what fails, and
// returns the first failure.
func (c *cli) each(ctx context.Context, names []string, do func(name string) error) error {
	var first *failure
	for _, name := range names {
		err := do(name)
		if err == nil {
			continue
		}
		f := explain(err, c.socket)
		if first == nil {
			first = &failure{code: f.code} // it is told here
		}
		f.print(c.stderr)
		if ctx.Err() != nil || f.code == exitUnavailable || f.code == exitOutput {
			break // the next one can't fare better
		}
	}
	if first != nil {
		return first
	}
	return nil
}

// confirm asks whether that is meant.
func (c *cli) confirm(ctx context.Context, r removal) error {
	if r.yes {
		return nil
	}
	if _, ok := terminal(c.stdin); !ok {
		return misuse("With --yes it is removed without a question.",
			"Cannot remove %s: stdin is no terminal, so nobody can be asked whether that is meant.", r.objects())
	}
	if reply := c.question(ctx, fmt.Sprintf("Remove %s? [y/N] ", r.objects())); reply == "y" || reply == "yes" {
		return nil
	}
	return &failure{exitCancelled, "Nothing was removed.", ""}
}

// question asks whoever is at the terminal, and returns the reply in small
// letters; "" when there is none.
func (c *cli) question(ctx context.Context, text string) string {
	_, _ = fmt.Fprint(c.stderr, text)
	reply, err := c.readLine(ctx)
	if err != nil {
		c.note("") // the question's line is still open
	}
	return strings.ToLower(strings.TrimSpace(reply))
}

// objects names what is to go: `images "a" and "b"`.
func (r *removal) objects() string {
	if len(r.names) == 1 {
		return fmt.Sprintf("%s %q", r.what, r.names[0])
	}
	return r.whats + " " + enumerate(r.names)
}

// readLine reads a line from stdin until ctx is done. The reading itself goes on
// then, until the process ends: read(2) on a terminal can't be called off.
func (c *cli) readLine(ctx context.Context) (string, error) {
	type result struct {
		line string
		err  error
	}
	done := make(chan result, 1)
	go func() {
		line, err := bufio.NewReader(c.stdin).ReadString('\n')
		done <- result{line, err}
	}()
	select {
	case r := <-done:
		return r.line, r.err
	case <-ctx.Done():
		return "", errors.New("interrupted")
	}
}
