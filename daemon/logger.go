package daemon

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"

	"github.com/coreos/go-systemd/v22/journal"
)

// Logger returns a logger that writes records from level upwards to w, as text,
// or, if w is the standard error of a process whose standard error goes to the
// journal (JOURNAL_STREAM, systemd.exec(5)), to the journal with every
// attribute as a field: SPLICED_JOB=… for the attribute job.
//
// A record that the journal doesn't take is written to w instead.
func Logger(w io.Writer, level slog.Leveler) *slog.Logger {
	text := slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})
	if w != io.Writer(os.Stderr) {
		return slog.New(text)
	}
	if ok, err := journal.StderrIsJournalStream(); err != nil || !ok {
		return slog.New(text) // a JOURNAL_STREAM that can't be read is somebody else's
	}
	return slog.New(&journalHandler{level: level, send: journal.Send, instead: text})
}

// journalHandler is a slog.Handler that sends records to the journal.
type journalHandler struct {
	level   slog.Leveler
	send    func(message string, p journal.Priority, fields map[string]string) error
	instead slog.Handler // with the same attributes and groups
	groups  []string
	fields  fields // of WithAttrs
}

// Enabled implements slog.Handler.
func (h *journalHandler) Enabled(_ context.Context, l slog.Level) bool {
	return l >= h.level.Level()
}

// Handle implements slog.Handler. The message carries the attributes too,
// because journalctl shows nothing else unless it is asked.
func (h *journalHandler) Handle(ctx context.Context, r slog.Record) error {
	f := slices.Clone(h.fields)
	r.Attrs(func(a slog.Attr) bool {
		f = f.add(h.groups, a)
		return true
	})
	if h.send(r.Message+f.text(), priority(r.Level), f.journal()) == nil {
		return nil
	}
	return h.instead.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *journalHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.fields = slices.Clone(h.fields)
	for _, a := range attrs {
		c.fields = c.fields.add(h.groups, a)
	}
	c.instead = h.instead.WithAttrs(attrs)
	return &c
}

// WithGroup implements slog.Handler.
func (h *journalHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	c := *h
	c.groups = append(slices.Clone(h.groups), name)
	c.instead = h.instead.WithGroup(name)
	return &c
}

// priority is the level in the words of syslog(3).
func priority(l slog.Level) journal.Priority {
	switch {
	case l >= slog.LevelError:
		return journal.PriErr
	case l >= slog.LevelWarn:
		return journal.PriWarning
	case l >= slog.LevelInfo:
		return journal.PriInfo
	default:
		return journal.PriDebug
	}
}

// journal returns the fields as the journal takes them; of two with one name
// the later one stays.
func (f fields) journal() map[string]string {
	return maps.Collect(func(yield func(string, string) bool) {
		for _, x := range f {
			if !yield(fieldName(x.key), x.value) {
				return
			}
		}
	})
}
