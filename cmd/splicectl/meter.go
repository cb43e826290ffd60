package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"spliced/api"
)

// A meter shows how far a job is. Done ends what it shows, and may be called twice.
type meter interface {
	show(job api.Job)
	done()
}

// newMeter makes the one that fits stderr.
func (c *cli) newMeter() meter {
	if fd, ok := terminal(c.stderr); ok {
		return &bar{out: c.stderr, fd: fd}
	}
	return &lines{out: c.stderr, now: time.Now}
}

// LineInterval is the least time between two lines of one stage.
const lineInterval = 5 * time.Second

// Lines tell of progress where there is no terminal, such as in a journal: at
// the beginning of each stage, then seldom.
type lines struct {
	out io.Writer
	now func() time.Time

	stage string
	begun time.Time // the stage
	first int64     // what was done of it then
	last  time.Time // when a line was written
}

func (l *lines) show(job api.Job) {
	p, now := job.Progress, l.now()
	if p == nil || job.State.Ended() {
		return
	}
	if p.Stage != l.stage {
		l.stage, l.begun, l.first = p.Stage, now, p.Done
	} else if now.Sub(l.last) < lineInterval {
		return
	}
	l.last = now
	_, _ = fmt.Fprintln(l.out, progressLine(p, p.Done-l.first, now.Sub(l.begun))) // nobody may be there
}

func (*lines) done() {}

// progressLine words progress of which the newest part took that long.
func progressLine(p *api.Progress, newest int64, took time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: ", clean(p.Stage))
	switch {
	case p.Total == nil:
		b.WriteString(amount(p.Done, p.Unit))
	case p.Unit == "bytes":
		fmt.Fprintf(&b, "%s of %s", human(api.Size(p.Done)), human(api.Size(*p.Total)))
	default:
		fmt.Fprintf(&b, "%d of %s", p.Done, amount(*p.Total, p.Unit))
	}
	if p.Total != nil && *p.Total > 0 {
		fmt.Fprintf(&b, " (%d%%)", percent(p.Done, *p.Total))
	}
	if newest <= 0 || took < time.Second {
		return b.String()
	}
	rate := float64(newest) / took.Seconds()
	if p.Unit == "bytes" {
		fmt.Fprintf(&b, ", %s/s", human(api.Size(rate)))
	}
	if p.Total != nil && *p.Total >= p.Done {
		fmt.Fprintf(&b, ", %s left", span(time.Duration(float64(*p.Total-p.Done)/rate*float64(time.Second))))
	}
	return b.String()
}

// percent rounds down, so that 100 means all.
func percent(done, total int64) int64 { return int64(float64(done) / float64(total) * 100) }

func amount(n int64, unit string) string {
	if unit == "bytes" {
		return human(api.Size(n))
	}
	return fmt.Sprintf("%d %s", n, clean(unit))
}
