package daemon

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fakeManager is the service manager and the keyboard of one run, in the time
// of a synctest bubble.
type fakeManager struct {
	start     time.Time
	stop, hup chan os.Signal
	deaf      error // what telling it gives

	mu   sync.Mutex
	told []string
	when []time.Duration
}

func (m *fakeManager) tell(state string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = append(m.told, state)
	m.when = append(m.when, time.Since(m.start))
	return m.deaf
}

// heard returns what was told so far, without the pats of the watchdog.
func (m *fakeManager) heard() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(m.told), func(s string) bool { return s == "WATCHDOG=1" })
}

// pats returns when the watchdog was patted.
func (m *fakeManager) pats() []time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	var at []time.Duration
	for i, s := range m.told {
		if s == "WATCHDOG=1" {
			at = append(at, m.when[i])
		}
	}
	return at
}

// ended is how a run ended, and when.
type ended struct {
	err error
	at  time.Duration
}

// begin starts a run; it must be in a bubble.
func begin(t *testing.T, o Options, watchdog time.Duration) (*fakeManager, <-chan ended) {
	t.Helper()
	m := &fakeManager{start: time.Now(), stop: make(chan os.Signal, 3), hup: make(chan os.Signal, 1)}
	return m, m.begin(t.Context(), o, watchdog)
}

func (m *fakeManager) begin(ctx context.Context, o Options, watchdog time.Duration) <-chan ended {
	if o.Serve == nil {
		o.Serve = untilDone
	}
	o.Logger = slog.New(slog.DiscardHandler)
	p := process{Options: o.filled(), watchdog: watchdog, stop: m.stop, hup: m.hup, tell: m.tell}
	end := make(chan ended, 1)
	go func() {
		err := p.run(ctx)
		end <- ended{err, time.Since(m.start)}
	}()
	return end
}

// untilDone is a Serve that is ready at once and does as it is told.
func untilDone(ctx context.Context, ready func()) error {
	ready()
	<-ctx.Done()
	return ctx.Err()
}

// pass lets time go by and everybody come to rest; for the test itself.
func pass(d time.Duration) {
	nap(d)
	synctest.Wait()
}

// nap is how long a part of the daemon takes, in the time of the bubble.
func nap(d time.Duration) { <-time.After(d) }

func wantEnd(t *testing.T, got ended, err error, at time.Duration) {
	t.Helper()
	if !errors.Is(got.err, err) || (err == nil && got.err != nil) {
		t.Errorf("ended with %v, want %v", got.err, err)
	}
	if got.at != at {
		t.Errorf("ended after %v, want %v", got.at, at)
	}
}

func TestRunTellsItsLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, end := begin(t, Options{Serve: func(ctx context.Context, ready func()) error {
			nap(3 * time.Second)
			ready()
			ready() // a second call is harmless
			<-ctx.Done()
			return ctx.Err()
		}}, 0)
		pass(2 * time.Second)
		if got := m.heard(); got != nil {
			t.Errorf("told %q before it was ready", got)
		}
		pass(2 * time.Second)
		m.stop <- syscall.SIGTERM
		wantEnd(t, <-end, nil, 4*time.Second)
		want := []string{"READY=1\nSTATUS=serving", "STOPPING=1\nSTATUS=finishing what runs", "STATUS=ending"}
		if d := cmp.Diff(want, m.heard()); d != "" {
			t.Error(d)
		}
	})
}

func TestRunDrains(t *testing.T) {
	endless := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	tests := map[string]struct {
		drain   func(context.Context) error
		signals []time.Duration // when the signals come
		want    time.Duration
		err     error
		serve   func(context.Context, func()) error
	}{
		"nothing to wait for": {signals: []time.Duration{time.Second}, want: time.Second},
		"work that ends": {
			drain:   func(context.Context) error { nap(7 * time.Second); return nil },
			signals: []time.Duration{time.Second}, want: 8 * time.Second,
		},
		"work that fails to end": {
			drain:   func(context.Context) error { return errors.New("no") },
			signals: []time.Duration{time.Second}, want: time.Second,
		},
		"work without end":        {drain: endless, signals: []time.Duration{time.Second}, want: 61 * time.Second},
		"second signal":           {drain: endless, signals: []time.Duration{time.Second, 2 * time.Second}, want: 3 * time.Second},
		"roll-back takes a while": {serve: slowEnd(19 * time.Second), signals: []time.Duration{0}, want: 19 * time.Second},
		"roll-back takes too long": {
			serve: slowEnd(21 * time.Second), signals: []time.Duration{0}, want: 20 * time.Second, err: ErrStuck,
		},
		"signal while it rolls back": {
			serve: slowEnd(21 * time.Second), signals: []time.Duration{0, 5 * time.Second}, want: 5 * time.Second, err: ErrStuck,
		},
		"drain and end are deaf, third signal": {
			drain: func(context.Context) error { nap(time.Hour); return nil },
			serve: slowEnd(time.Hour), signals: []time.Duration{0, time.Second, time.Second}, want: 2 * time.Second, err: ErrStuck,
		},
		"drain is deaf": {
			drain:   func(context.Context) error { nap(time.Hour); return nil },
			signals: []time.Duration{0}, want: 80 * time.Second, err: ErrStuck,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, end := begin(t, Options{Drain: tt.drain, Serve: tt.serve}, 0)
				synctest.Wait()
				for _, d := range tt.signals {
					pass(d)
					m.stop <- syscall.SIGINT
					synctest.Wait()
				}
				wantEnd(t, <-end, tt.err, tt.want)
				nap(2 * time.Hour) // the deaf ones end too
			})
		})
	}
}

// slowEnd is a Serve that needs time to end.
func slowEnd(d time.Duration) func(context.Context, func()) error {
	return func(ctx context.Context, ready func()) error {
		ready()
		<-ctx.Done()
		nap(d)
		return ctx.Err()
	}
}

// Work goes on during the drain: the context of Serve outlives that of Run.
func TestRunKeepsServingWhileDraining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var work func() error // why the work ended
		m := &fakeManager{start: time.Now()}
		end := m.begin(ctx, Options{
			Serve: func(ctx context.Context, ready func()) error { work = ctx.Err; return untilDone(ctx, ready) },
			Drain: func(context.Context) error {
				nap(time.Second)
				return work()
			},
		}, 0)
		synctest.Wait()
		cancel()
		pass(time.Second / 2)
		if work() != nil {
			t.Error("work was ended before its drain")
		}
		wantEnd(t, <-end, nil, time.Second)
		if work() == nil {
			t.Error("work was not ended at all")
		}
	})
}

func TestRunClosesListenersBeforeDrain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := Listen(t.Context(), path, "")
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		m, end := begin(t, Options{Listeners: []*net.UnixListener{l}, Drain: func(context.Context) error {
			if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("accepts while it drains: %v", err)
			}
			return nil
		}}, 0)
		synctest.Wait()
		m.stop <- syscall.SIGTERM
		wantEnd(t, <-end, nil, 0)
	})
}

func TestRunReturnsFaultOfServe(t *testing.T) {
	boom := errors.New("boom")
	tests := map[string]struct {
		serve func(context.Context, func()) error
		want  error
		told  []string
	}{
		"before it was ready": {
			serve: func(context.Context, func()) error { return boom }, want: boom,
			told: []string{"STOPPING=1\nSTATUS=serving ended: serve: boom"},
		},
		"by itself": {
			serve: func(_ context.Context, ready func()) error { ready(); nap(time.Second); return nil }, want: errEndedByItself,
			told: []string{"READY=1\nSTATUS=serving", "STOPPING=1\nSTATUS=serving ended: " + errEndedByItself.Error()},
		},
		"when told to end": {
			serve: func(ctx context.Context, ready func()) error { ready(); <-ctx.Done(); return boom }, want: boom,
			told: []string{"READY=1\nSTATUS=serving", "STOPPING=1\nSTATUS=finishing what runs", "STATUS=ending"},
		},
		"while it drains": {
			serve: func(_ context.Context, ready func()) error { ready(); nap(3 * time.Second); return boom }, want: boom,
			told: []string{"READY=1\nSTATUS=serving", "STOPPING=1\nSTATUS=finishing what runs", "STATUS=ending"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, end := begin(t, Options{Serve: tt.serve, Drain: func(ctx context.Context) error { <-ctx.Done(); return nil }}, 0)
				pass(2 * time.Second)
				m.stop <- syscall.SIGTERM
				if got := <-end; !errors.Is(got.err, tt.want) {
					t.Errorf("ended with %v, want %v", got.err, tt.want)
				}
				if d := cmp.Diff(tt.told, m.heard()); d != "" {
					t.Error(d)
				}
			})
		})
	}
}

// A manager that can't be told, and one that sends SIGHUP, change nothing.
func TestRunGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &fakeManager{start: time.Now(), stop: make(chan os.Signal, 1), hup: make(chan os.Signal, 1), deaf: errors.New("deaf")}
		end := m.begin(t.Context(), Options{}, time.Minute)
		pass(time.Second)
		m.hup <- syscall.SIGHUP
		pass(time.Hour)
		m.stop <- syscall.SIGTERM
		wantEnd(t, <-end, nil, time.Hour+time.Second)
	})
}

func TestRunSendsStatusOnChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		line := "1 job"
		m, end := begin(t, Options{Status: func() string { mu.Lock(); defer mu.Unlock(); return line }}, 0)
		pass(time.Minute)
		mu.Lock()
		line = "2 jobs\nMAINPID=1"
		mu.Unlock()
		pass(time.Minute)
		m.stop <- syscall.SIGTERM
		<-end
		want := []string{"READY=1\nSTATUS=1 job", "STATUS=2 jobs MAINPID=1"}
		if d := cmp.Diff(want, m.heard()[:2]); d != "" {
			t.Error(d)
		}
		for _, s := range m.heard() {
			if strings.Contains(s, "\nMAINPID") {
				t.Errorf("%q carries an assignment of the status", s)
			}
		}
	})
}
