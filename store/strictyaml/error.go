package strictyaml

import (
	"fmt"

	"gopkg.in/yaml.v3"
)

// An Error says why a document can't be read or a value can't be written.
type Error struct {
	// Line counts from 1; it is 0 where no line is to blame.
	Line int
	// Path leads to the value, as in disks[2].size; empty at the top.
	Path string
	// Reason completes "it can't be read because", without a period.
	Reason string
	// Err is what a type's own text methods said, or nil.
	Err error
}

// Error gives the line, the path and the reason, as far as they are known.
func (e *Error) Error() string {
	text := e.Reason
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	if e.Path != "" {
		text = e.Path + ": " + text
	}
	if e.Line > 0 {
		text = fmt.Sprintf("line %d: %s", e.Line, text)
	}
	return text
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

func complain(n *yaml.Node, path, reason string) *Error {
	return &Error{Line: n.Line, Path: path, Reason: reason}
}
