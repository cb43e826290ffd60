package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"spliced/client"
)

// A format is how results are written to stdout; it is the value of -o.
type format string

const (
	formatTable format = "table"
	formatJSON  format = "json"
	formatYAML  format = "yaml"
)

func formats() []string {
	return []string{string(formatTable), string(formatJSON), string(formatYAML)}
}

// String, Set and Type make a format the value of a flag.
func (f *format) String() string { return string(*f) }

// Set takes one of formats.
func (f *format) Set(text string) error {
	if !slices.Contains(formats(), text) {
		return fmt.Errorf("there is table, json and yaml")
	}
	*f = format(text)
	return nil
}

// Type names the value in the help.
func (*format) Type() string { return "FORMAT" }

// An answer is a result, as it came and as we understand it. What a newer daemon
// says and we don't know stays in raw, and so gets to those who read JSON.
type answer[T any] struct {
	raw   json.RawMessage
	value T
}

// ask calls a method.
func ask[T any](ctx context.Context, conn *client.Client, method string, params any, files ...*os.File) (answer[T], error) {
	var a answer[T]
	if err := conn.Call(ctx, method, params, &a.raw, files...); err != nil {
		return a, err
	}
	if err := json.Unmarshal(a.raw, &a.value); err != nil {
		return a, fmt.Errorf("the daemon's answer to %s can't be understood: %w", method, err)
	}
	return a, nil
}

// write gives a result to stdout in the format that was asked for. The table is
// written in cells that end with a tab, and lines.
func write[T any](c *cli, a answer[T], table func(w io.Writer, value T)) error {
	if c.format != formatTable {
		return c.writeDocument(a.raw)
	}
	var b bytes.Buffer
	aligned := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	table(aligned, a.value)
	_ = aligned.Flush() // into memory
	return c.writeText(trimLines(b.String()))
}

// writeDocument writes an object from the wire as JSON or YAML.
func (c *cli) writeDocument(raw json.RawMessage) error {
	if c.format == formatYAML {
		text, err := toYAML(raw)
		if err != nil {
			return fmt.Errorf("the daemon's answer is no JSON: %w", err)
		}
		if c.documents++; c.documents > 1 {
			text = "---\n" + text
		}
		return c.writeText(text)
	}
	var b bytes.Buffer
	if err := json.Indent(&b, raw, "", "  "); err != nil {
		return fmt.Errorf("the daemon's answer is no JSON: %w", err)
	}
	return c.writeText(escape(b.String(), surrogates) + "\n")
}

// writeText writes to stdout. Half a result is none.
func (c *cli) writeText(text string) error {
	if _, err := io.WriteString(c.stdout, text); err != nil {
		return &failure{exitOutput, fmt.Sprintf("Cannot write the result: %v.", err), ""}
	}
	return nil
}

// say writes a sentence of the daemon's to stdout.
func (c *cli) say(sentence string) error { return c.writeText(clean(sentence) + "\n") }

// tell writes the result of a change: its sentence, or in a document all of it.
func (c *cli) tell(raw json.RawMessage, sentence string) error {
	if c.format != formatTable {
		return c.writeDocument(raw)
	}
	return c.say(sentence)
}

// note tells the person at the terminal something that is no result. When
// stderr is gone, nobody is there to be told.
func (c *cli) note(format string, args ...any) {
	_, _ = fmt.Fprintf(c.stderr, format+"\n", args...)
}

// row writes one line of a table.
func row(w io.Writer, cells ...string) {
	_, _ = fmt.Fprintln(w, strings.Join(cells, "\t")) // into memory
}

// A problemTable is a table with a last column for what is wrong, which is there
// only when something is.
type problemTable struct {
	titles   []string
	rows     [][]string
	problems []string
	broken   bool
}

func (t *problemTable) add(problem string, cells ...string) {
	t.rows, t.problems = append(t.rows, cells), append(t.problems, problem)
	t.broken = t.broken || problem != ""
}

func (t *problemTable) write(w io.Writer) {
	if !t.broken {
		row(w, t.titles...)
		for _, cells := range t.rows {
			row(w, cells...)
		}
		return
	}
	row(w, append(t.titles, "PROBLEM")...)
	for i, cells := range t.rows {
		row(w, append(cells, dash(t.problems[i]))...)
	}
}

// indented writes the lines of a text below a section's title. It must be clean.
func indented(w io.Writer, text string) {
	for line := range strings.Lines(text) {
		row(w, "  "+strings.TrimSuffix(line, "\n"))
	}
}

// trimLines takes away the room that the tab writer leaves behind last columns.
func trimLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// terminal tells the descriptor of a terminal.
func terminal(stream any) (fd int, ok bool) {
	f, isFile := stream.(*os.File)
	if !isFile || f == nil {
		return 0, false
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, false
	}
	// Not f.Fd, which may clear O_NONBLOCK for everybody who shares the file.
	err = raw.Control(func(n uintptr) { fd = int(n); ok = term.IsTerminal(fd) })
	return fd, ok && err == nil
}
