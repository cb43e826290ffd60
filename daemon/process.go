package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// process is one Run: its options and its three ways to the outside, which
// tests replace.
type process struct {
	Options
	watchdog  time.Duration // 0: none
	stop, hup <-chan os.Signal
	tell      func(state string) error
}

// errEndedByItself is the fault of a Serve that returned nil before it was told to.
var errEndedByItself = errors.New("serving ended though nobody asked it to")

// run is the life of the process: up, drain, down.
func (p *process) run(ctx context.Context) error {
	// ctx asks for a drain; the work itself has to outlive it until that is done.
	work, abort := context.WithCancel(context.WithoutCancel(ctx))
	defer abort()
	var tasks sync.WaitGroup
	served := p.serve(work, &tasks)

	why, err := p.up(ctx, work, served, &tasks)
	p.closeListeners()
	if why == "" {
		p.notify("STOPPING=1\nSTATUS=serving ended: " + oneLine(err.Error()))
		abort()
		return errors.Join(err, p.join(&tasks))
	}
	p.drain(work, why, served, &tasks)
	abort()
	return errors.Join(p.join(&tasks), served.fault())
}

// up holds the process until there is a reason to stop, which it returns, or
// until Serve ended by itself: then it returns "" and why.
func (p *process) up(ctx, work context.Context, served *serving, tasks *sync.WaitGroup) (string, error) {
	idle := make(chan struct{})
	ready := served.ready
	for {
		select {
		case <-ready:
			ready = nil
			p.notify("READY=1\nSTATUS=" + oneLine(p.Status()))
			p.Logger.Info("ready", slog.Int("sockets", len(p.Listeners)))
			tasks.Go(func() { p.keepAlive(work) })
			tasks.Go(func() { p.observe(work, idle) })
		case <-served.ended:
			return "", served.early()
		case s := <-p.stop:
			return s.String(), nil
		case <-ctx.Done():
			return "told to stop", nil
		case <-idle:
			return "idle", nil
		case <-p.hup:
			p.Logger.Info("SIGHUP is ignored, restart to read the configuration anew")
		}
	}
}

// drain lets running work finish for as long as it may.
func (p *process) drain(work context.Context, why string, served *serving, tasks *sync.WaitGroup) {
	p.notify("STOPPING=1\nSTATUS=finishing what runs")
	p.Logger.Info("stopping", slog.String("why", why), slog.Duration("drain_timeout", p.DrainTimeout))
	ctx, cancel := context.WithTimeout(work, p.DrainTimeout)
	defer cancel()
	drained := make(chan error, 1)
	tasks.Go(func() { drained <- p.Drain(ctx) })
	select {
	case err := <-drained:
		if err != nil {
			p.Logger.Warn("drain was cut short", slog.Any("cause", err))
		}
	case <-served.ended:
	case s := <-p.stop:
		p.Logger.Warn("second signal, running work is ended", slog.String("signal", s.String()))
	case <-ctx.Done():
		p.Logger.Warn("drain took too long, running work is ended", slog.Duration("drain_timeout", p.DrainTimeout))
	}
	p.notify("STATUS=ending")
}

// join waits for all goroutines, for as long as they may take.
func (p *process) join(tasks *sync.WaitGroup) error {
	all := make(chan struct{})
	go func() { tasks.Wait(); close(all) }()
	limit := time.NewTimer(p.StopTimeout)
	defer limit.Stop()
	select {
	case <-all:
		return nil
	case <-p.stop:
	case <-limit.C:
	}
	return ErrStuck
}

func (p *process) closeListeners() {
	for _, l := range p.Listeners {
		// A second close is the only fault there can be; Serve may have done the first.
		_ = l.Close()
	}
}

// notify tells the service manager. That it can't be told is no reason to end:
// the manager itself ends a process that it doesn't hear from.
func (p *process) notify(state string) {
	if err := p.tell(state); err != nil {
		p.Logger.Warn("the service manager could not be told", slog.String("state", state), slog.Any("cause", err))
	}
}

// serving is Serve on its way. err may be read when ended is closed.
type serving struct {
	ready, ended chan struct{}
	err          error
}

func (p *process) serve(ctx context.Context, tasks *sync.WaitGroup) *serving {
	s := &serving{ready: make(chan struct{}), ended: make(chan struct{})}
	once := sync.OnceFunc(func() { close(s.ready) })
	tasks.Go(func() {
		defer close(s.ended)
		s.err = p.Serve(ctx, once)
	})
	return s
}

// early is the fault of a Serve that ended by itself.
func (s *serving) early() error {
	if s.err == nil {
		return errEndedByItself
	}
	return fmt.Errorf("serve: %w", s.err)
}

// fault is what a Serve that was told to end has to say for itself.
func (s *serving) fault() error {
	select {
	case <-s.ended:
	default:
		return nil // stuck, which join has said
	}
	if s.err == nil || errors.Is(s.err, context.Canceled) {
		return nil
	}
	return fmt.Errorf("serve: %w", s.err)
}
