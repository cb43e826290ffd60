package ingest

import "fmt"

// A Kind sorts refusals by what the caller can do about them.
type Kind int

// The kinds of refusals that this package makes itself. What decoders, archives
// and pools refuse keeps its own type.
const (
	BadSource   Kind = iota + 1 // the descriptor passed is not what was said, or changed meanwhile
	SourceIO                    // reading it failed
	Stalled                     // it gave nothing for too long
	Integrity                   // a digest doesn't match
	BadOVA                      // the archive lacks something, or has it twice
	Unsupported                 // a kind of appliance that can't be taken
	TooLarge                    // a limit
	Taken                       // a volume of that name is there already
)

// A Refusal is an upload that can't be taken. Its text is the second half of a
// sentence, without its period.
type Refusal struct {
	Kind   Kind
	Text   string
	Member string // of the archive, or ""
	Hint   string // what to do, or ""
	cause  error
}

func (r *Refusal) Error() string { return r.Text }

func (r *Refusal) Unwrap() error { return r.cause }

func refuse(kind Kind, format string, args ...any) *Refusal {
	return &Refusal{Kind: kind, Text: fmt.Sprintf(format, args...)}
}

func (r *Refusal) withMember(name string) *Refusal {
	r.Member = name
	return r
}

func (r *Refusal) withHint(text string) *Refusal {
	r.Hint = text
	return r
}

func (r *Refusal) because(err error) *Refusal {
	r.cause = err
	return r
}
