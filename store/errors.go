package store

import (
	"errors"
	"fmt"
	"strings"
)

// What a caller may ask for with errors.Is, besides fs.ErrNotExist, fs.ErrExist,
// fs.ErrInvalid (a name, or a value that has no YAML form), fs.ErrClosed and the
// errnos.
var (
	// ErrLocked says that another process holds the state folder.
	ErrLocked = errors.New("another process holds the state folder")
	// ErrCorrupt is in the chain of every CorruptError.
	ErrCorrupt = errors.New("the record can't be used")
	// ErrNotDurable says that a change is in place but may not outlive a power
	// cut: its folder could not be fsynced.
	ErrNotDurable = errors.New("the change is in place, but not safe from a power cut yet")
	// ErrUnfinished says that a batch could be neither completed nor undone. It
	// is completed before anything else is read or written, at the latest when
	// the store is opened again.
	ErrUnfinished = errors.New("the batch is decided but not completed yet")
	// ErrChanged says that a record is not of the generation that its change was
	// made from: somebody else changed it meanwhile.
	ErrChanged = errors.New("the record was changed meanwhile")
	// ErrTooLarge says that a record or blob exceeds its limit.
	ErrTooLarge = errors.New("it exceeds the size limit")
)

// A CorruptError tells of one file that is there but can't be served. The other
// records are not concerned.
type CorruptError struct {
	Kind string // of the collection
	Name string // of the record
	Path string // of the file
	Line int    // from 1; 0 where no line is to blame
	Err  error  // why
}

// Error says what can't be read, where and why, and what to do.
func (e *CorruptError) Error() string {
	place := e.Path
	why := e.Err.Error()
	if e.Line > 0 {
		place = fmt.Sprintf("%s:%d", e.Path, e.Line)
		why = strings.TrimPrefix(why, fmt.Sprintf("line %d: ", e.Line))
	}
	return fmt.Sprintf("cannot use the record %q of %s: %s: %s; mend the file, or move it away", e.Name, e.Kind, place, why)
}

// Unwrap returns ErrCorrupt and the cause.
func (e *CorruptError) Unwrap() []error { return []error{ErrCorrupt, e.Err} }
