package script

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"
)

const (
	longestLine = 4 << 10 // what is longer is passed on in pieces
	lastLines   = 5       // are kept for a failure's message
)

// An output passes on what a script prints, line by line.
type output struct {
	log     func(line string)
	left    int64 // bytes that are still passed on
	dropped bool
	last    []string // as they came
}

// copy reads r to its end, also when nothing is passed on any more: a script
// must not hang because it says too much.
func (o *output) copy(r io.Reader) error {
	lines := bufio.NewReaderSize(r, longestLine)
	for {
		line, _, err := lines.ReadLine()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("cannot read the script's output: %w", err)
		}
		o.line(string(line))
	}
}

func (o *output) line(line string) {
	if o.last = append(o.last, line); len(o.last) > lastLines {
		o.last = o.last[1:]
	}
	switch o.left -= int64(len(line)) + 1; {
	case o.left >= 0:
		o.log(printable(line))
	case !o.dropped:
		o.dropped = true
		o.log("… the script prints more than is kept; the rest is dropped")
	}
}

// ending is the end of the output, as far as it is kept.
func (o *output) ending() []string {
	lines := make([]string, len(o.last))
	for i, line := range o.last {
		lines[i] = printable(line)
	}
	return lines
}

// printable is a line without what a terminal would act on.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsPrint(r):
			return r
		default:
			return -1
		}
	}, strings.ToValidUTF8(line, "\uFFFD"))
}
