package daemon

import (
	"context"
	"errors"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestIdleExit(t *testing.T) {
	const quiet = 8 * time.Minute
	tests := map[string]struct {
		activated bool
		idleExit  time.Duration
		busy      func(time.Duration) bool // at that time
		want      time.Duration            // 0: stays
	}{
		"idle":                 {activated: true, idleExit: quiet, busy: func(time.Duration) bool { return false }, want: quiet},
		"not activated":        {idleExit: quiet, busy: func(time.Duration) bool { return false }},
		"never asked for":      {activated: true, busy: func(time.Duration) bool { return false }},
		"always busy":          {activated: true, idleExit: quiet, busy: func(time.Duration) bool { return true }},
		"nobody says":          {activated: true, idleExit: quiet},
		"busy for an hour":     {activated: true, idleExit: quiet, busy: func(at time.Duration) bool { return at <= time.Hour }, want: time.Hour + quiet},
		"busy again and again": {activated: true, idleExit: quiet, busy: func(at time.Duration) bool { return at%(7*time.Minute) == 0 }},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := Options{Activated: tt.activated, IdleExit: tt.idleExit}
				start := time.Now()
				if tt.busy != nil {
					o.Busy = func() bool { return tt.busy(time.Since(start)) }
				}
				m, end := begin(t, o, 0)
				pass(5 * time.Hour)
				select {
				case got := <-end:
					wantEnd(t, got, nil, tt.want)
				default:
					if tt.want != 0 {
						t.Errorf("still there, was to end after %v", tt.want)
					}
					m.stop <- syscall.SIGTERM
					<-end
				}
			})
		})
	}
}

func TestWatchdog(t *testing.T) {
	const usec = 30 * time.Second
	sick := errors.New("dispatcher doesn't answer")
	tests := map[string]struct {
		healthy func(ctx context.Context, at time.Duration) error
		want    int // pats in the first five minutes
	}{
		"well":           {nil, 21},
		"well but slow":  {func(context.Context, time.Duration) error { nap(usec / 8); return nil }, 20},
		"never well":     {func(context.Context, time.Duration) error { return sick }, 0},
		"answers late":   {func(context.Context, time.Duration) error { nap(usec/4 + 1); return nil }, 0},
		"waits for ever": {func(ctx context.Context, _ time.Duration) error { <-ctx.Done(); return nil }, 0},
		"sick from two minutes on": {func(_ context.Context, at time.Duration) error {
			if at >= 2*time.Minute {
				return sick
			}
			return nil
		}, 8},
		"sick for a moment": {func(_ context.Context, at time.Duration) error {
			if at == 2*time.Minute {
				return sick
			}
			return nil
		}, 20},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start, o := time.Now(), Options{}
				if tt.healthy != nil {
					o.Healthy = func(ctx context.Context) error { return tt.healthy(ctx, time.Since(start)) }
				}
				m, end := begin(t, o, usec)
				pass(5 * time.Minute)
				if got := m.pats(); len(got) != tt.want {
					t.Errorf("%d pats, want %d: %v", len(got), tt.want, got)
				}
				for i, at := range m.pats() {
					if i > 0 && at-m.pats()[i-1] > usec {
						t.Errorf("pats %v and %v are further apart than the watchdog allows", m.pats()[i-1], at)
					}
				}
				m.stop <- syscall.SIGTERM
				<-end
			})
		})
	}
}

// A check that hangs on a lock and is deaf to its context withholds the pats,
// and still doesn't keep the process from ending.
func TestWatchdogOnDeadlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		m, end := begin(t, Options{Healthy: func(context.Context) error { <-release; return nil }}, time.Minute)
		pass(10 * time.Minute)
		if got := m.pats(); got != nil {
			t.Errorf("patted at %v", got)
		}
		m.stop <- syscall.SIGTERM
		wantEnd(t, <-end, ErrStuck, 10*time.Minute+DefaultStopTimeout)
		close(release)
	})
}

// While a drain takes its time the watchdog is patted all the same.
func TestWatchdogWhileDraining(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		m, end := begin(t, Options{
			Healthy: func(context.Context) error { asked.Add(1); return nil },
			Drain:   func(ctx context.Context) error { <-ctx.Done(); return nil },
		}, 10*time.Second)
		synctest.Wait()
		m.stop <- syscall.SIGTERM
		wantEnd(t, <-end, nil, DefaultDrainTimeout)
		if got := len(m.pats()); got < 12 {
			t.Errorf("%d pats in a drain of a minute", got)
		}
	})
}
