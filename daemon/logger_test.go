package daemon

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/google/go-cmp/cmp"
)

// entry is what the journal was sent.
type entry struct {
	Message  string
	Priority journal.Priority
	Fields   map[string]string
}

// fakeJournal takes entries, or refuses them.
type fakeJournal struct {
	got    []entry
	refuse error
	text   bytes.Buffer
}

func (j *fakeJournal) handler(level slog.Leveler) slog.Handler {
	return &journalHandler{
		level:   level,
		instead: slog.NewTextHandler(&j.text, &slog.HandlerOptions{Level: level}),
		send: func(m string, p journal.Priority, f map[string]string) error {
			if j.refuse == nil {
				j.got = append(j.got, entry{m, p, f})
			}
			return j.refuse
		},
	}
}

func TestJournalEntry(t *testing.T) {
	tests := map[string]struct {
		log  func(*slog.Logger)
		want entry
	}{
		"plain": {
			func(l *slog.Logger) { l.Info("ready") },
			entry{"ready", journal.PriInfo, map[string]string{}},
		},
		"attributes": {
			func(l *slog.Logger) { l.Warn("refused", slog.String("job", "j1"), slog.Int("peer_uid", 7)) },
			entry{"refused job=j1 peer_uid=7", journal.PriWarning, map[string]string{"SPLICED_JOB": "j1", "SPLICED_PEER_UID": "7"}},
		},
		"groups": {
			func(l *slog.Logger) {
				l.With(slog.String("pool", "vms")).WithGroup("disk").Error("x", slog.Group("at", slog.Int("bytes", 1)))
			},
			entry{"x pool=vms disk.at.bytes=1", journal.PriErr, map[string]string{"SPLICED_POOL": "vms", "SPLICED_DISK_AT_BYTES": "1"}},
		},
		"a value that plays a second line": {
			func(l *slog.Logger) { l.Debug("x", slog.String("name", "a\nPRIORITY=0 job=j9")) },
			entry{
				`x name="a\nPRIORITY=0 job=j9"`, journal.PriDebug,
				map[string]string{"SPLICED_NAME": "a\nPRIORITY=0 job=j9"},
			},
		},
		"keys that the journal has a meaning for": {
			func(l *slog.Logger) {
				l.Info("x", slog.Int("priority", 0), slog.String("_PID", "1"), slog.String("é", ""))
			},
			entry{
				`x priority=0 _PID=1 é=""`, journal.PriInfo,
				map[string]string{"SPLICED_PRIORITY": "0", "SPLICED__PID": "1", "SPLICED__": ""},
			},
		},
		"key beyond the limit": {
			func(l *slog.Logger) { l.Info("x", slog.Int(strings.Repeat("k", 100), 1)) },
			entry{
				"x " + strings.Repeat("k", 100) + "=1", journal.PriInfo,
				map[string]string{"SPLICED_" + strings.Repeat("K", 56): "1"},
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var j fakeJournal
			tt.log(slog.New(j.handler(slog.LevelDebug)))
			if d := cmp.Diff([]entry{tt.want}, j.got); d != "" {
				t.Error(d)
			}
			if j.text.Len() != 0 {
				t.Errorf("written twice: %s", j.text.String())
			}
		})
	}
}

// What the journal doesn't take goes to standard error, whole.
func TestJournalRefuses(t *testing.T) {
	j := fakeJournal{refuse: errors.New("gone")}
	log := slog.New(j.handler(slog.LevelInfo)).With(slog.Int("a", 1)).WithGroup("g")
	log.Debug("below the level")
	log.Info("hello", slog.Int("b", 2))
	line := j.text.String()
	for _, part := range []string{"msg=hello", "a=1", "g.b=2"} {
		if !strings.Contains(line, part) {
			t.Errorf("%q lacks %s", line, part)
		}
	}
	if strings.Count(line, "\n") != 1 {
		t.Errorf("not one line: %q", line)
	}
}

// The rules for handlers of package slog hold. The journal stamps entries
// itself, so the time is taken as said.
func TestJournalHandlerKeepsSlogRules(t *testing.T) {
	var j *fakeJournal
	slogtest.Run(t, func(*testing.T) slog.Handler {
		j = &fakeJournal{}
		return j.handler(slog.LevelDebug)
	}, func(t *testing.T) map[string]any {
		t.Helper()
		e := j.got[len(j.got)-1]
		msg, rest, _ := strings.Cut(e.Message, " ")
		m := map[string]any{slog.MessageKey: msg, slog.LevelKey: fmt.Sprint(e.Priority)}
		if !strings.HasSuffix(t.Name(), "zero-time") {
			m[slog.TimeKey] = time.Now()
		}
		for kv := range strings.FieldsSeq(rest) {
			key, value, _ := strings.Cut(kv, "=")
			nest(m, strings.Split(key, "."), value)
		}
		return m
	})
}

func nest(m map[string]any, path []string, value string) {
	if len(path) == 1 {
		m[path[0]] = value
		return
	}
	inner, ok := m[path[0]].(map[string]any)
	if !ok {
		inner = map[string]any{}
		m[path[0]] = inner
	}
	nest(inner, path[1:], value)
}

// Away from the journal a record is a line of text on the writer.
func TestLoggerWritesText(t *testing.T) {
	for _, stream := range []string{"", "1:2", "nonsense"} {
		t.Setenv("JOURNAL_STREAM", stream)
		var b bytes.Buffer
		Logger(&b, slog.LevelInfo).Info("hello", slog.String("job", "j1"))
		if !strings.Contains(b.String(), "msg=hello job=j1\n") {
			t.Errorf("JOURNAL_STREAM=%q: %q", stream, b.String())
		}
		if _, ok := Logger(os.Stderr, slog.LevelInfo).Handler().(*slog.TextHandler); !ok {
			t.Errorf("JOURNAL_STREAM=%q: standard error is taken for the journal", stream)
		}
	}
}

func TestLoggerFindsJournal(t *testing.T) {
	var st syscall.Stat_t
	if err := syscall.Fstat(syscall.Stderr, &st); err != nil {
		t.Fatal(err)
	}
	t.Setenv("JOURNAL_STREAM", fmt.Sprintf("%d:%d", st.Dev, st.Ino))
	if _, ok := Logger(os.Stderr, slog.LevelInfo).Handler().(*journalHandler); !ok {
		t.Error("standard error is not taken for the journal")
	}
	if _, ok := Logger(&bytes.Buffer{}, slog.LevelInfo).Handler().(*journalHandler); ok {
		t.Error("another writer is taken for the journal")
	}
}

func FuzzFieldName(f *testing.F) {
	f.Add("peer_uid")
	f.Add("\n=\x00é")
	f.Fuzz(func(t *testing.T, key string) {
		name := fieldName(key)
		bad := func(r rune) bool { return (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_' }
		if len(name) > maxFieldName || !strings.HasPrefix(name, fieldPrefix) || strings.ContainsFunc(name, bad) {
			t.Errorf("%q became %q", key, name)
		}
		if strings.ContainsAny(quoted(key), "\n\r") {
			t.Errorf("%q stays on more than one line", key)
		}
	})
}
