package daemon

import (
	"context"
	"log/slog"
	"strings"
	"time"
)

// statusEvery is how often the line for "systemctl status" is brought up to
// date: often enough for who is looking, seldom enough to cost nothing.
const statusEvery = 5 * time.Second

// idleChecks is how many times in IdleExit the daemon must be found idle.
const idleChecks = 8

// keepAlive sends WATCHDOG=1 at half the watchdog's interval, as
// sd_watchdog_enabled(3) advises, for as long as the daemon is healthy.
func (p *process) keepAlive(ctx context.Context) {
	if p.watchdog <= 0 {
		return
	}
	tick := time.NewTicker(p.watchdog / 2)
	defer tick.Stop()
	for well := true; ; {
		err := p.healthy(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			p.notify("WATCHDOG=1")
		case well:
			p.Logger.Warn("requests are not answered, the watchdog will restart the daemon", slog.Any("cause", err))
		}
		well = err == nil
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// healthy asks once. An answer that comes too late is none.
func (p *process) healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, p.watchdog/4)
	defer cancel()
	if err := p.Healthy(ctx); err != nil {
		return err
	}
	return ctx.Err()
}

// observe keeps the status line current and closes idle when the daemon had
// nothing to do for long enough. It has a goroutine of its own, because Busy
// and Status take locks of others, and signals must not wait for those.
func (p *process) observe(ctx context.Context, idle chan<- struct{}) {
	status := time.NewTicker(statusEvery)
	defer status.Stop()
	var check <-chan time.Time
	if p.Activated && p.IdleExit > 0 {
		t := time.NewTicker(max(p.IdleExit/idleChecks, time.Millisecond))
		defer t.Stop()
		check = t.C
	}
	last, since := p.Status(), time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-status.C:
			last = p.refresh(last)
		case <-check:
			if p.Busy() {
				since = time.Now()
			} else if time.Since(since) >= p.IdleExit {
				close(idle)
				check = nil
			}
		}
	}
}

// refresh sends the status line if it differs from the last one.
func (p *process) refresh(last string) string {
	now := p.Status()
	if now != last {
		p.notify("STATUS=" + oneLine(now))
	}
	return now
}

// oneLine keeps a text from adding assignments of its own to a notification.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
