package disk

import (
	"errors"
	"fmt"
)

// What is wrong with an image, for errors.Is.
var (
	// ErrUnsupported says that the image may be good, but is of a kind that is
	// not taken.
	ErrUnsupported = errors.New("the image is not of a supported kind")
	// ErrDamaged says that the image breaks its format's rules: it is cut,
	// altered, or made to deceive.
	ErrDamaged = errors.New("the image is damaged")
	// ErrTooLarge says that the image or a part of it is over a limit.
	ErrTooLarge = errors.New("the image is too large")
)

// A FormatError says what is wrong with an image and where. errors.Is finds
// its Kind.
type FormatError struct {
	Format Format
	Offset int64  // bytes from the start of the input, -1 where no one place is to blame
	Reason string // what is wrong, as the middle of a sentence
	Kind   error  // ErrUnsupported, ErrDamaged or ErrTooLarge
}

// Error is the reason with its place, ready to follow "Cannot import …: " and
// without a period.
func (e *FormatError) Error() string {
	if e.Offset < 0 {
		return e.Reason
	}
	return fmt.Sprintf("%s (at byte %d of the image)", e.Reason, e.Offset)
}

// Unwrap returns the kind.
func (e *FormatError) Unwrap() error { return e.Kind }

func damaged(f Format, offset int64, reason string, args ...any) error {
	return &FormatError{Format: f, Offset: offset, Reason: fmt.Sprintf(reason, args...), Kind: ErrDamaged}
}

func unsupported(f Format, reason string, args ...any) error {
	return &FormatError{Format: f, Offset: -1, Reason: fmt.Sprintf(reason, args...), Kind: ErrUnsupported}
}

func tooLarge(f Format, reason string, args ...any) error {
	return &FormatError{Format: f, Offset: -1, Reason: fmt.Sprintf(reason, args...), Kind: ErrTooLarge}
}
