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
	if p == nil || job.State.Ended() {
		return
	}
	total := int64(unknownTotal)
	if p.Total != nil && *p.Total > 0 {
		total = *p.Total
	}
	if b.drawn == nil || p.Stage != b.stage {
		b.done()
		b.stage, b.total = p.Stage, total
		b.drawn = b.start(p, total)
	}
	if total != b.total {
		b.total = total
		b.drawn.ChangeMax64(total)
	}
	done := p.Done
	if total > 0 {
		done = min(done, total)
	}
	_ = b.drawn.Set64(done)
}

func (b *bar) start(p *api.Progress, total int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(b.out),
		progressbar.OptionSetDescription(clean(p.Stage)),
		progressbar.OptionShowCount(),
		progressbar.OptionShowBytes(p.Unit == "bytes"),
		progressbar.OptionUseIECUnits(true),
		progressbar.OptionShowElapsedTimeOnFinish(),
		progressbar.OptionSetWidth(b.width()),
		progressbar.OptionUseANSICodes(true),
		progressbar.OptionSpinnerType(wheel),
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
