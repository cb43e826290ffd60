package main

import (
	"fmt"
	"io"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"spliced/api"
)

// A bar draws progress on a terminal, one bar for each stage.
type bar struct {
	out io.Writer
	fd  int // of the terminal

	drawn *progressbar.ProgressBar
	stage string
	total int64
}

// unknownTotal makes the library draw a wheel in place of a bar.
const unknownTotal = -1

// Drawing can't be helped when it fails: the terminal is gone, and the job goes on.
func (b *bar) show(job api.Job) {
	p := job.Progress
	switch {
	case p == nil:
	case b.drawn != nil && p.Stage == b.stage:
		b.move(p)
	case !job.State.Ended():
		b.done()
		b.stage, b.total = p.Stage, barTotal(p)
		b.drawn = b.start(p)
		_ = b.drawn.RenderBlank() // a rate has to wait for the second look
	}
}

func (b *bar) move(p *api.Progress) {
	if total := barTotal(p); total != b.total {
		b.total = total
		b.drawn = b.start(p) // over the one before
	}
	done := p.Done
	if b.total != unknownTotal {
		done = min(done, b.total)
	}
	_ = b.drawn.Set64(done)
}

func barTotal(p *api.Progress) int64 {
	if p.Total == nil || *p.Total <= 0 {
		return unknownTotal
	}
	return *p.Total
}

func (b *bar) start(p *api.Progress) *progressbar.ProgressBar {
	return progressbar.NewOptions64(b.total,
		progressbar.OptionSetWriter(b.out),
		progressbar.OptionSetDescription(clean(p.Stage)),
		progressbar.OptionShowCount(),
		progressbar.OptionShowTotalBytes(b.total != unknownTotal),
		progressbar.OptionShowBytes(p.Unit == "bytes"),
		progressbar.OptionUseIECUnits(true),
		progressbar.OptionShowElapsedTimeOnFinish(),
		progressbar.OptionSetWidth(b.width()),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionSpinnerType(wheel),
		progressbar.OptionSetSpinnerChangeInterval(0), // a goroutine of the library's would outlive the bar
	)
}

// wheel is the library's number for the one of - \ | /, which every font has.
const wheel = 9

// width is what the figures beside the bar leave of the terminal's line.
func (b *bar) width() int {
	const figures, least, most = 64, 10, 40
	columns, _, err := term.GetSize(b.fd)
	if err != nil {
		return least
	}
	return max(least, min(most, columns-figures))
}

// done leaves the bar as it stands, and goes on in the next line.
func (b *bar) done() {
	if b.drawn == nil {
		return
	}
	_ = b.drawn.Exit()
	b.drawn = nil
	_, _ = fmt.Fprintln(b.out)
}
